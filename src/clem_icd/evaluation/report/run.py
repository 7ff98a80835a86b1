"""A run folder as the report sees it: every file that is there, and None for every file that is not."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from clem_icd.errors import RunError
from clem_icd.evaluation.document import METRICS_FORMAT, METRICS_FORMAT_VERSION

__all__ = ["Document", "RunResults", "read_run"]

Document = Mapping[str, Any]
Json = TypeVar("Json", dict[str, Any], list[Any])

_SIGNS = ("recipe.yaml", "history.json", "metrics.json")
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
_REPAIR = "Remove the file to report without it, or restore it"


@dataclass(frozen=True)
class RunResults:
    """What a run left on the disk; an interrupted run lacks some of it."""

    name: str
    recipe: str | None
    environment: Document | None
    history: Sequence[Document] | None
    test: Document | None
    validation: Document | None
    corpus: Document
    description: Document | None
    threshold: float | None

    @property
    def synthetic(self) -> bool:
        """Whether the notes were made up; a corpus that does not say so is taken for real."""
        evaluated = {} if self.test is None else self.test.get("corpus", {})
        return bool(self.corpus.get("synthetic") or evaluated.get("synthetic"))


def read_run(folder: Path) -> RunResults:
    """Read a run folder.

    Raises
    ------
    RunError
        If there is no run in ``folder``, or one of its files is not what it should be.

    """
    if not any((folder / sign).is_file() for sign in _SIGNS):
        raise RunError(
            f"is no run folder: it holds none of {', '.join(_SIGNS)}",
            path=folder,
            remedy="Name the folder that a training wrote its results to",
        )
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
