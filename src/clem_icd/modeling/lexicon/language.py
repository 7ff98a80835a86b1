"""What the lexicon knows of a language: its function words, and how its words are reduced to stems."""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Callable
from typing import Literal, get_args

import snowballstemmer

__all__ = ["LANGUAGES", "Language", "function_words", "stemmer"]

Language = Literal["en", "es", "other"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

# Words without content of their own. Negations are among them: cues read those.
_FUNCTION_WORDS = {
    "en": """a about after again all also am an and any are as at be because been before being but by can
    could did do
        does for from had has have having he her here hers him his how i if in into is it its itself may me
        might more most my no nor not of on or our out over own s she should so some such than that the their
        them then there these they this those through to too under until up very was we were what when where
        which while who whom will with without would you your patient""",
    "es": """a al algo ante antes aun aunque cada como con contra cual cuando de del desde donde dos durante e
    el ella
        ellas ellos en entre era eran es esa ese eso esta estaba estas este esto estos ha habia hace hacia
        hasta han hay la las le les lo los mas me mi mientras muy ni no nos o otra otras otro otros para pero
        poco por porque que quien se sea segun ser si sido sin sobre solo son su sus tal tambien tan tanto
        tenia tiene todo todos tras u un una unas uno unos y ya paciente""",
    "other": "",
}

_SNOWBALL = {"en": "english", "es": "spanish"}


@functools.cache
def function_words(language: Language) -> frozenset[str]:
    """Return the words that carry no content, without accents."""
    return frozenset(_FUNCTION_WORDS[language].split())


@functools.cache
def stemmer(language: Language) -> Callable[[str], str]:
    """Return the function from a lower-case word to its stem without accents, by Snowball if possible."""
    if language not in _SNOWBALL:
        return without_accents
    # The class itself: `snowballstemmer.stemmer` returns that of another package where it is installed, and
    # stems must be the same everywhere.
    algorithm = getattr(snowballstemmer, f"{_SNOWBALL[language].capitalize()}Stemmer")()
    return lambda word: without_accents(algorithm.stemWord(word))


def without_accents(word: str) -> str:
    """Return a word without its combining marks."""
    if word.isascii():
        return word
    return "".join(c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c))
