"""A search in the titles of a code system, where a verb expects a model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from clem_icd.errors import InputError

if TYPE_CHECKING:
    from clem_icd.icd import CodeSystem
    from clem_icd.modeling import ModelInfo, System

ModelOrSystem = Annotated[
    Path,
    typer.Argument(
        metavar="MODEL",
        help="A model folder; or icd10cm, icd10pcs, icd9cm or icd9pcs to search the titles of that code "
        "system, without any training. A folder of that name comes first.",
    ),
]
NotesLanguage = Annotated[
    Literal["en", "es", "other"] | None,
    typer.Option(
        "--language",
        help="Language of the notes, for a search in titles. In other languages than English, only words "
        "that resemble those of the English titles are found. Default: en.",
    ),
]

_PAGE = "docs/results/title-search.md"

_MEANING = (
    "These are hits of a search in code titles, not predictions: none is assigned, and their scores are not "
    "probabilities."
)

# By code system and language: the notes; recall of the first 50 suggestions, and precision of the first 5.
_MEASURED = {
    ("icd10cm", "en"): ("CodiEsp English dev", "39 %", "36 %"),
    ("icd10cm", "es"): ("CodiEsp Spanish dev", "27 %", "16 %"),
}


def searched_system(model: Path, say: Callable[[str], None]) -> CodeSystem | None:
    """Return the code system to search, None for a model folder."""
    from clem_icd.icd import CodeSystem

    names = [system.value for system in CodeSystem]
    if str(model) not in names:
        return None
    if model.is_dir():
        say(f"{model} is a folder here, and is used as a model, not as the name of a code system")
        return None
    return CodeSystem(str(model))


def check_options(system: CodeSystem | None, *, language: str | None, useless: dict[str, Any]) -> None:
    """Refuse options of a search for a model, and options of a model for a search.

    Parameters
    ----------
    useless
        The options of a model and their values; None if not passed.

    Raises
    ------
    InputError
        If one was passed that does not apply.

    """
    if system is None and language is not None:
        raise InputError(
            "--language is for a search in titles: a model has the language of its notes",
            remedy="Leave it out",
        )
    for option, value in useless.items():
        if system is not None and value is not None:
            raise InputError(
                f"{option} needs a model that assigns codes: a search in titles assigns none",
                remedy="Leave it out, or name a model folder",
            )


def open_system(
    model: Path,
    system: CodeSystem | None,
    language: str | None,
    *,
    precision: str = "fp32",
    say: Callable[[str], None] | None = None,
) -> tuple[System, ModelInfo]:
    """Open a model folder, or a search.

    Parameters
    ----------
    precision
        In which precision a neural model scores notes.
    say
        Receives a line about the precision that was chosen, if it is ``auto``.

    Raises
    ------
    InputError
        If the model or the search cannot score in the precision.
    ModelError
        If the model cannot be opened, or this machine cannot score in the precision.

    """
    if system is None:
        from clem_icd.modeling import load_model

        opened, info = load_model(model, precision=precision)
        chosen = getattr(opened, "precision", None)
        if say is not None and chosen is not None and chosen.reason is not None:
            say(f"Precision {chosen.name}: {chosen.reason}")
        return opened, info
    if precision in ("bf16", "int8"):
        raise InputError(
            f"precision {precision} is for neural systems, and a search in titles is not one",
            remedy="Leave --precision out",
        )
    from clem_icd.modeling import open_title_search

    return open_title_search(system, language or "en")  # type: ignore[arg-type]


def about_search(system: CodeSystem, search: System) -> tuple[str, ...]:
    """Return what the suggestions of a search are worth, as sentences."""
    return (_MEANING, _quality(system, getattr(search, "language", "en")), f"See {_PAGE}.")


def _quality(system: CodeSystem, language: str) -> str:
    measured = _MEASURED.get((system.value, language))
    if measured is None:
        return "Their quality was not measured for this code system and language."
    notes, among, right = measured
    return (
        f"On {notes}, {among} of the codes that coders assigned are among the first 50 suggestions, and "
        f"{right} of the first 5 suggestions are right."
    )
