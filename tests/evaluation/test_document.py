from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from clem_icd.evaluation.document import metrics_document
from clem_icd.evaluation.judgement import Judgement
from clem_icd.evaluation.metrics import evaluate

TARGETS = np.array([[1, 1, 0, 1], [1, 0, 0, 0]], dtype=bool)
SCORES = np.array([[0.9, 0.1, 0.9, 0.1], [0.9, 0.1, 0.1, 0.1]], dtype=np.float32)
CORPUS = {"name": "small", "source": "table", "synthetic": True, "counts": {"train": 3}}


def document(threshold: Any = 0.4, train_counts: Any = None, **more: Any) -> dict[str, Any]:
    judgement = Judgement.of(TARGETS, SCORES, threshold, train_counts=train_counts)
    return metrics_document(judgement, threshold_source="model", corpus=CORPUS, split="test", **more)


def test_the_document_describes_what_was_evaluated() -> None:
    made = document(system="linear")
    head = {key: made[key] for key in list(made)[:14]}
    assert head == {
        "format": "clem-icd/metrics",
        "format_version": 1,
        "corpus": {"name": "small", "source": "table", "synthetic": True},
        "split": "test",
        "notes": 2,
        "labels": 4,
        "label_space": {"name": "corpus", "size": 4, "description": "4 labels"},
        "profile": "all",
        "threshold": 0.4,
        "threshold_source": "model",
        "rule": {"kind": "threshold", "value": 0.4},
        "system": "linear",
        "warnings": [],
        "metrics": evaluate(TARGETS, SCORES, 0.4),
    }


def test_every_metric_has_its_definition() -> None:
    made = document(train_counts=np.array([0, 3, 9, 700]))
    assert made["definitions"].keys() == made["metrics"].keys()
    assert made["definitions"]["macro_f1_caml"]["title"] == "Macro-F1 (CAML)"


def test_buckets_need_training_counts() -> None:
    assert document()["buckets"] == []
    made = document(train_counts=np.array([0, 3, 9, 700]))
    assert [bucket["name"] for bucket in made["buckets"]] == ["0", "1_5", "6_10", "over_500"]
    assert made["buckets"][-1]["high"] is None


def test_the_curve_agrees_with_the_micro_f1_at_the_threshold() -> None:
    made = document()
    curve = made["threshold_curve"]
    place = curve["threshold"].index(made["threshold"])
    assert curve["micro_f1"][place] == pytest.approx(made["metrics"]["micro_f1"])


def test_json_round_trip_preserves_the_document() -> None:
    made = document(threshold=np.float32(0.5), train_counts=np.array([0, 3, 9, 700]))
    assert json.loads(json.dumps(made, allow_nan=False)) == made
