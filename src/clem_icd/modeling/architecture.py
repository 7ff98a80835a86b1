"""An architecture: the choices that define a neural system."""

from __future__ import annotations

from typing import Any, Self

from pydantic import SerializeAsAny, field_validator, model_validator

from clem_icd.fields import Choices, Fields
from clem_icd.modeling.adapters import ADAPTERS, Adapter
from clem_icd.modeling.encoders import ENCODERS, Encoder
from clem_icd.modeling.heads import HEADS, Head, PooledHead
from clem_icd.modeling.losses import LOSSES, BinaryCrossEntropy, Loss
from clem_icd.modeling.readings import READINGS, Reading, WholeReading

GROUPS: dict[str, Choices[Any]] = {
    choices.group: choices for choices in (ENCODERS, READINGS, HEADS, LOSSES, ADAPTERS)
}
"""The registered kinds of each choice, by key."""


class Architecture(Fields):
    """The choices that define a neural system, as stored in a recipe and in ``clem.json``.

    Attributes
    ----------
    encoder
        Where the encoder comes from.
    reading
        How a note is passed to the encoder.
    head
        How the encoder's vectors become scores.
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
        """Parse mappings and short forms into choices."""
        if not isinstance(fields, dict):
            return fields
        return {**fields, **{name: choices.parse(fields.get(name)) for name, choices in GROUPS.items()}}

    @field_validator("encoder", mode="before")
    @classmethod
    def _require_encoder(cls, encoder: Any) -> Any:
        if encoder is None:
            raise ValueError(f"encoder is missing, expected a name or one of {', '.join(ENCODERS.kinds)}")
        return encoder

    @model_validator(mode="after")
    def _require_compatible_choices(self) -> Self:
        self.head.require_reading(self.reading)
        return self
