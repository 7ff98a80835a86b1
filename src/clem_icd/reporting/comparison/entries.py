"""What is compared: the metrics of a run, of several seeds, or of anyone's scores, and what they are of."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clem_icd.errors import RunError
from clem_icd.reporting.published import Reported
from clem_icd.runs.results import Document, RunResults, read_run

__all__ = ["Entry", "Value", "read_entry"]


@dataclass(frozen=True)
class Value:
    """A metric in percent, with what is known of its uncertainty.

    Attributes
    ----------
    text
        The value, and of two published readings both, with the digits that are shown.
    percent
        The value; of two readings the first.
    sd
        Standard deviation over seeds or runs.
    low, high
        The interval of the value, by the bootstrap.
    other
        The second of two published readings.

    """

    text: str
    percent: float
    sd: float | None = None
    low: float | None = None
    high: float | None = None
    other: float | None = None

    @classmethod
    def of_share(cls, share: float, *, sd: float | None = None, interval: Document | None = None) -> Value:
        """Make one of a share of 1."""
        bounds = (None, None) if interval is None else (100 * interval["low"], 100 * interval["high"])
        return cls(f"{100 * share:.1f}", 100 * share, None if sd is None else 100 * sd, *bounds)

    @classmethod
    def of_published(cls, reported: Reported) -> Value:
        """Make one of a published value, whose digits stay."""
        shown = reported.text.split(" ± ")[0]
        return cls(shown, reported.value, reported.sd, other=reported.other)

    @property
    def spread(self) -> str:
        """The standard deviation or the interval, as shown beside the value."""
        if self.sd is not None:
            return f"± {self.sd:.1f}"
        return "" if self.low is None or self.high is None else f"[{self.low:.1f}, {self.high:.1f}]"


@dataclass(frozen=True)
class Entry:
    """The metrics of a system on a split.

    Attributes
    ----------
    name
        What the entry is called: that of the folder or file.
    system
        What gave the scores.
    corpus, source, synthetic
        The corpus, where it came from, and whether its notes were made up.
    split, notes, labels
        What of the corpus was evaluated.
    identity
        Checksums of the notes, the labels and the codes; None for metrics of an earlier release.
    seeds
        How many seeds the values are means of; 0 for a single run.
    values
        By metric name.
    uncertainty
        What the intervals are.
    remarks
        Sentences that a reader of the values has to know.
    results
        The run, for its charts.

    """

    name: str
    system: str
    corpus: str
    source: str | None
    synthetic: bool
    split: str
    notes: int
    labels: int
    identity: Mapping[str, str] | None
    seeds: int
    values: Mapping[str, Value]
    uncertainty: str
    remarks: tuple[str, ...]
    results: RunResults

    @property
    def evaluated(self) -> Hashable:
        """What was evaluated: entries where it is equal may stand in one table.

        Without checksums it is what the corpus is called and how large it is, which is never equal to
        what has checksums.
        """
        if self.identity is None:
            return (self.corpus, self.source, self.split, self.notes, self.labels)
        # A profile may leave notes out, which the checksums do not tell.
        return (self.split, self.synthetic, self.notes, *sorted(self.identity.items()))


def read_entry(path: Path) -> Entry:
    """Read a run folder, a folder of several seeds, or a metrics file.

    Raises
    ------
    RunError
        If there is none at ``path``, it has not been evaluated, or a file is not what it should be.

    """
    run = read_run(path)
    if run.test is None:
        raise RunError(
            "has not been evaluated: it has no metrics.json",
            path=path,
            remedy="Go on with the run by `clem train --resume`",
        )
    test, corpus = run.test, run.test["corpus"]
    return Entry(
        name=run.name,
        system=str(test["system"]),
        corpus=str(corpus.get("name") or "unnamed corpus"),
        source=corpus.get("source"),
        synthetic=run.synthetic,
        split=str(test["split"]),
        notes=int(test["notes"]),
        labels=int(test["labels"]),
        identity=test.get("identity"),
        seeds=int(test["runs"]) if "spread" in test else 0,
        values=_values(test),
        uncertainty=_uncertainty(test.get("intervals")),
        remarks=_remarks(test),
        results=run,
    )


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
        f"Brackets hold {100 * intervals['level']:g} % intervals by the bootstrap over "
        f"{intervals.get('unit', 'notes')}, {intervals['resamples']:,} resamples; they say nothing of seeds."
    )


def _remarks(test: Document) -> tuple[str, ...]:
    warnings = tuple(map(str, test.get("warnings", ())))
    if test.get("threshold_source") != "given":
        return warnings
    return ("Its threshold was given by hand; where it is from is not known.", *warnings)
