from __future__ import annotations

import json
import statistics
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from clem_icd.errors import InputError
from clem_icd.evaluation import Judgement, metrics_document
from clem_icd.runs import spread

Matrices = Callable[..., tuple[NDArray[np.bool_], NDArray[np.float32]]]
CORPUS = {"name": "little", "source": "test", "synthetic": True}


@pytest.fixture
def documents(matrices: Matrices) -> list[dict[str, Any]]:
    """The metrics of three systems on the same notes."""
    targets, _ = matrices(0)
    return [
        metrics_document(
            Judgement.of(targets, matrices(seed)[1], 0.5, train_counts=np.arange(targets.shape[1]) * 7),
            threshold_source="model",
            corpus=CORPUS,
            split="test",
            identity={"notes": "a", "labels": "b", "codes": "c"},
        )
        for seed in (1, 2, 3)
    ]


def test_each_metric_has_mean_deviation_and_values(documents: list[dict[str, Any]]) -> None:
    summary = spread(documents, [7, 8, 9])
    for name, metric in summary["metrics"].items():
        values = [document["metrics"][name] for document in documents]
        assert metric["values"] == values
        assert metric["mean"] == pytest.approx(statistics.fmean(values))
        # A sample: divided by runs less one.
        assert metric["sd"] == pytest.approx(float(np.std(values, ddof=1)))
    assert summary["metrics"].keys() == documents[0]["metrics"].keys()
    assert any(metric["sd"] > 0 for metric in summary["metrics"].values())
    assert (summary["runs"], summary["seeds"]) == (3, [7, 8, 9])


def test_a_summary_keeps_what_its_documents_share(documents: list[dict[str, Any]]) -> None:
    summary = spread(documents)
    same = ("corpus", "split", "notes", "labels", "system", "profile", "identity", "definitions")
    assert {key: summary[key] for key in same} == {key: documents[0][key] for key in same}
    assert (summary["format"], summary["format_version"]) == ("clem-icd/seed-metrics", 1)
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary


def test_buckets_are_summarised_too(documents: list[dict[str, Any]]) -> None:
    for place, bucket in enumerate(spread(documents)["buckets"]):
        own = [document["buckets"][place] for document in documents]
        assert bucket["labels"] == own[0]["labels"]
        assert bucket["macro_f1"]["values"] == [each["macro_f1"] for each in own]


def test_one_run_has_no_deviation(documents: list[dict[str, Any]]) -> None:
    metric = spread(documents[:1])["metrics"]["map"]
    assert metric == {"mean": documents[0]["metrics"]["map"], "sd": None, "values": [metric["mean"]]}


def test_repeated_warnings_appear_once(documents: list[dict[str, Any]]) -> None:
    documents[0]["warnings"], documents[2]["warnings"] = ["one"], ["one", "two"]
    assert spread(documents)["warnings"] == ["one", "two"]


def test_metrics_of_an_earlier_release_can_be_summarised(documents: list[dict[str, Any]]) -> None:
    for document in documents:
        for key in ("identity", "profile", "warnings"):
            del document[key]
    summary = spread(documents)
    assert summary["runs"] == 3
    assert "identity" not in summary


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"split": "validation"}, r"split is 'validation', expected 'test'"),
        ({"labels": 50}, r"labels is 50, expected 40"),
        ({"system": "other"}, r"system is 'other'"),
        ({"profile": "caml"}, r"profile is 'caml', expected 'all'"),
        ({"corpus": CORPUS | {"name": "other"}}, r"corpus\.name differs"),
        ({"identity": {"notes": "a", "labels": "b", "codes": "z"}}, r"identity\.codes differs"),
        ({"metrics": {}}, "metric names differ"),
        ({"buckets": []}, "buckets differ"),
        ({"format": "clem-icd/scores"}, r"have format 'clem-icd/scores' version 1"),
    ],
)
def test_the_first_difference_is_named(documents: list[dict[str, Any]], change: Any, message: str) -> None:
    documents[1].update(change)
    with pytest.raises(InputError, match=f"metrics of seed 5 .*{message}"):
        spread(documents, [4, 5, 6])


def test_at_least_one_document_is_needed() -> None:
    with pytest.raises(InputError, match="no metrics"):
        spread([])
