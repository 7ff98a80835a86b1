"""From a request to runs with their recipes, checked before anything is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from clem_icd.errors import InputError, RecipeError
from clem_icd.reproducing.encoders import folders_of, with_encoder
from clem_icd.reproducing.request import Request
from clem_icd.reproducing.targets import Run
from clem_icd.training import NeuralRecipe, read_recipe

__all__ = ["ResolvedRun", "remarks_of", "resolve"]

_ENCODER_KEYS = ("encoder=", "encoder.name=", "encoder.kind=")


@dataclass(frozen=True)
class ResolvedRun:
    """A run with its recipe."""

    name: str
    run: Run
    recipe: NeuralRecipe


def resolve(request: Request) -> list[ResolvedRun]:
    """Return the runs of a request with their recipes.

    Raises
    ------
    InputError
        If there is no such target or run, a folder is for another run, or a setting names an encoder too.
    RecipeError
        If a setting does not fit the recipe of a run.

    """
    if request.encoders and any(setting.startswith(_ENCODER_KEYS) for setting in request.settings):
        raise InputError(
            "an encoder was named twice, by --encoder and by a setting", remedy="Name it only once"
        )
    runs = request.runs()
    shipped = {name: _recipe(run.recipe, run.settings) for name, run in runs.items()}
    folders = folders_of(request.encoders, {name: one.architecture for name, one in shipped.items()})
    resolved = []
    for name, run in runs.items():
        try:
            recipe = _recipe(run.recipe, (*run.settings, *request.settings))
        except RecipeError as problem:
            raise RecipeError(
                f"{problem.found} (for the run {name})", path=problem.path, remedy=problem.remedy
            ) from None
        if name in folders:
            encoder = with_encoder(recipe.architecture, folders[name])
            recipe = recipe.model_copy(update={"encoder": encoder})
        resolved.append(ResolvedRun(name, run, recipe))
    return resolved


def remarks_of(request: Request, runs: Mapping[str, Run]) -> Iterator[str]:
    """Yield sentences on how runs differ from the published systems.

    Parameters
    ----------
    runs
        The runs of the request, and others of its target that earlier commands made, by name.

    """
    if request.settings:
        yield f"these settings make other systems than the published ones: {', '.join(request.settings)}"
    if earlier := [name for name in runs if name not in request.runs()]:
        yield f"{' and '.join(earlier)}: made by an earlier command, with the settings that it gave"
    runs_with: dict[str, list[str]] = {}
    for name, run in runs.items():
        for difference in run.differs:
            runs_with.setdefault(difference, []).append(name)
    yield from (f"{' and '.join(names)}: {difference}" for difference, names in runs_with.items())


def _recipe(name: str, settings: tuple[str, ...]) -> NeuralRecipe:
    return cast(NeuralRecipe, read_recipe(name, settings))
