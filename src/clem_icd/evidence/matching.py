"""How well the evidence for one code matches: the classes of Anatomy of Evidence (Beckh et al. 2025)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

__all__ = ["MATCH_CLASSES", "MatchClass", "match_class"]

MatchClass = Literal["empty", "exact", "proximate", "partial", "none"]
MATCH_CLASSES: tuple[MatchClass, ...] = get_args(MatchClass)

_NEAR = 10
"""Words."""


def match_class(gold: Sequence[range], predicted: Sequence[range]) -> MatchClass:
    """Return how the predicted evidence for a code of a note matches that of coders (Beckh et al. 2025).

    Parameters
    ----------
    gold
        The words of each marked span, by their positions in the text.
    predicted
        The words of each predicted span.

    Returns
    -------
    str
        ``empty``
            No word is predicted.
        ``exact``
            The same words.
        ``proximate``
            A word of each marked span is predicted, and each predicted word is at most 10 words away from a
            marked span.
        ``partial``
            A marked word is predicted.
        ``none``
            No marked word is predicted.

        The first that applies.

    """
    marked = {word for span in gold for word in span}
    found = {word for span in predicted for word in span}
    if not found:
        return "empty"
    if found == marked:
        return "exact"
    spans = [span for span in gold if len(span)]
    if (
        spans
        and all(not found.isdisjoint(span) for span in spans)
        and all(_near(word, spans) for word in found)
    ):
        return "proximate"
    return "none" if found.isdisjoint(marked) else "partial"


def _near(word: int, spans: Sequence[range]) -> bool:
    return any(span.start - _NEAR <= word < span.stop + _NEAR for span in spans)
