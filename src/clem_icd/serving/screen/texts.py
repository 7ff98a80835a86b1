"""What documents say of themselves: their cues, found once."""

from __future__ import annotations

import functools

from clem_icd.cues import Cues, cues_in, guess_language

_DOCUMENTS_KEPT = 64


@functools.lru_cache(maxsize=_DOCUMENTS_KEPT)
def cues_of(text: str) -> Cues:
    """Return the cues of a document, in the language that it seems to be in."""
    return cues_in(text, guess_language(text))
