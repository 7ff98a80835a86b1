"""Suggestions for an encounter: those for its documents, with each code once."""

from __future__ import annotations

from collections.abc import Sequence

from clem_icd.icd import Code, CodeSystem
from clem_icd.prediction import Coder, Suggestion
from clem_icd.serving.store.encounters import Document, Mark, Suggested


def suggestions_for(coder: Coder, documents: Sequence[Document], *, top: int = 15) -> list[Suggested]:
    """Return the suggestions for an encounter, most probable first.

    A code has its highest probability over the documents, is decided if it is decided for one of them, and
    has the evidence from all of them.

    Parameters
    ----------
    top
        For each document, at least this many codes are suggested.

    """
    codings = coder.code_all([one.text for one in documents], top=top, evidence=True, wrapped="keep")
    found: dict[Code, list[tuple[int, Suggestion]]] = {}
    for place, coding in enumerate(codings):
        for one in coding.suggestions:
            found.setdefault(Code(one.code, CodeSystem(one.system)), []).append((place, one))
    joined = [_joined(code, own) for code, own in found.items()]
    return sorted(joined, key=lambda one: (-one.probability, one.code))


def _joined(code: Code, own: list[tuple[int, Suggestion]]) -> Suggested:
    marks = (Mark(place, *span) for place, one in own for span in one.evidence)
    return Suggested(
        code,
        own[0][1].title,
        max(one.probability for _, one in own),
        any(one.decided for _, one in own),
        tuple(marks),
    )
