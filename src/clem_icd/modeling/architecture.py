"""An architecture: the choices that make a neural system."""

from __future__ import annotations

from typing import Any, Self

from pydantic import SerializeAsAny, ValidationError, field_validator, model_validator

from clem_icd.fields import Choices, Fields
from clem_icd.modeling.adapters import ADAPTERS, Adapter
from clem_icd.modeling.encoders import ENCODERS, Encoder
from clem_icd.modeling.heads import HEADS, Head, PooledHead
from clem_icd.modeling.losses import LOSSES, BinaryCrossEntropy, Loss
from clem_icd.modeling.readings import READINGS, Reading, WholeReading

GROUPS: dict[str, Choices[Any]] = {
    choices.group: choices for choices in (ENCODERS, READINGS, HEADS, LOSSES, ADAPTERS)
}
"""The registered kinds of each choice, by its key."""


class Architecture(Fields):
    """What reads a note and scores every label, as a recipe and ``clem.json`` hold it.

    Attributes
    ----------
    encoder
        Where the encoder comes from.
    reading
        How the encoder gets a note.
    head
        What turns its vectors into scores.
    loss
        What training minimises.
    adapter
        Which weights training changes; None for all.

    """

    encoder: SerializeAsAny[Encoder]
    reading: SerializeAsAny[Reading] = WholeReading()
    head: SerializeAsAny[Head] = PooledHead()
    loss: SerializeAsAny[Loss] = BinaryCrossEntropy()
    adapter: SerializeAsAny[Adapter] | None = None

    @model_validator(mode="before")
    @classmethod
    def _parse_choices(cls, fields: Any) -> Any:
        """Turn mappings and short forms into choices, each of its own kind."""
        if not isinstance(fields, dict):
            return fields
        return {**fields, **{name: choices.parse(fields.get(name)) for name, choices in GROUPS.items()}}

    @field_validator("encoder", mode="before")
    @classmethod
    def _an_encoder_is_named(cls, encoder: Any) -> Any:
        if encoder is None:
            raise ValueError(f"no encoder is named; it is {', '.join(ENCODERS.kinds)}, or a name")
        return encoder

    @model_validator(mode="after")
    def _choices_fit_each_other(self) -> Self:
        self.head.require_reading(self.reading)
        return self

    @classmethod
    def group_problem(cls, fields: dict[str, Any]) -> tuple[str, ValidationError] | None:
        """Return the first choice with a field that does not fit, and what pydantic says of it."""
        for name, choices in GROUPS.items():
            try:
                choices.parse(fields.get(name))
            except ValidationError as problem:
                return name, problem
        return None
