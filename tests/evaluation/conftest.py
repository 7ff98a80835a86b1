"""Random matrices, and run folders such as a training leaves behind."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from clem_icd.evaluation.document import metrics_document

Matrices = Callable[..., tuple[NDArray[np.bool_], NDArray[np.float32]]]
MakeRun = Callable[..., Path]


@pytest.fixture(scope="session")
def matrices() -> Matrices:
    """Draw targets and tie-free scores [notes, labels], a fifth of the notes and labels being empty."""

    def draw(seed: int, notes: int = 30, labels: int = 40) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
        random = np.random.default_rng(seed)
        targets = random.random((notes, labels)) < 0.15
        targets[random.random(notes) < 0.2] = False
        targets[:, random.random(labels) < 0.2] = False
        ranks = random.permutation(notes * labels).reshape(notes, labels)
        return targets, ((ranks + 1) / (notes * labels + 1)).astype(np.float32)

    return draw


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    """Make a run folder; a keyword replaces a file's content, and None leaves the file out."""

    def make(name: str = "clem", *, seed: int = 0, synthetic: bool = True, **files: Any) -> Path:
        folder = tmp_path / name
        content = _files(seed, synthetic) | {key.replace("__", "/"): value for key, value in files.items()}
        for stem, value in content.items():
            if value is None:
                continue
            path = folder / (stem if "." in stem else f"{stem}.json")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
        return folder

    return make


def _files(seed: int, synthetic: bool) -> dict[str, Any]:
    corpus = {"name": "small-hospital", "source": "synthetic", "synthetic": synthetic}
    return {
        "recipe.yaml": "model:\n  encoder: tiny\ntraining:\n  learning_rate: 1.0e-05\n",
        "environment": {"python": "3.11.9", "cores": 2, "device": "cpu", "deterministic": True},
        "corpus": corpus | {"options": {}, "counts": {"train": 200, "validation": 40, "test": 60}},
        "history": _history(),
        "metrics": _metrics(corpus, "test", seed, notes=60),
        "metrics-validation": _metrics(corpus, "validation", seed + 1, notes=40),
        "description": _description(seed),
        "model/clem": {"threshold": 0.31},
    }


def _metrics(corpus: dict[str, Any], split: str, seed: int, *, notes: int) -> dict[str, Any]:
    random = np.random.default_rng(seed)
    frequency = 1 / np.arange(2, 302)
    targets = random.random((notes, 300)) < frequency
    scores = np.clip(frequency + 0.35 * targets + random.normal(0, 0.1, targets.shape), 0, 1)
    return metrics_document(
        targets,
        scores,
        threshold=0.36,
        threshold_source="model",
        corpus=corpus,
        split=split,
        train_counts=np.maximum(0, 1800 * frequency - 8).astype(int),
    )


def _history() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for step in range(1, 61):
        epoch = step / 6
        rows.append({"epoch": epoch, "step": step, "loss": 0.6 * np.exp(-epoch / 3) + 0.02, "grad_norm": 1.0})
        if step % 6 == 0:
            f1 = 0.5 * (1 - np.exp(-epoch / 4))
            evaluation = {"eval_loss": 0.55 * np.exp(-epoch / 3) + 0.03, "eval_micro_f1": f1}
            rows.append(
                {
                    "epoch": epoch,
                    "step": step,
                    **evaluation,
                    "eval_macro_f1_all_labels": f1 / 3,
                    "eval_map": f1,
                }
            )
    return rows


def _description(seed: int) -> dict[str, Any]:
    random = np.random.default_rng(seed)
    splits, histogram, edges = {}, {}, np.arange(0, 4001, 200)
    for name, notes in (("train", 200), ("validation", 40), ("test", 60)):
        words, codes = random.lognormal(7, 0.5, notes).astype(int), random.poisson(12, notes)
        splits[name] = {
            "notes": notes,
            "subjects": notes - 5,
            "admissions": notes,
            "notes_without_codes": int((codes == 0).sum()),
            "codes_per_note": _spread(codes),
            "words_per_note": _spread(words),
            "tokens_per_note": _spread(2 * words),
            "beyond_tokens": {
                str(length): float((2 * words > length).mean()) for length in (512, 4096, 8192)
            },
        }
        histogram[name] = np.histogram(words, edges)[0].tolist()
    return {
        "splits": splits,
        "tokenizer": "the tiny encoder",
        "labels": 300,
        "label_counts": sorted((int(1800 / rank - 8) for rank in range(2, 302)), reverse=True)[:220]
        + [0] * 80,
        "word_histogram": {"edges": edges.tolist(), "counts": histogram},
    }


def _spread(values: NDArray[Any]) -> dict[str, float]:
    points = {f"p{point}": float(np.percentile(values, point)) for point in (5, 25, 50, 75, 95)}
    return {"mean": float(values.mean()), **points, "max": int(values.max())}
