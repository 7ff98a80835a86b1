"""The results of a run, of runs with several seeds, or of a metrics file; None stands for what is missing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from clem_icd.errors import RunError
from clem_icd.evaluation.document import METRICS_FORMAT, METRICS_FORMAT_VERSION
from clem_icd.evidence.document import EVIDENCE_FORMAT, EVIDENCE_FORMAT_VERSION
from clem_icd.formats import require_format
from clem_icd.modeling.info import FILE as MODEL_INFO
from clem_icd.runs.layout import SIGNS, RunLayout
from clem_icd.runs.spread import BUCKET_VALUES, SEED_METRICS_FORMAT, SEED_METRICS_FORMAT_VERSION

__all__ = ["Document", "RunResults", "read_run"]

Document = Mapping[str, Any]
Json = TypeVar("Json", dict[str, Any], list[Any])

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
_EVIDENCE_KEYS = ("metrics", "explanation")
_REPAIR = "Restore the file, or remove it to report without it"


@dataclass(frozen=True)
class RunResults:
    """The files of a run folder, as far as they exist; an interrupted run lacks some.

    For runs with several seeds, ``seeds`` holds the runs, and ``test`` the mean of each metric in the shape
    of a single run's, with ``spread`` next to it (`clem_icd.runs.spread`).
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
    evidence: Document | None = None

    @property
    def synthetic(self) -> bool:
        """Whether the notes are synthetic; a corpus that does not say so is taken to be real."""
        evaluated = {} if self.test is None else self.test.get("corpus", {})
        return bool(self.corpus.get("synthetic") or evaluated.get("synthetic"))


def read_run(folder: Path) -> RunResults:
    """Read a run folder, a folder of runs with several seeds, or a metrics file.

    Raises
    ------
    RunError
        If ``folder`` is none of these, or one of its files is malformed.

    """
    if folder.is_file():
        return _metrics_file(folder)
    layout = RunLayout(folder)
    if not layout.is_run:
        raise RunError(
            f"not a run folder: it has none of {', '.join(SIGNS)}",
            path=folder,
            remedy="Pass a folder that `clem train` wrote",
        )
    run = _folder(layout)
    # A seed that has not got far enough to be read is left out.
    seeds = [read_run(seed.path) for seed in layout.seeds if seed.is_run]
    if not seeds:
        return run
    first = seeds[0]
    return replace(
        run, seeds=seeds, environment=first.environment, corpus=first.corpus, description=first.description
    )


def _metrics_file(path: Path) -> RunResults:
    test = _metrics(path)
    # Most are called metrics.json, so the name of their folder says more.
    name = path.resolve().parent.name if path.stem == "metrics" else path.stem
    return RunResults(name, None, None, None, test, None, {}, None, _threshold(test))


def _folder(layout: RunLayout) -> RunResults:
    test = _metrics(layout.metrics())
    return RunResults(
        name=layout.path.resolve().name,
        recipe=_text(layout.recipe),
        environment=_json(layout.environment, dict),
        history=_history(layout.history),
        test=test,
        validation=_metrics(layout.metrics("validation")),
        corpus=_json(layout.corpus, dict) or {},
        description=_json(layout.description, dict),
        threshold=_threshold(_json(layout.model / MODEL_INFO, dict), test),
        evidence=_evidence(layout.evidence_metrics),
    )


def _threshold(*documents: Document | None) -> float | None:
    """Return the single threshold of the first document that has one, whether or not a score may equal it."""
    for document in documents:
        about = document or {}
        threshold, rule = about.get("threshold"), about.get("rule")
        if isinstance(rule, dict) and rule.get("kind") == "at-least":
            threshold = rule.get("value")
        if isinstance(threshold, int | float):
            return threshold
    return None


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as problem:
        raise RunError(f"cannot be read as text ({type(problem).__name__})", path=path) from problem


def _json(path: Path, kind: type[Json]) -> Json | None:
    text = _text(path)
    if text is None:
        return None
    try:
        value = json.loads(text)
    except json.JSONDecodeError as problem:
        raise RunError(f"is not valid JSON (line {problem.lineno})", path=path, remedy=_REPAIR) from problem
    if not isinstance(value, kind):
        raise RunError(
            f"holds a JSON {type(value).__name__}, expected a {kind.__name__}", path=path, remedy=_REPAIR
        )
    return value


def _history(path: Path) -> list[dict[str, Any]] | None:
    rows = _json(path, list)
    for number, row in enumerate(rows or [], start=1):
        if not isinstance(row, dict):
            raise RunError("is not a JSON object", path=path, row=number, remedy=_REPAIR)
    return rows


def _metrics(path: Path) -> dict[str, Any] | None:
    document = _json(path, dict)
    if document is None:
        return None
    found = document.get("format"), document.get("format_version")
    if found == (SEED_METRICS_FORMAT, SEED_METRICS_FORMAT_VERSION):
        return _mean(document)
    remedy = "Evaluate the run again with this version"
    require_format(document, METRICS_FORMAT, METRICS_FORMAT_VERSION, RunError, path, remedy)
    absent = [key for key in _METRICS_KEYS if key not in document]
    if absent:
        raise RunError(f"lacks {', '.join(absent)}", path=path, remedy=_REPAIR)
    return document


def _evidence(path: Path) -> dict[str, Any] | None:
    document = _json(path, dict)
    if document is None:
        return None
    require_format(document, EVIDENCE_FORMAT, EVIDENCE_FORMAT_VERSION, RunError, path, _REPAIR)
    absent = [key for key in _EVIDENCE_KEYS if not isinstance(document.get(key), dict)]
    if absent:
        raise RunError(f"lacks {', '.join(absent)}", path=path, remedy=_REPAIR)
    return document


def _mean(document: Document) -> dict[str, Any]:
    """Return the metrics of several seeds in the shape of a single run's: means with their spread."""
    buckets = []
    for bucket in document["buckets"]:
        means = {name: bucket[name]["mean"] for name in BUCKET_VALUES if name in bucket}
        buckets.append({**bucket, **means, "spread": bucket})
    return {
        **document,
        "threshold": None,
        "threshold_source": None,
        "metrics": {name: summary["mean"] for name, summary in document["metrics"].items()},
        "spread": document["metrics"],
        "buckets": buckets,
    }
