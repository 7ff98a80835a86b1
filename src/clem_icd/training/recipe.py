"""Recipes: what to train and how, as YAML validated field by field.

A recipe is read from a file, or by name if it ships with the package, and then changed by ``key=value``
settings, where a key is the dotted path of a field. A recipe contains no references to code.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import Field, SerializeAsAny, field_validator, model_validator

from clem_icd.decisions import PolicyName
from clem_icd.errors import RecipeError
from clem_icd.fields import Fields
from clem_icd.icd import PACKAGED, CodeSystem
from clem_icd.modeling.architecture import GROUPS, Architecture
from clem_icd.modeling.lexicon.language import Language
from clem_icd.runs.settings import RecipeReader, value_of_setting
from clem_icd.training.r_drop import RDrop
from clem_icd.training.regularizers import REGULARIZERS, Regularizer
from clem_icd.training.synthetic_notes import SyntheticNotes

_WARMUP_SHARE = 0.1


class NeuralTraining(Fields):
    """How a neural system is trained, by the Hugging Face Trainer."""

    epochs: int = Field(default=20, ge=1)
    learning_rate: float = Field(default=5e-5, gt=0)
    head_learning_rate_factor: float = Field(default=1.0, gt=0)
    schedule: Literal["linear", "cosine", "constant_with_warmup"] = "linear"
    warmup_share: float | None = Field(default=None, ge=0, lt=1)
    warmup_steps: int | None = Field(default=None, ge=0)
    weight_decay: float = Field(default=0.0, ge=0)
    max_gradient_norm: float = Field(default=1.0, gt=0)
    batch_size: int = Field(default=16, ge=1)
    gradient_accumulation: int = Field(default=1, ge=1)
    gradient_checkpointing: bool = False
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    checkpoint_steps: int | None = Field(default=None, ge=1)
    selection_metric: Literal["map", "micro_f1", "macro_f1_all_labels", "precision_at_8", "loss", "last"] = (
        "map"
    )
    patience: int | None = Field(default=3, ge=1)
    report_to: list[Literal["tensorboard"]] = Field(default_factory=list)
    log_steps: int = Field(default=50, ge=1)
    synthetic_notes: SyntheticNotes | None = None
    r_drop: RDrop | None = None
    regularizer: SerializeAsAny[Regularizer] | None = None
    start_from: str | None = Field(default=None, min_length=1)

    @field_validator("regularizer", mode="before")
    @classmethod
    def _parse_regularizer(cls, value: Any) -> Any:
        return REGULARIZERS.parse(value)

    @model_validator(mode="after")
    def _require_an_epoch_of_r_drop(self) -> Self:
        if self.r_drop is not None and self.r_drop.after_epochs >= self.epochs:
            raise ValueError(
                f"r_drop.after_epochs is {self.r_drop.after_epochs}, expected less than epochs "
                f"({self.epochs}), or R-drop would never start"
            )
        return self

    def steps(self, notes: int) -> int:
        """Return the number of optimizer steps of all epochs over a number of training notes."""
        return -(-notes // (self.batch_size * self.gradient_accumulation)) * self.epochs

    def warmup(self, notes: int) -> int:
        """Return the number of steps during which the learning rate rises.

        Raises
        ------
        RecipeError
            If it would rise until the end of training.

        """
        steps = self.steps(notes)
        if self.warmup_steps is None:
            return round((_WARMUP_SHARE if self.warmup_share is None else self.warmup_share) * steps)
        if self.warmup_steps >= steps:
            raise RecipeError(
                f"training.warmup_steps is {self.warmup_steps:,}, but the {notes:,} training notes make only "
                f"{steps:,} steps",
                remedy="Set training.warmup_steps=null training.warmup_share=0.1",
            )
        return self.warmup_steps

    @model_validator(mode="after")
    def _require_one_length_of_warmup(self) -> Self:
        if self.warmup_steps is not None and self.warmup_share is not None:
            raise ValueError("warmup_steps and warmup_share exclude each other; set one of them to null")
        return self

    @model_validator(mode="after")
    def _require_settings_of_the_regularizer(self) -> Self:
        chosen = self.regularizer
        if chosen is None:
            return self
        if chosen.differentiates_twice and self.gradient_checkpointing:
            raise ValueError(
                f"regularizer {chosen.kind} differentiates twice, which gradient_checkpointing=true does not "
                "allow; set gradient_checkpointing=false, and batch_size or reading.max_tokens lower"
            )
        if chosen.distills and self.start_from is None:
            raise ValueError(f"regularizer {chosen.kind} needs a trained model; set start_from to its folder")
        if chosen.distills and (self.r_drop is not None or self.synthetic_notes is not None):
            raise ValueError(
                f"regularizer {chosen.kind} replaces the loss, so it excludes r_drop and synthetic_notes; "
                "set them to null"
            )
        return self

    @model_validator(mode="after")
    def _require_a_metric_for_patience(self) -> Self:
        if self.selection_metric == "last" and self.patience is not None:
            raise ValueError("selection_metric=last keeps the last epoch, so it needs patience=null")
        return self


class NeuralRecipe(Architecture):
    """The architecture of a neural system, and how it is trained."""

    system: Literal["neural"] = "neural"
    seed: int = Field(default=0, ge=0, lt=2**32)
    seeds: int = Field(default=1, ge=1)
    threshold_policy: PolicyName = "edin2024"
    training: NeuralTraining = NeuralTraining()

    @model_validator(mode="after")
    def _require_epochs_for_the_labels(self) -> Self:
        first = self.head.preparatory_epochs
        if self.training.epochs <= first:
            raise ValueError(
                f"training.epochs is {self.training.epochs}, but head {self.head.kind} takes {first} epochs "
                "before it learns the codes; set more epochs"
            )
        return self

    @model_validator(mode="after")
    def _require_a_head_for_the_regularizer(self) -> Self:
        if self.training.regularizer is not None:
            self.training.regularizer.require_head(self.head)
        return self

    @property
    def architecture(self) -> Architecture:
        """The architecture alone, as it is stored with a model."""
        return Architecture(**{name: getattr(self, name) for name in Architecture.model_fields})


class LinearTraining(Fields):
    """How the linear baseline is fitted."""

    ngrams: tuple[int, int] = (1, 2)
    features: int = Field(default=200_000, ge=10)
    min_notes: int = Field(default=2, ge=1)
    inverse_regularization: float = Field(default=100.0, gt=0)

    @model_validator(mode="after")
    def _require_ngram_range(self) -> Self:
        if not 1 <= self.ngrams[0] <= self.ngrams[1]:
            raise ValueError("ngrams must be the shortest and the longest run of words, at least 1")
        return self


class LinearRecipe(Fields):
    """TF-IDF features and one logistic regression per label."""

    system: Literal["linear"]
    threshold_policy: PolicyName = "edin2024"
    training: LinearTraining = LinearTraining()


class LexiconRecipe(Fields):
    """Phrases and titles that are found in a note, ranked by boosted trees."""

    system: Literal["lexicon"]
    seed: int = Field(default=0, ge=0, lt=2**31)
    language: Language = "en"
    labels: str = "corpus"
    threshold_policy: PolicyName = "exact"
    stacking: NeuralRecipe | LinearRecipe | None = None

    @field_validator("stacking", mode="before")
    @classmethod
    def _read_stacked(cls, stacking: Any) -> Any:
        try:
            return None if stacking is None else _stackable(stacking)
        except RecipeError as problem:
            raise ValueError(problem.found) from None

    @field_validator("stacking", mode="after")
    @classmethod
    def _require_independence(cls, stacking: NeuralRecipe | LinearRecipe | None) -> Any:
        if isinstance(stacking, NeuralRecipe):
            if stacking.seeds > 1:
                raise ValueError(f"seeds is {stacking.seeds}, expected 1, since the trees see one system")
            if stacking.training.start_from is not None:
                raise ValueError(
                    "training.start_from names a model that may have learned from the notes that it would be "
                    "judged on; set stacking.training.start_from=null"
                )
        return stacking

    @field_validator("labels")
    @classmethod
    def _require_label_space(cls, labels: str) -> str:
        if labels not in LABEL_SPACES:
            raise ValueError(f"expected one of {', '.join(LABEL_SPACES)}")
        return labels

    @field_validator("threshold_policy")
    @classmethod
    def _require_common_policy(cls, policy: PolicyName) -> PolicyName:
        return _common(policy)

    @property
    def space(self) -> CodeSystem | None:
        """The code system that is ranked; None if only the labels of the corpus are."""
        return None if self.labels == "corpus" else CodeSystem(self.labels)


class DictionaryRecipe(Fields):
    """Phrases that training notes connect with codes, looked up word by word."""

    system: Literal["dictionary"]
    language: Language = "en"
    longest_match: bool = False
    threshold_policy: PolicyName = "exact"

    @field_validator("threshold_policy")
    @classmethod
    def _require_common_policy(cls, policy: PolicyName) -> PolicyName:
        return _common(policy)


def _common(policy: PolicyName) -> PolicyName:
    if policy not in _COMMON_POLICIES:
        raise ValueError(f"it chooses one rule for all codes here, so it takes {', '.join(_COMMON_POLICIES)}")
    return policy


LABEL_SPACES = ("corpus", *(system.value for system in CodeSystem if system in PACKAGED))
_COMMON_POLICIES = ("edin2024", "exact", "top-k", "expected-f1", "fixed")

Recipe = NeuralRecipe | LinearRecipe | LexiconRecipe | DictionaryRecipe
_PAGE = "docs/reference/recipes.md"
_OF_NEURAL = "Only neural systems have it"
_NO_ENCODER = dict.fromkeys(("training", "encoder", "reading", "head", "loss", "adapter"), _OF_NEURAL)
_READERS: dict[str, RecipeReader[Any]] = {
    "neural": RecipeReader(
        NeuralRecipe,
        groups={**GROUPS, REGULARIZERS.group: REGULARIZERS},
        page=_PAGE,
        # Where keys of earlier recipes went.
        hints={
            "small": "The dimensions are fields of the encoder now, for example encoder.layers=2",
            "dropout": "Set encoder.dropout, head.dropout or both",
            "head_from_titles": "Set head.start=titles",
        },
    ),
    "linear": RecipeReader(
        LinearRecipe,
        groups={},
        page=_PAGE,
        # Settings that only make sense for a random system.
        hints=dict.fromkeys(
            ("seed", "seeds"), "The linear baseline has no randomness: every run gives the same model"
        ),
    ),
    "dictionary": RecipeReader(DictionaryRecipe, groups={}, page=_PAGE, hints=_NO_ENCODER),
    "lexicon": RecipeReader(
        LexiconRecipe,
        groups={},
        page=_PAGE,
        hints=dict.fromkeys(_NO_ENCODER, f"{_OF_NEURAL}; for a stacked one, put `stacking.` before the key")
        | {"seeds": "A lexicon has one seed: set seed=1, and train into another folder"},
    ),
}


def neural_part(recipe: Recipe) -> NeuralRecipe | None:
    """Return the neural recipe within a recipe: itself, or what a lexicon is stacked on; None without."""
    part = recipe.stacking if isinstance(recipe, LexiconRecipe) else recipe
    return part if isinstance(part, NeuralRecipe) else None


def shipped_recipes() -> dict[str, str]:
    """Return the YAML text of the recipes that ship with the package, by name; ``paper/…`` in a subfolder."""
    folder = resources.files("clem_icd") / "recipes"
    files = {file.name: file for file in folder.iterdir()}
    files |= {f"paper/{file.name}": file for file in files.pop("paper").iterdir()}
    return {
        name.removesuffix(".yaml"): files[name].read_text(encoding="utf-8")
        for name in sorted(files)
        if name.endswith(".yaml")
    }


def read_recipe(name: str, settings: Sequence[str] = ()) -> Recipe:
    """Read a recipe by name or path, and apply ``key=value`` settings.

    Raises
    ------
    RecipeError
        If the recipe does not exist, a key is unknown ("did you mean …?") or a value is invalid.

    """
    fields = _parse(_text(name), name)
    system = str(fields.get("system"))
    if system not in _READERS:
        raise RecipeError(
            f"system is {system!r}, expected {' or '.join(_READERS)}", path=name, remedy=f"See {_PAGE}"
        )
    if system == "lexicon":
        fields, settings = _with_stacked(fields, settings, name)
    recipe: Recipe = _READERS[system].read(fields, settings, name)
    return recipe


def _with_stacked(
    fields: dict[str, Any], settings: Sequence[str], name: str
) -> tuple[dict[str, Any], list[str]]:
    """Apply the settings of the recipe that a lexicon is stacked on; return the fields and other settings."""
    chosen: Any = fields.get("stacking")
    inner, own = [], []
    for setting in settings:
        key, separator, value = setting.partition("=")
        if key == "stacking" and separator:
            chosen = value_of_setting(value, key)
        elif key.startswith("stacking.") and separator:
            inner.append(setting.removeprefix("stacking."))
        else:
            own.append(setting)
    if chosen is None and inner:
        raise RecipeError(
            f"stacking.{inner[0].partition('=')[0]} is set, but stacking names no recipe",
            remedy="Name one, such as stacking=clem-small",
        )
    try:
        return {**fields, "stacking": None if chosen is None else _stackable(chosen, inner)}, own
    except RecipeError as problem:
        raise RecipeError(
            problem.found, path=problem.path or "stacking", row=problem.row, remedy=problem.remedy
        ) from None
    except ValueError as problem:
        raise RecipeError(f"stacking: {problem}", path=name, remedy=f"See {_PAGE}") from None


def _stackable(chosen: Any, settings: Sequence[str] = ()) -> NeuralRecipe | LinearRecipe:
    """Return the recipe that a lexicon is stacked on, from its name or its fields.

    Raises
    ------
    ValueError
        If it is neither neural nor linear.

    """
    if isinstance(chosen, NeuralRecipe | LinearRecipe):
        return chosen
    fields = _parse(_text(chosen), chosen) if isinstance(chosen, str) else chosen
    system = fields.get("system") if isinstance(fields, Mapping) else None
    if system not in ("neural", "linear"):
        found = repr(chosen) if system is None else f"a {system}"
        raise ValueError(f"it is {found}, expected the name or the fields of a neural or linear recipe")
    recipe: NeuralRecipe | LinearRecipe = _READERS[system].read(fields, settings, "stacking")
    return recipe


def with_defaults(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a stored recipe, with defaults for fields added since."""
    reader = _READERS.get(str(fields.get("system")))
    return fields if reader is None else reader.with_defaults(fields)


def _text(name: str) -> str:
    shipped = shipped_recipes()
    if name in shipped:
        return shipped[name]
    try:
        return Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        close = difflib.get_close_matches(name, shipped, n=1)
        hint = f"Did you mean {close[0]}?" if close else f"The shipped recipes are {', '.join(shipped)}"
        raise RecipeError(f"there is no shipped recipe and no file {name!r}", remedy=hint) from None


def _parse(text: str, name: str) -> dict[str, Any]:
    try:
        fields = yaml.safe_load(text)
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        line = mark.line + 1 if mark else None
        raise RecipeError("is not valid YAML", path=name, row=line) from problem
    if not isinstance(fields, dict):
        raise RecipeError("is not a mapping of keys to values", path=name, remedy=f"See {_PAGE}")
    return fields
