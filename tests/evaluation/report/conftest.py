"""Folders of runs with several seeds, such as a training leaves behind."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clem_icd.evaluation import spread

MakeRun = Callable[..., Path]
MakeSeeds = Callable[..., Path]


@pytest.fixture
def make_seeds(make_run: MakeRun) -> MakeSeeds:
    """Make a folder of runs whose history and metrics differ; the last seed stops an epoch early."""

    def make(name: str = "seeds", runs: int = 3) -> Path:
        places = [make_run(f"{name}/seed-{seed}") for seed in range(runs)]
        for seed, place in enumerate(places):
            history = [
                {**row, "loss": row["loss"] + 0.01 * seed}
                for row in read(place / "history.json")
                if "loss" in row
            ]
            write(place / "history.json", history[:-6] if seed == runs - 1 else history)
            for file in ("metrics", "metrics-validation"):
                write(place / f"{file}.json", _a_little_worse(read(place / f"{file}.json"), seed))
        folder = places[0].parent
        for file in ("metrics", "metrics-validation"):
            summary = spread([read(place / f"{file}.json") for place in places])
            write(folder / f"{file}.json", summary | {"best_on_validation": {"run": "seed-1"}})
        write(folder / "seeds.json", {"seeds": list(range(runs))})
        (folder / "recipe.yaml").write_text(f"seeds: {runs}\n")
        return folder

    return make


def _a_little_worse(document: dict[str, Any], seed: int) -> dict[str, Any]:
    worse = {name: value * (1 - 0.1 * seed) for name, value in document["metrics"].items()}
    buckets = [
        bucket | {name: bucket[name] * (1 - 0.1 * seed) for name in ("micro_f1", "macro_f1")}
        for bucket in document["buckets"]
    ]
    return document | {"metrics": worse, "buckets": buckets}


def write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value))


def read(path: Path) -> Any:
    return json.loads(path.read_text())
