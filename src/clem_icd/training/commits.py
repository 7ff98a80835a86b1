"""The commit of an encoder from the Hub: resolved once, recorded, and kept to by all that trains from it.

A branch or a tag may move on while a run is interrupted, or between the runs of several seeds.
"""

from __future__ import annotations

from clem_icd.modeling import PretrainedEncoder
from clem_icd.training.folder import RunFolder, SeedsFolder
from clem_icd.training.recipe import NeuralRecipe
from clem_icd.training.starting import start_of, start_revision


def commit_of_run(recipe: NeuralRecipe, run: RunFolder, known: str | None) -> str | None:
    """Return the commit that a run trains from, and record it; None if the encoder is not from the Hub.

    Parameters
    ----------
    known
        The commit, if it is resolved already.

    Raises
    ------
    ModelError
        If it has to be resolved, and there is no such encoder or revision.

    """
    encoder = recipe.encoder
    if not isinstance(encoder, PretrainedEncoder):
        return None
    # A checkpoint contains the encoder.
    commit = _recorded(run) if run.begun else known or _resolved(recipe, encoder)
    if commit is not None:
        run.record(encoder={"name": encoder.name, "revision": encoder.revision, "commit": commit})
    return commit


def commit_of_seeds(recipe: NeuralRecipe, folder: SeedsFolder) -> str | None:
    """Return the commit that all seeds train from: that of the first run, which is resolved if there is none.

    Raises
    ------
    ModelError
        If it has to be resolved, and there is no such encoder or revision.

    """
    if not isinstance(recipe.encoder, PretrainedEncoder):
        return None
    recorded = (_recorded(RunFolder(place)) for place in folder.places.values())
    return next(filter(None, recorded), None) or _resolved(recipe, recipe.encoder)


def at_commit(recipe: NeuralRecipe, commit: str | None) -> NeuralRecipe:
    """Return a recipe with a commit as the revision of its encoder; without one, the recipe itself."""
    if commit is None:
        return recipe
    return recipe.model_copy(update={"encoder": recipe.encoder.model_copy(update={"revision": commit})})


def _resolved(recipe: NeuralRecipe, encoder: PretrainedEncoder) -> str | None:
    """Return the commit of an encoder now, or the one that the model to start from was trained from."""
    return encoder.commit() if start_of(recipe) is None else start_revision(recipe)


def _recorded(run: RunFolder) -> str | None:
    commit: str | None = run.recorded.get("encoder", {}).get("commit")
    return commit
