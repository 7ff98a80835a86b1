"""Guessing the language of a note, where neither a model nor a user names it."""

from __future__ import annotations

import re

from clem_icd.cues.kinds import Language

__all__ = ["guess_language"]

# Frequent words that only one of the two languages has, also in telegraphic notes.
_FREQUENT: dict[Language, re.Pattern[str]] = {
    "en": re.compile(r"\b(?:the|of|and|with|was|for|at|from|on|were|which|this|that|had)\b", re.IGNORECASE),
    "es": re.compile(r"\b(?:de|la|el|en|con|del|los|las|por|que|una|se|sin|al|y|su)\b", re.IGNORECASE),
}
_READ = 20_000  # characters: enough of any note
_LEAST = 2
_MARGIN = 2


def guess_language(text: str) -> Language | None:
    """Return the language of a note by its frequent words; None if they do not tell.

    A language without cues is none of `LANGUAGES`, unless it shares these words with one of them, as
    Portuguese does with Spanish.

    Parameters
    ----------
    text
        The raw text of the note.

    """
    counts = {language: len(words.findall(text[:_READ])) for language, words in _FREQUENT.items()}
    second, best = sorted(counts, key=counts.__getitem__)
    return best if counts[best] >= max(_LEAST, _MARGIN * counts[second]) else None
