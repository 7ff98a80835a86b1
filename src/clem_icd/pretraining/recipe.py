"""What to pretrain and how, checked field by field."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from clem_icd.runs.settings import Fields, apply_settings, key_paths, refusal
from clem_icd.training.recipe import SmallEncoderFields


class CodesFields(Fields):
    """What the encoder learns of codes beside the masked tokens: nothing unless asked for."""

    names: int = Field(default=0, ge=0)
    inserted: int = Field(default=0, ge=0)
    notes: int = Field(default=0, ge=0)
    note_tokens: int = Field(default=512, ge=16)
    weight: float = Field(default=1.0, gt=0)
    temperature: float = Field(default=0.05, gt=0)


class PretrainingTraining(Fields):
    """How much is read, how long the sequences are, and how the weights move."""

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
    def _every_length_has_a_share(self) -> Self:
        if not self.lengths or len(self.lengths) != len(self.shares):
            raise ValueError("lengths and shares have to be as many, and at least one")
        if list(self.lengths) != sorted(set(self.lengths)) or self.lengths[0] < 16:
            raise ValueError("lengths have to rise, from 16 tokens on")
        if self.batch_tokens < self.lengths[-1]:
            raise ValueError("batch_tokens has to be at least the longest of lengths")
        if min(self.shares) <= 0 or abs(sum(self.shares) - 1) > 1e-6:
            raise ValueError("shares have to be positive, and 1 together")
        return self

    @model_validator(mode="after")
    def _there_is_time_between_warmup_and_decay(self) -> Self:
        if self.warmup_share + self.decay_share > 1:
            raise ValueError("warmup_share and decay_share have to be at most 1 together")
        return self


class PretrainingRecipe(Fields):
    """What `pretrain` does with the texts."""

    encoder: str = "small"
    small: SmallEncoderFields = SmallEncoderFields()
    positions: int = Field(default=8192, ge=16)
    count_embeddings: bool = True
    masked_share: float = Field(default=0.3, gt=0, lt=1)
    held_out_share: float = Field(default=0.01, gt=0, lt=0.5)
    seed: int = Field(default=0, ge=0, lt=2**32)
    codes: CodesFields = CodesFields()
    training: PretrainingTraining = PretrainingTraining()

    @model_validator(mode="after")
    def _the_longest_fits(self) -> Self:
        if self.longest > self.positions:
            raise ValueError("training.lengths and codes.note_tokens have to be at most positions")
        return self

    @property
    def longest(self) -> int:
        """The longest sequence that is read, in tokens."""
        return max(self.training.lengths[-1], self.codes.note_tokens if self.codes.notes else 0)


def read_pretraining(settings: Sequence[str] = (), *, encoder: str = "small") -> PretrainingRecipe:
    """Return the recipe with ``key=value`` settings on top of its defaults.

    Raises
    ------
    RecipeError
        If a key is unknown ("did you mean …?") or a value does not fit.

    """
    known = [key for key in key_paths(PretrainingRecipe) if key != "encoder"]
    fields: dict[str, Any] = {"encoder": encoder}
    apply_settings(fields, settings, known, {"encoder": "Name it with --encoder"})
    try:
        return PretrainingRecipe.model_validate(fields)
    except ValidationError as problem:
        raise refusal(problem, known, path=None, page="docs/reference/pretraining.md") from None


def completed(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a recipe, completed by those that newer releases have."""
    try:
        return PretrainingRecipe.model_validate(fields).model_dump(mode="json")
    except ValidationError:
        return fields
