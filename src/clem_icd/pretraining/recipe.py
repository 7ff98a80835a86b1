"""Pretraining recipes: how an encoder is pretrained, validated field by field."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Self

from pydantic import Field, SerializeAsAny, field_validator, model_validator

from clem_icd.fields import Fields
from clem_icd.modeling.encoders import ENCODERS, Encoder, PretrainedEncoder, SmallEncoder
from clem_icd.runs.settings import RecipeReader

POSITIONS = 8192
_TASKS = "names, inserted or notes"


class CodesFields(Fields):
    """What the encoder learns about codes in addition to masked tokens; nothing by default."""

    names: int = Field(default=0, ge=0)
    inserted: int = Field(default=0, ge=0)
    notes: int = Field(default=0, ge=0)
    note_tokens: int = Field(default=512, ge=16)
    weight: float = Field(default=1.0, gt=0)
    temperature: float = Field(default=0.05, gt=0)

    @model_validator(mode="after")
    def _require_fields_that_apply(self) -> Self:
        defaults = type(self).model_fields
        for name, needs in (("note_tokens", "notes"), ("weight", _TASKS), ("temperature", _TASKS)):
            used = self.notes if needs == "notes" else self.names or self.inserted or self.notes
            if not used and getattr(self, name) != defaults[name].default:
                raise ValueError(f"{name} applies only with {needs}")
        return self


class PretrainingTraining(Fields):
    """The amount of text, the lengths of the sequences, and the optimization."""

    tokens: int = Field(default=20_000_000, ge=1)
    batch_tokens: int = Field(default=4096, ge=16)
    lengths: tuple[int, ...] = (128, 1024)
    shares: tuple[float, ...] = (0.9, 0.1)
    learning_rate: float = Field(default=2e-3, gt=0)
    warmup_share: float = Field(default=0.05, ge=0, lt=1)
    decay_share: float = Field(default=0.3, ge=0, lt=1)
    weight_decay: float = Field(default=0.01, ge=0)
    max_gradient_norm: float = Field(default=1.0, gt=0)
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    checkpoint_steps: int = Field(default=250, ge=1)

    @model_validator(mode="after")
    def _require_matching_lengths_and_shares(self) -> Self:
        if not self.lengths or len(self.lengths) != len(self.shares):
            raise ValueError("lengths and shares must be equally many, at least one each")
        if list(self.lengths) != sorted(set(self.lengths)) or self.lengths[0] < 16:
            raise ValueError("lengths must increase and start at 16 tokens or more")
        if self.batch_tokens < self.lengths[-1]:
            raise ValueError("batch_tokens must be at least the longest of lengths")
        if min(self.shares) <= 0 or abs(sum(self.shares) - 1) > 1e-6:
            raise ValueError("shares must be positive and sum to 1")
        return self

    @model_validator(mode="after")
    def _require_room_for_warmup_and_decay(self) -> Self:
        if self.warmup_share + self.decay_share > 1:
            raise ValueError("warmup_share and decay_share must sum to at most 1")
        return self


class PretrainingRecipe(Fields):
    """Where an encoder starts from, how much text it reads, and how it learns."""

    encoder: SerializeAsAny[Encoder] = SmallEncoder()
    positions: int = Field(default=POSITIONS, ge=16)
    count_embeddings: bool = True
    masked_share: float = Field(default=0.3, gt=0, lt=1)
    held_out_share: float = Field(default=0.01, gt=0, lt=0.5)
    seed: int = Field(default=0, ge=0, lt=2**32)
    codes: CodesFields = CodesFields()
    training: PretrainingTraining = PretrainingTraining()

    @field_validator("encoder", mode="before")
    @classmethod
    def _parse_encoder(cls, value: Any) -> Any:
        return ENCODERS.parse(value)

    @model_validator(mode="after")
    def _require_fields_that_apply(self) -> Self:
        if self.small is None and (self.positions != POSITIONS or not self.count_embeddings):
            raise ValueError("positions and count_embeddings apply only to an encoder with random weights")
        return self

    @model_validator(mode="after")
    def _require_enough_positions(self) -> Self:
        if self.small is not None and self.longest > self.positions:
            raise ValueError("training.lengths and codes.note_tokens must be at most positions")
        return self

    @property
    def small(self) -> SmallEncoder | None:
        """The encoder if it starts from random weights, else None."""
        return self.encoder if isinstance(self.encoder, SmallEncoder) else None

    @property
    def pretrained(self) -> PretrainedEncoder | None:
        """The encoder if its training continues, else None."""
        return self.encoder if isinstance(self.encoder, PretrainedEncoder) else None

    @property
    def longest(self) -> int:
        """The longest sequence passed to the encoder, in tokens."""
        return max(self.training.lengths[-1], self.codes.note_tokens if self.codes.notes else 0)


READER = RecipeReader(PretrainingRecipe, groups={"encoder": ENCODERS}, page="docs/reference/pretraining.md")


def read_pretraining(settings: Sequence[str] = (), *, encoder: str = "small") -> PretrainingRecipe:
    """Return the default recipe with ``key=value`` settings applied.

    Parameters
    ----------
    settings
        The settings; their keys are dotted paths of fields.
    encoder
        ``small`` for random weights, or the encoder whose training continues.

    Raises
    ------
    RecipeError
        If a key is unknown ("did you mean …?") or a value is invalid.

    """
    return READER.read({"encoder": encoder}, settings)
