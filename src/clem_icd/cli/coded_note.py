"""What verbs that code notes say about a note, its codes and how they were decided."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from clem_icd.cli.found_words import FoundWords
from clem_icd.cli.title_search import about_search

if TYPE_CHECKING:
    from clem_icd.icd import CodeSystem
    from clem_icd.prediction import Coder, Suggestion


def about_text(
    name: str, wrappings: tuple[str, ...], remarks: tuple[str, ...], *, keeps: bool
) -> Iterator[str]:
    """Yield a line for everything that is odd about the text of a note, or was done to it."""
    if wrappings:
        listed = ", ".join(wrappings)
        if keeps:
            yield f"{name} looks like {listed}, and was coded as it is"
        else:
            yield f"{name} was converted from {listed}; offsets refer to the converted text"
    for remark in remarks:
        yield f"{name} {remark}"


def about_decisions(coder: Coder, searched: CodeSystem | None) -> dict[str, Any]:
    """Return the keys that say how codes are assigned."""
    from clem_icd.decisions import single_threshold

    if searched is None:
        return {"threshold": single_threshold(coder.rule), "decided": coder.rule.describe()}
    about = " ".join(about_search(searched, coder.system))
    return {"threshold": None, "decided": "never", "search_suggestions": about}


def suggestion_as_json(suggestion: Suggestion, score: str, found: FoundWords) -> dict[str, Any]:
    """Return a suggestion as JSON, with its spans if they are shown; never with text.

    Parameters
    ----------
    score
        The key of its score.

    """
    return {
        "code": suggestion.code,
        "system": suggestion.system,
        "title": suggestion.title,
        score: suggestion.probability,
        "decided": suggestion.decided,
        **found.as_json(suggestion.evidence),
    }
