from __future__ import annotations

import pytest

from clem_icd.evaluation import headlines
from clem_icd.evaluation.definitions import DEFINITIONS


@pytest.mark.parametrize("name", headlines.__all__)
def test_headlines_are_defined_metrics(name: str) -> None:
    metrics = getattr(headlines, name)
    assert len(set(metrics)) == len(metrics)
    assert set(metrics) <= DEFINITIONS.keys()


@pytest.mark.parametrize("name", sorted({*headlines.__all__} - {"KEY_METRICS"}))
def test_tables_of_headlines_include_every_macro_f1(name: str) -> None:
    metrics = getattr(headlines, name)
    assert {"macro_f1_all_labels", "macro_f1_split_labels", "macro_f1_caml"} < set(metrics)


def test_policies_are_compared_by_metrics_of_decisions_only() -> None:
    ranked = {
        name for name in DEFINITIONS if "_at_" in name or name.startswith(("map", "r_precision", "roc"))
    }
    assert not ranked & set(headlines.POLICY_METRICS)
