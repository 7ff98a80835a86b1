"""The metrics of one system trained with several seeds, as one document: mean and standard deviation."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from clem_icd.errors import InputError
from clem_icd.evaluation.document import METRICS_FORMAT, METRICS_FORMAT_VERSION

__all__ = ["SEED_METRICS_FORMAT", "SEED_METRICS_FORMAT_VERSION", "spread"]

SEED_METRICS_FORMAT = "clem-icd/seed-metrics"
SEED_METRICS_FORMAT_VERSION = 1

Document = Mapping[str, Any]

_SAME = ("format", "format_version", "system", "corpus", "split", "notes", "labels", "profile", "identity")
"""What must be equal for a mean to make sense; earlier releases wrote neither profile nor identity."""

_BUCKET = ("name", "low", "high", "labels", "positives")
BUCKET_VALUES = ("micro_precision", "micro_recall", "micro_f1", "macro_f1", "recall_at_10", "recall_at_50")
"""Earlier releases wrote only the two F1s."""


def spread(documents: Sequence[Document], seeds: Sequence[int] | None = None) -> dict[str, Any]:
    """Summarise the metrics of runs that differ only in their seed.

    Parameters
    ----------
    documents
        The result of `metrics_document` for each run.
    seeds
        The seed of each run; 0, 1, 2 … if not given.

    Returns
    -------
        A JSON object. Standard deviations are those of a sample (divided by the number of runs minus one),
        and null for a single run.

    Raises
    ------
    InputError
        If there are no documents, or they differ in notes, labels or system.

    """
    if not documents:
        raise InputError("there are no metrics to summarise", remedy="Pass those of at least one run")
    seeds = list(range(len(documents))) if seeds is None else list(seeds)
    first = documents[0]
    for document, seed in zip(documents, seeds, strict=True):
        _require_same(first, document, seed)
    return {
        "format": SEED_METRICS_FORMAT,
        "format_version": SEED_METRICS_FORMAT_VERSION,
        **{key: first[key] for key in (*_SAME[2:], "label_space") if key in first},
        "runs": len(documents),
        "seeds": seeds,
        "warnings": list(dict.fromkeys(line for each in documents for line in each.get("warnings", ()))),
        "metrics": {
            name: _summary([document["metrics"][name] for document in documents]) for name in first["metrics"]
        },
        "buckets": _buckets(documents),
        "definitions": first["definitions"],
    }


def _summary(values: Sequence[float]) -> dict[str, Any]:
    deviation = statistics.stdev(values) if len(values) > 1 else None
    return {"mean": statistics.fmean(values), "sd": deviation, "values": list(values)}


def _buckets(documents: Sequence[Document]) -> list[dict[str, Any]]:
    """Summarise the label-frequency buckets, which hold the same labels in every run."""
    return [
        {key: same[0][key] for key in _BUCKET}
        | {
            name: _summary([bucket[name] for bucket in same])
            for name in BUCKET_VALUES
            if all(name in bucket for bucket in same)
        }
        for same in zip(*(document["buckets"] for document in documents), strict=True)
    ]


def _require_same(first: Document, document: Document, seed: int) -> None:
    found = document.get("format"), document.get("format_version")
    if found != (METRICS_FORMAT, METRICS_FORMAT_VERSION):
        raise InputError(
            f"the metrics of seed {seed} have format {found[0]!r} version {found[1]!r}, "
            f"expected {METRICS_FORMAT!r} version {METRICS_FORMAT_VERSION}",
            remedy="Evaluate that run again with this version",
        )
    different = [key for key in _SAME if first.get(key) != document.get(key)]
    if first["metrics"].keys() != document["metrics"].keys():
        different.append("metric names")
    if [_span(bucket) for bucket in first["buckets"]] != [_span(bucket) for bucket in document["buckets"]]:
        different.append("buckets")
    if different:
        raise InputError(
            f"the metrics of seed {seed} do not match those of the first run: "
            f"{_difference(different[0], first, document)}",
            remedy="Evaluate all runs on the same corpus with the same version",
        )


def _span(bucket: Document) -> list[Any]:
    return [bucket[key] for key in _BUCKET]


def _difference(key: str, first: Document, document: Document) -> str:
    """Name the first difference, with both values where they are short."""
    one, other = first.get(key), document.get(key)
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        inner = next(name for name in [*one, *other] if one.get(name) != other.get(name))
        return f"{key}.{inner} differs"
    if isinstance(one, str | int | None) and isinstance(other, str | int | None) and one != other:
        return f"{key} is {other!r}, expected {one!r}"
    return f"{key} differ"
