"""The passes of a measurement: each system over each workload, with the time that it is expected to take."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clem_icd.errors import ModelError
from clem_icd.progress import Observer, minutes
from clem_icd.speed.contender import Contender, Here, Scorer
from clem_icd.speed.settings import Settings
from clem_icd.speed.workloads import Workload

_LEAST_SECONDS = 1.0
_MOST_TIMES = 20


@dataclass(frozen=True, slots=True)
class Pass:
    """One system over one workload.

    Attributes
    ----------
    workload, contender
        What is read, and by what.
    texts
        The notes.
    expected
        Seconds that reading the notes once is expected to take.

    """

    workload: Workload
    contender: Contender
    texts: Sequence[str]
    expected: float

    @property
    def times(self) -> int:
        """How often the notes are read in one timed pass: short work is timed over a second."""
        return max(1, min(_MOST_TIMES, round(_LEAST_SECONDS / self.expected)))


@dataclass(frozen=True, slots=True)
class Skipped:
    """What is not measured, and why.

    Attributes
    ----------
    system
        The key of the contender.
    workload
        The name of the workload; None for all.
    reason
        Why, as a phrase.

    """

    system: str
    workload: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be measured.

    Attributes
    ----------
    scorers
        The open systems, by their keys.
    passes
        In the order in which they are measured.
    skipped
        What is left out.
    seconds
        How long all passes are expected to take.

    """

    scorers: dict[str, Scorer]
    passes: list[Pass]
    skipped: list[Skipped]
    seconds: float

    @property
    def contenders(self) -> list[Contender]:
        """The systems that are measured, in order."""
        return list({one.contender.key: one.contender for one in self.passes}.values())


def plan_passes(
    contenders: Sequence[Contender],
    texts: Mapping[Workload, Sequence[str]],
    settings: Settings,
    observer: Observer,
) -> Plan:
    """Open the systems, let each read the first workload, and expect of the others as much time as work.

    Raises
    ------
    ModelError
        If the model cannot be opened in any of the precisions.

    """
    scorers, skipped, problems = {}, [], []
    observer.begin("Opening", len(contenders))
    for one in contenders:
        try:
            scorers[one.key] = one.open()
        except ModelError as problem:
            skipped.append(Skipped(one.key, None, problem.found))
            problems.append(problem)
        observer.advance()
    if not any(isinstance(one, Here) and one.key in scorers for one in contenders):
        raise problems[0]
    opened = [one for one in contenders if one.key in scorers]
    first = next(iter(texts))
    speeds = {
        one.key: one.computed(first.lengths) / _seconds(scorers[one.key], texts[first]) for one in opened
    }
    passes = []
    for workload, notes in texts.items():
        for one in opened:
            expected = one.computed(workload.lengths) / speeds[one.key]
            reason = one.refused(max(workload.lengths)) or _too_long(one, expected, settings)
            if reason is None:
                passes.append(Pass(workload, one, notes, expected))
            else:
                skipped.append(Skipped(one.key, workload.name, reason))
    seconds = sum(one.expected * (settings.repeats * one.times + settings.memory) for one in passes)
    return Plan(scorers, passes, skipped, seconds)


def _seconds(scorer: Scorer, texts: Sequence[str]) -> float:
    """Return the seconds of a pass, after a first note."""
    scorer(texts[:1])
    begin = time.perf_counter()
    scorer(texts)
    return time.perf_counter() - begin


def _too_long(one: Contender, expected: float, settings: Settings) -> str | None:
    if isinstance(one, Here) or expected <= settings.longest_pass:
        return None
    return (
        f"one pass is expected to take {minutes(expected)}, longer than the {settings.longest_pass:g} s "
        "allowed for it"
    )
