"""Recipes: what to train and how, as YAML checked field by field.

A recipe is read from a file or by the name of one that comes with the package, then changed by
``key=value`` settings, where a key is the dotted path of a field. Nothing in a recipe names code.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import Field, TypeAdapter, ValidationError, model_validator

from clem_icd.decisions import PolicyName
from clem_icd.errors import RecipeError
from clem_icd.runs.settings import Fields, apply_settings, key_paths, refusal


class SmallEncoderFields(Fields):
    """The dimensions of ``encoder: small``, a ModernBERT with random weights."""

    hidden_size: int = Field(default=256, ge=8)
    intermediate_size: int = Field(default=384, ge=8)
    layers: int = Field(default=4, ge=1)
    attention_heads: int = Field(default=4, ge=1)
    vocabulary: int = Field(default=8192, ge=300)
    global_attention_every: int = Field(default=3, ge=1)

    @model_validator(mode="after")
    def _heads_divide_the_width(self) -> Self:
        if self.hidden_size % (2 * self.attention_heads):
            raise ValueError("hidden_size has to be a multiple of twice attention_heads")
        return self


class NeuralTraining(Fields):
    """How a neural system is trained. Every field is a setting of the Hugging Face Trainer."""

    epochs: int = Field(default=20, ge=1)
    learning_rate: float = Field(default=5e-5, gt=0)
    schedule: Literal["linear", "cosine", "constant_with_warmup"] = "linear"
    warmup_share: float = Field(default=0.1, ge=0, lt=1)
    weight_decay: float = Field(default=0.0, ge=0)
    max_gradient_norm: float = Field(default=1.0, gt=0)
    batch_size: int = Field(default=16, ge=1)
    gradient_accumulation: int = Field(default=1, ge=1)
    gradient_checkpointing: bool = False
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    checkpoint_steps: int | None = Field(default=None, ge=1)
    selection_metric: Literal["map", "micro_f1", "macro_f1_all_labels", "precision_at_8", "loss"] = "map"
    patience: int | None = Field(default=3, ge=1)
    report_to: list[Literal["tensorboard"]] = Field(default_factory=list)
    log_steps: int = Field(default=50, ge=1)


class NeuralRecipe(Fields):
    """Encoder, reading and head of a neural system, and its training."""

    system: Literal["neural"]
    encoder: str
    reading: Literal["whole"] = "whole"
    head: Literal["pooled"] = "pooled"
    pooling: Literal["cls", "mean"] | None = None
    dropout: float | None = Field(default=None, ge=0, lt=1)
    prior_bias: bool = False
    head_from_titles: bool = False
    max_tokens: int = Field(default=8192, ge=8)
    small: SmallEncoderFields = SmallEncoderFields()
    seed: int = Field(default=0, ge=0, lt=2**32)
    seeds: int = Field(default=1, ge=1)
    threshold_policy: PolicyName = "edin2024"
    training: NeuralTraining = NeuralTraining()


class LinearTraining(Fields):
    """How the linear baseline is fitted."""

    ngrams: tuple[int, int] = (1, 2)
    features: int = Field(default=200_000, ge=10)
    min_notes: int = Field(default=2, ge=1)
    inverse_regularization: float = Field(default=100.0, gt=0)

    @model_validator(mode="after")
    def _ngrams_are_a_range(self) -> Self:
        if not 1 <= self.ngrams[0] <= self.ngrams[1]:
            raise ValueError("ngrams has to be the shortest and the longest run of words")
        return self


class LinearRecipe(Fields):
    """TF-IDF and a logistic regression for every label."""

    system: Literal["linear"]
    threshold_policy: PolicyName = "edin2024"
    training: LinearTraining = LinearTraining()


Recipe = Annotated[NeuralRecipe | LinearRecipe, Field(discriminator="system")]
_ADAPTER: TypeAdapter[NeuralRecipe | LinearRecipe] = TypeAdapter(Recipe)
# Settings that only a system with randomness has.
_HINTS = dict.fromkeys(
    ("seed", "seeds"), "The linear baseline has no randomness: every run of it gives the same model"
)
_SYSTEMS: dict[str, type[NeuralRecipe] | type[LinearRecipe]] = {
    "neural": NeuralRecipe,
    "linear": LinearRecipe,
}


def shipped_recipes() -> dict[str, str]:
    """Return the recipes that come with the package, name to YAML text."""
    folder = resources.files("clem_icd") / "recipes"
    return {
        file.name.removesuffix(".yaml"): file.read_text(encoding="utf-8")
        for file in sorted(folder.iterdir(), key=lambda file: file.name)
        if file.name.endswith(".yaml")
    }


def read_recipe(name: str, settings: Sequence[str] = ()) -> NeuralRecipe | LinearRecipe:
    """Read a recipe by name or path, and apply ``key=value`` settings.

    Raises
    ------
    RecipeError
        If there is no such recipe, a key is unknown ("did you mean …?") or a value does not fit.

    """
    fields = _parse(_text(name), name)
    system = str(fields.get("system"))
    if system not in _SYSTEMS:
        raise RecipeError(f"system is {system!r}", path=name, remedy=f"It is one of {', '.join(_SYSTEMS)}")
    known = list(key_paths(_SYSTEMS[system]))
    apply_settings(fields, settings, known, _HINTS)
    try:
        return _ADAPTER.validate_python(fields)
    except ValidationError as problem:
        # The first part of the key is the value of the discriminator.
        raise refusal(
            problem, known, path=name, page="docs/reference/recipes.md", skip=1, hints=_HINTS
        ) from None


def with_defaults(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a resolved recipe, completed by those that newer releases have.

    What this release cannot read stays as it is.
    """
    try:
        return _ADAPTER.validate_python(fields).model_dump(mode="json")
    except ValidationError:
        return fields


def _text(name: str) -> str:
    shipped = shipped_recipes()
    if name in shipped:
        return shipped[name]
    try:
        return Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        close = difflib.get_close_matches(name, shipped, n=1)
        hint = f"Did you mean {close[0]}?" if close else f"The shipped ones are {', '.join(shipped)}"
        raise RecipeError(f"there is no recipe {name!r}, by name or as a file", remedy=hint) from None


def _parse(text: str, name: str) -> dict[str, Any]:
    try:
        fields = yaml.safe_load(text)
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        line = mark.line + 1 if mark else None
        raise RecipeError("is not valid YAML", path=name, row=line) from problem
    if not isinstance(fields, dict):
        raise RecipeError("holds no mapping of fields", path=name, remedy="See docs/reference/recipes.md")
    return fields
