"""The trained model that training starts from: whether a recipe fits it, and its loading."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from clem_icd.corpus import Corpus
from clem_icd.errors import ModelError, RecipeError
from clem_icd.files import sha256_of
from clem_icd.modeling.architecture import Architecture
from clem_icd.modeling.assembly import rebuild
from clem_icd.modeling.folder import stored_architecture
from clem_icd.modeling.info import ModelInfo
from clem_icd.training.recipe import NeuralRecipe, Recipe

_KEY = "training.start_from"
_WEIGHTS = "model.safetensors"


def start_of(recipe: Recipe) -> Path | None:
    """Return the folder of the model that a recipe starts from; None for a new model."""
    start = recipe.training.start_from if isinstance(recipe, NeuralRecipe) else None
    return None if start is None else Path(start)


def require_start(recipe: NeuralRecipe, corpus: Corpus) -> None:
    """Refuse a model that a recipe cannot start from; called before any note is read.

    Raises
    ------
    ModelError
        If the folder is not that of a neural system.
    RecipeError
        If the model has another encoder, another head or another label space.

    """
    folder = start_of(recipe)
    if folder is None:
        return
    info = ModelInfo.read(folder)
    if info.system != "neural":
        raise ModelError(
            f"{_KEY} needs a neural system, and this one is {info.system}",
            path=folder,
            remedy="Name the `model` folder of a run of the same recipe",
        )
    if info.labels != corpus.codes:
        raise RecipeError(
            f"{_KEY} has {len(info.labels):,} labels, and the corpus has {len(corpus.codes):,}; expected "
            "the same ones in the same order",
            path=str(folder),
            remedy="Start from a model that was trained on this corpus",
        )
    _require_same_choices(recipe, stored_architecture(info, folder), folder)


def load_start(
    recipe: NeuralRecipe, corpus: Corpus, folder: Path, *, attention: str
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Return the model that training starts from, with its tokenizer.

    Raises
    ------
    ModelError
        As `rebuild` raises it.

    """
    model, tokenizer = rebuild(recipe.architecture, corpus.codes, folder, attention=attention)
    return model if recipe.adapter is None else recipe.adapter.apply(model), tokenizer


def load_teacher(recipe: NeuralRecipe, corpus: Corpus, folder: Path, *, attention: str) -> PreTrainedModel:
    """Return the model that training starts from as a teacher, which does not change."""
    model, _ = rebuild(recipe.architecture, corpus.codes, folder, attention=attention)
    model.eval()
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    return model


def start_fingerprint(recipe: Recipe) -> str | None:
    """Return the SHA-256 of the weights that training starts from; None for a new model.

    Raises
    ------
    ModelError
        If the file is missing.

    """
    folder = start_of(recipe)
    if folder is None:
        return None
    if not (folder / _WEIGHTS).is_file():
        raise ModelError(
            f"{_WEIGHTS} is missing", path=folder, remedy="Name the `model` folder of a finished run"
        )
    return sha256_of(folder / _WEIGHTS)


def start_revision(recipe: NeuralRecipe) -> str | None:
    """Return the commit of the encoder that the starting model was trained from, as it records it."""
    folder = start_of(recipe)
    if folder is None:
        return None
    encoder = stored_architecture(ModelInfo.read(folder), folder).encoder
    revision: str | None = getattr(encoder, "revision", None)
    return revision


def _require_same_choices(recipe: NeuralRecipe, stored: Architecture, folder: Path) -> None:
    """Refuse an encoder or a head that is not that of the model.

    The reading, the loss and the adapter may differ, since they do not determine the weights.
    """
    for name in ("encoder", "head"):
        asked, found = (_fields(getattr(one, name)) for one in (recipe, stored))
        for key in [key for key in {**found, **asked} if asked.get(key) != found.get(key)]:
            raise RecipeError(
                f"{name}.{key} is {asked.get(key)!r}, and the model of {_KEY} has {found.get(key)!r}",
                path=str(folder),
                remedy=f"Set {name}.{key} as in that model, or start from another one",
            )


def _fields(choice: Any) -> dict[str, Any]:
    """Return the fields of a choice but the revision: the model was trained from the commit it stood for."""
    return {key: value for key, value in choice.model_dump(mode="json").items() if key != "revision"}
