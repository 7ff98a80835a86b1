"""What reduced precision was measured to change, as ``clem.json`` records it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, NonNegativeInt, PositiveFloat, PositiveInt


class PrecisionEffect(BaseModel):
    """What a precision changes, against ``fp32`` on the same notes.

    Attributes
    ----------
    largest_change
        The largest change of a probability.
    decisions_changed
        The pairs of a note and a code that the rule decides otherwise.
    metrics
        F1 by the name of its definition, at the rule of the model.
    changes
        What ``metrics`` are above those in ``fp32``.
    rechosen
        What F1 would gain if the rule were chosen again on these scores; None if it was not chosen on this
        split, or by another policy than those of `clem_icd.decisions`.
    speed
        Notes per second, over those in ``fp32``: the median over parts of the notes that were scored in turn.

    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    largest_change: FiniteFloat = Field(ge=0, le=1)
    decisions_changed: NonNegativeInt
    metrics: dict[str, FiniteFloat]
    changes: dict[str, FiniteFloat]
    rechosen: dict[str, FiniteFloat] | None = None
    speed: PositiveFloat

    @property
    def largest_change_of_f1(self) -> float:
        """The largest change of any F1, upwards or downwards."""
        return max((abs(change) for change in self.changes.values()), default=0.0)


class PrecisionRecord(BaseModel):
    """What was measured on one kind of hardware.

    Attributes
    ----------
    hardware
        The kind of hardware that it holds for (`hardware`).
    processor, threads
        What it was measured on.
    corpus, corpus_fingerprint, split, notes
        The notes that were scored.
    rule
        The decision rule of the model, as JSON.
    metrics
        F1 in ``fp32``, by the name of its definition.
    effects
        By reduced precision.

    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    hardware: str
    processor: str
    threads: PositiveInt
    corpus: str
    corpus_fingerprint: str
    split: str
    notes: PositiveInt
    rule: dict[str, Any]
    metrics: dict[str, FiniteFloat]
    effects: dict[str, PrecisionEffect]
