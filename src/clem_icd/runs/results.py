"""What a report is of: a run, runs with several seeds, or a metrics file; None is for what is not there."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from clem_icd.errors import RunError
from clem_icd.evaluation.document import METRICS_FORMAT, METRICS_FORMAT_VERSION
from clem_icd.runs.spread import SEED_METRICS_FORMAT, SEED_METRICS_FORMAT_VERSION

__all__ = ["Document", "RunResults", "read_run"]

Document = Mapping[str, Any]
Json = TypeVar("Json", dict[str, Any], list[Any])

_SIGNS = ("recipe.yaml", "history.json", "metrics.json", "seeds.json")
"""A folder with none of these is no run."""

_METRICS_KEYS = (
    "corpus",
    "split",
    "notes",
    "labels",
    "threshold",
    "threshold_source",
    "system",
    "metrics",
    "buckets",
)
_BUCKET_VALUES = ("micro_f1", "macro_f1")
_REPAIR = "Remove the file to report without it, or restore it"


@dataclass(frozen=True)
class RunResults:
    """What a run left on the disk; an interrupted run lacks some of it.

    Runs with several seeds are one of these too: its ``seeds`` are the runs, its ``test`` holds the mean of
    each metric as if it were of one run, and ``spread`` beside it (`clem_icd.runs.spread`).
    """

    name: str
    recipe: str | None
    environment: Document | None
    history: Sequence[Document] | None
    test: Document | None
    validation: Document | None
    corpus: Document
    description: Document | None
    threshold: float | None
    seeds: Sequence[RunResults] = ()

    @property
    def synthetic(self) -> bool:
        """Whether the notes were made up; a corpus that does not say so is taken for real."""
        evaluated = {} if self.test is None else self.test.get("corpus", {})
        return bool(self.corpus.get("synthetic") or evaluated.get("synthetic"))


def read_run(folder: Path) -> RunResults:
    """Read a run folder, a folder of runs with several seeds, or a metrics file.

    Raises
    ------
    RunError
        If there is none at ``folder``, or one of its files is not what it should be.

    """
    if folder.is_file():
        return _metrics_file(folder)
    if not any((folder / sign).is_file() for sign in _SIGNS):
        raise RunError(
            f"is no run folder: it holds none of {', '.join(_SIGNS)}",
            path=folder,
            remedy="Name the folder that a training wrote its results to",
        )
    run = _folder(folder)
    seeds = [read_run(place) for place in _seed_folders(folder)]
    if not seeds:
        return run
    first = seeds[0]
    return replace(
        run, seeds=seeds, environment=first.environment, corpus=first.corpus, description=first.description
    )


def _metrics_file(path: Path) -> RunResults:
    test = _metrics(path)
    # Most are called metrics.json, and tell more by their folder.
    name = path.resolve().parent.name if path.stem == "metrics" else path.stem
    return RunResults(name, None, None, None, test, None, {}, None, _threshold(test))


def _seed_folders(folder: Path) -> list[Path]:
    """Return the runs of a folder with several seeds that have got far enough to be read."""
    found = [place for place in folder.glob("seed-*") if any((place / sign).is_file() for sign in _SIGNS)]
    return sorted(found, key=lambda place: (len(place.name), place.name))


def _folder(folder: Path) -> RunResults:
    test = _metrics(folder / "metrics.json")
    return RunResults(
        name=folder.resolve().name,
        recipe=_text(folder / "recipe.yaml"),
        environment=_json(folder / "environment.json", dict),
        history=_history(folder / "history.json"),
        test=test,
        validation=_metrics(folder / "metrics-validation.json"),
        corpus=_json(folder / "corpus.json", dict) or {},
        description=_json(folder / "description.json", dict),
        threshold=_threshold(_json(folder / "model" / "clem.json", dict), test),
    )


def _threshold(*documents: Document | None) -> float | None:
    """Take the single threshold of the first document that has one."""
    for document in documents:
        threshold = (document or {}).get("threshold")
        if isinstance(threshold, int | float):
            return threshold
    return None


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as problem:
        raise RunError(f"is not readable as text ({type(problem).__name__})", path=path) from problem


def _json(path: Path, kind: type[Json]) -> Json | None:
    text = _text(path)
    if text is None:
        return None
    try:
        value = json.loads(text)
    except json.JSONDecodeError as problem:
        raise RunError(f"is not json (line {problem.lineno})", path=path, remedy=_REPAIR) from problem
    if not isinstance(value, kind):
        raise RunError(
            f"holds a json {type(value).__name__}, expected a {kind.__name__}", path=path, remedy=_REPAIR
        )
    return value


def _history(path: Path) -> list[dict[str, Any]] | None:
    rows = _json(path, list)
    for number, row in enumerate(rows or [], start=1):
        if not isinstance(row, dict):
            raise RunError("is not a json object", path=path, row=number, remedy=_REPAIR)
    return rows


def _metrics(path: Path) -> dict[str, Any] | None:
    document = _json(path, dict)
    if document is None:
        return None
    found = document.get("format"), document.get("format_version")
    if found == (SEED_METRICS_FORMAT, SEED_METRICS_FORMAT_VERSION):
        return _mean(document)
    if found != (METRICS_FORMAT, METRICS_FORMAT_VERSION):
        raise RunError(
            f"has format {found[0]!r} version {found[1]!r}, "
            f"expected {METRICS_FORMAT!r} version {METRICS_FORMAT_VERSION}",
            path=path,
            remedy="Evaluate the run again with this version",
        )
    absent = [key for key in _METRICS_KEYS if key not in document]
    if absent:
        raise RunError(f"lacks {', '.join(absent)}", path=path, remedy=_REPAIR)
    return document


def _mean(document: Document) -> dict[str, Any]:
    """Return metrics of several seeds in the shape of those of one run: each the mean, beside its spread."""
    buckets = [
        {**bucket, **{name: bucket[name]["mean"] for name in _BUCKET_VALUES}, "spread": bucket}
        for bucket in document["buckets"]
    ]
    return {
        **document,
        "threshold": None,
        "threshold_source": None,
        "metrics": {name: summary["mean"] for name, summary in document["metrics"].items()},
        "spread": document["metrics"],
        "buckets": buckets,
    }
