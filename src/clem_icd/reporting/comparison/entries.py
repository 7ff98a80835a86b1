"""The results to compare: metrics of a run, of several seeds or of another system, with their data."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from clem_icd.errors import RunError
from clem_icd.reporting.published import Reported
from clem_icd.runs.layout import RunLayout
from clem_icd.runs.results import Document, RunResults, read_run

__all__ = ["Entry", "Value", "read_entry"]


@dataclass(frozen=True)
class Value:
    """A metric in percent, with its uncertainty as far as known.

    Attributes
    ----------
    text
        The value with the digits to show; if it was read in two ways, both values.
    percent
        The value; the first if it was read in two ways.
    sd
        Standard deviation over seeds or runs.
    low, high
        The bootstrap interval of the value.
    other
        The second value if a published one was read in two ways.

    """

    text: str
    percent: float
    sd: float | None = None
    low: float | None = None
    high: float | None = None
    other: float | None = None

    @classmethod
    def of_share(cls, share: float, *, sd: float | None = None, interval: Document | None = None) -> Value:
        """Convert a share (0 to 1), its standard deviation and its interval."""
        bounds = (None, None) if interval is None else (100 * interval["low"], 100 * interval["high"])
        return cls(f"{100 * share:.1f}", 100 * share, None if sd is None else 100 * sd, *bounds)

    @classmethod
    def of_published(cls, reported: Reported) -> Value:
        """Convert a published value, keeping its digits."""
        shown = reported.text.split(" ± ")[0]
        return cls(shown, reported.value, reported.sd, other=reported.other)

    @property
    def spread(self) -> str:
        """The standard deviation or the interval, formatted to appear next to the value."""
        if self.sd is not None:
            return f"± {self.sd:.1f}"
        return "" if self.low is None or self.high is None else f"[{self.low:.1f}, {self.high:.1f}]"


@dataclass(frozen=True)
class Entry:
    """The metrics of a system on a split.

    Attributes
    ----------
    name
        The name of the folder or file.
    system
        The system that produced the scores.
    corpus, source, synthetic
        The name of the corpus, where it came from, and whether its notes are synthetic.
    split, notes, labels
        The split that was evaluated, and its numbers of notes and labels.
    label_space
        What the labels are, for readers: ``50``, or a code system of which the best codes were ranked.
    identity
        Checksums of the notes, the labels of the corpus and the codes; None for metrics written by an earlier
        release.
    seeds
        The number of seeds that the values average; 0 for a single run.
    values
        By metric name.
    uncertainty
        A sentence on what the intervals show; empty without intervals.
    remarks
        Footnotes for the values.
    results
        The run or metrics file, for its charts.

    """

    name: str
    system: str
    corpus: str
    source: str | None
    synthetic: bool
    split: str
    notes: int
    labels: int
    label_space: str
    identity: Mapping[str, str] | None
    seeds: int
    values: Mapping[str, Value]
    uncertainty: str
    remarks: tuple[str, ...]
    results: RunResults

    @property
    def evaluated(self) -> Hashable:
        """A key of the evaluated data: entries with equal keys may share a table.

        Without checksums the key consists of names and sizes, and never equals a key with checksums.
        """
        if self.identity is None:
            return (self.corpus, self.source, self.split, self.notes, self.labels)
        # A profile may leave notes out, which the checksums do not show.
        return (self.split, self.synthetic, self.notes, *sorted(self.identity.items()))


def read_entry(path: Path) -> Entry:
    """Read a run folder, a folder of several seeds, or a metrics file.

    Raises
    ------
    RunError
        If ``path`` is none of these, the run has not been evaluated, or a file is malformed.

    """
    run = read_run(path)
    if run.test is None:
        raise RunError(
            f"has not been evaluated: {RunLayout(path).metrics().name} is missing",
            path=path,
            remedy="Resume the run with `clem train --resume`",
        )
    test, corpus = run.test, run.test["corpus"]
    return Entry(
        name=run.name,
        system=_system(path, run.recipe, test),
        corpus=str(corpus.get("name") or "unnamed corpus"),
        source=corpus.get("source"),
        synthetic=run.synthetic,
        split=str(test["split"]),
        notes=int(test["notes"]),
        labels=int(test["labels"]),
        label_space=_label_space(test),
        identity=test.get("identity"),
        seeds=int(test["runs"]) if "spread" in test else 0,
        values=_values(test),
        uncertainty=_uncertainty(test.get("intervals")),
        remarks=_remarks(test),
        results=run,
    )


def _system(path: Path, text: str | None, test: Document) -> str:
    """Return the kind of the system, with the head of a neural one: several heads are often compared."""
    try:
        recipe = yaml.safe_load(text or "")
    except yaml.YAMLError as problem:
        raise RunError(
            "is not valid YAML", path=RunLayout(path).recipe, remedy="Copy the run folder again"
        ) from problem
    head = recipe.get("head") if isinstance(recipe, dict) else None
    kind = head.get("kind") if isinstance(head, dict) else None
    return str(test["system"]) if kind is None else f"{test['system']}, {kind}"


def _label_space(test: Document) -> str:
    space = test.get("label_space") or {}
    return str(space["description"]) if "top" in space else f"{test['labels']:,}"


def _values(test: Document) -> dict[str, Value]:
    spread: Mapping[str, Any] = test.get("spread", {})
    intervals: Mapping[str, Any] = (test.get("intervals") or {}).get("metrics", {})
    return {
        name: Value.of_share(share, sd=spread.get(name, {}).get("sd"), interval=intervals.get(name))
        for name, share in test["metrics"].items()
    }


def _uncertainty(intervals: Document | None) -> str:
    if intervals is None:
        return ""
    return (
        f"Brackets show {100 * intervals['level']:g} % intervals from the bootstrap over "
        f"{intervals.get('unit', 'notes')}, {intervals['resamples']:,} resamples; they do not cover "
        "variation over seeds."
    )


def _remarks(test: Document) -> tuple[str, ...]:
    warnings = tuple(map(str, test.get("warnings", ())))
    if test.get("threshold_source") != "given":
        return warnings
    return ("Its threshold was set by hand; how it was chosen is not known.", *warnings)
