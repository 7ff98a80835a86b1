"""Putting encounters on the work list, with the suggestions of a model."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from clem_icd.decisions import single_threshold
from clem_icd.errors import InputError
from clem_icd.explanation import Explainer
from clem_icd.files import sha256_of
from clem_icd.prediction import Coder
from clem_icd.serving.exchange.arriving import Arriving
from clem_icd.serving.exchange.suggesting import suggestions_for
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
    coder: Coder,
    origin: Origin,
    *,
    actor: str,
    top: int = 15,
    progress: Callable[[int], Any] | None = None,
) -> Imported:
    """Code encounters and add them to a store, each in a transaction of its own.

    Parameters
    ----------
    origin
        The result of `origin_of`.
    actor
        Who imports them.
    top
        As for `suggestions_for`.
    progress
        Called with 1 after each encounter.

    """
    encounters = documents = 0
    problems: list[InputError] = []
    for one in arriving:
        problems.extend(one.problems)
        try:
            if one.documents:
                suggested = suggestions_for(coder, one.documents, top=top)
                with store.writing() as connection:
                    encounter_id = add_encounter(connection, one.name, one.documents, actor=actor)
                    suggest(connection, encounter_id, suggested, origin, actor=origin.model)
                encounters, documents = encounters + 1, documents + len(one.documents)
        except InputError as problem:
            problems.append(problem)
        if progress is not None:
            progress(1)
    return Imported(encounters, documents, tuple(problems))


def origin_of(coder: Coder, name: str, folder: Path) -> Origin:
    """Return where the suggestions of a model come from.

    Parameters
    ----------
    name, folder
        The name of the model and its folder; a search in titles has no folder.

    """
    explainer = coder.explainer or Explainer(coder.system, coder.info)
    return Origin(
        model=name,
        model_sha256=_sha256(folder),
        rule=coder.rule.describe(),
        threshold=single_threshold(coder.rule),
        method=explainer.name,
        codebook=f"simple-icd-10-cm {version('simple-icd-10-cm')}",
    )


def _sha256(folder: Path) -> str:
    """Return a hash over the names and the contents of the files of a model."""
    files = sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else []
    listed = "".join(f"{sha256_of(path)}  {path.relative_to(folder).as_posix()}\n" for path in files)
    return hashlib.sha256(listed.encode()).hexdigest()
