"""Metrics files like those of an evaluation, for any corpus that a test names."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clem_icd.evaluation import Judgement, metrics_document
from clem_icd.reporting.comparison import Entry, read_entry
from clem_icd.runs import spread

MakeEntry = Callable[..., Entry]
MakeDocument = Callable[..., dict[str, Any]]


@pytest.fixture
def document() -> MakeDocument:
    """Make a metrics document; keywords replace its keys, and None removes one."""

    def make(
        source: str = "mimic3-full", *, seed: int = 0, synthetic: bool = False, **keys: Any
    ) -> dict[str, Any]:
        random = np.random.default_rng(seed)
        targets = np.random.default_rng(0).random((20, 8)) < 0.3
        scores = np.clip(0.4 * targets + 0.6 * random.random(targets.shape), 0, 1)
        found = metrics_document(
            Judgement.of(targets, scores, 0.5, train_counts=np.arange(8)),
            threshold_source="model",
            corpus={"name": source, "source": source, "synthetic": synthetic},
            split="test",
            system="neural",
            identity={"notes": "a" * 64, "labels": "b" * 64, "codes": "c" * 64},
            resamples=20,
        )
        return {key: value for key, value in (found | keys).items() if value is not None}

    return make


@pytest.fixture
def entry(document: MakeDocument, tmp_path: Path) -> MakeEntry:
    """Make an entry, read from a metrics file."""

    def make(name: str = "mine", source: str = "mimic3-full", **keys: Any) -> Entry:
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(document(source, **keys)), encoding="utf-8")
        return read_entry(path)

    return make


@pytest.fixture
def seeds(document: MakeDocument, tmp_path: Path) -> Entry:
    """Return three seeds of one system as one entry."""
    path = tmp_path / "three-seeds.json"
    found = spread([document(seed=seed) for seed in range(3)])
    path.write_text(json.dumps(found), encoding="utf-8")
    return read_entry(path)
