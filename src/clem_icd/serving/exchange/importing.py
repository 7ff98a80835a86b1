"""Putting encounters on the work list, with the suggestions of a model."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from clem_icd.decisions import single_threshold
from clem_icd.errors import InputError
from clem_icd.serving.exchange.arriving import Arriving
from clem_icd.serving.exchange.suggesting import suggestions_for
from clem_icd.serving.served import ServedModel
from clem_icd.serving.store.database import Store
from clem_icd.serving.store.encounters import Origin, add_encounter, suggest


@dataclass(frozen=True)
class Imported:
    """The number of encounters and documents on the list now, and why others are not."""

    encounters: int
    documents: int
    problems: tuple[InputError, ...]


def import_encounters(
    store: Store,
    arriving: Iterable[Arriving],
    served: ServedModel,
    *,
    actor: str,
    top: int = 15,
    progress: Callable[[int], Any] | None = None,
) -> Imported:
    """Code encounters and add them to a store, each in a transaction of its own.

    Parameters
    ----------
    served
        The model.
    actor
        Who imports them.
    top
        As for `suggestions_for`.
    progress
        Called with 1 after each encounter.

    """
    origin = origin_of(served)
    encounters = documents = 0
    problems: list[InputError] = []
    for one in arriving:
        problems.extend(one.problems)
        try:
            if one.documents:
                suggested = suggestions_for(served.coder, one.documents, top=top)
                with store.writing() as connection:
                    encounter_id = add_encounter(connection, one.name, one.documents, actor=actor)
                    suggest(connection, encounter_id, suggested, origin, actor=origin.model)
                encounters, documents = encounters + 1, documents + len(one.documents)
        except InputError as problem:
            problems.append(problem)
        if progress is not None:
            progress(1)
    return Imported(encounters, documents, tuple(problems))


def origin_of(served: ServedModel) -> Origin:
    """Return where the suggestions of a model come from, under the name and fingerprint that its service has.

    Raises
    ------
    ModelError
        If no method explains the model.

    """
    coder = served.coder
    return Origin(
        model=served.name,
        model_sha256=served.sha256,
        rule=coder.rule.describe(),
        threshold=single_threshold(coder.rule),
        method=coder.require_explainer().name,
        codebook=f"simple-icd-10-cm {version('simple-icd-10-cm')}",
    )
