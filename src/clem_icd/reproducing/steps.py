"""The steps of a reproduction, in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from clem_icd.reproducing.request import Request
from clem_icd.reproducing.resolving import ResolvedRun

__all__ = ["Step", "steps_of"]


@dataclass(frozen=True)
class Step:
    """A step.

    Attributes
    ----------
    action
        ``prepare`` a corpus, or ``train`` or ``evaluate`` a run.
    what
        The name of the corpus or the run.

    """

    action: Literal["prepare", "train", "evaluate"]
    what: str

    def __str__(self) -> str:
        return f"{self.action} {self.what}"


def steps_of(request: Request, runs: Sequence[ResolvedRun]) -> list[Step]:
    """Return the steps: all corpora first, so that what is wrong with one is noticed before any training."""
    prepared = [Step("prepare", name) for name in request.corpora()]
    made = [step for one in runs for step in (Step("train", one.name), Step("evaluate", one.name))]
    return [*prepared, *made]
