"""Finding the cues of a note."""

from __future__ import annotations

import functools
from collections.abc import Iterator

from clem_icd.cues.english import ENGLISH
from clem_icd.cues.found import Cue, Cues
from clem_icd.cues.kinds import CueKind
from clem_icd.cues.phrases import PhraseTable, Vocabulary
from clem_icd.cues.scopes import Scopes
from clem_icd.cues.sections import Section, SectionKind, sections_in
from clem_icd.cues.spanish import SPANISH
from clem_icd.cues.tokens import tokens_in

__all__ = ["cues_in"]

_VOCABULARIES: dict[str, Vocabulary] = {"en": ENGLISH, "es": SPANISH}
_SECTION_CUES: dict[SectionKind, CueKind] = {"family": "family", "history": "history"}


def cues_in(text: str, language: str | None) -> Cues:
    """Find the cues of a note, in time linear in its length.

    Parameters
    ----------
    text
        The raw text of the note.
    language
        One of `LANGUAGES`. For None or another language the result is empty.

    """
    if language not in _VOCABULARIES:
        return Cues()
    return Cues(_found(text, language))


def _found(text: str, language: str) -> Iterator[Cue]:
    sections = sections_in(text, language)
    for section in sections:
        if (kind := _SECTION_CUES.get(section.kind)) and section.begin < section.end:
            yield Cue(kind, section.title_begin, section.title_end, section.begin, section.end)
    yield from _triggered(text, language, sections)


def _triggered(text: str, language: str, sections: list[Section]) -> Iterator[Cue]:
    tokens, table = tokens_in(text), _table(language)
    matches = list(table.matches(tokens))
    scopes = Scopes(tokens, matches, table.vocabulary, {section.title_begin for section in sections})
    for match in matches:
        if match.rule.kind is not None:
            begin, end = tokens.begins[match.first], tokens.ends[match.last]
            # "Ruled out PE" governs what follows, "PE ruled out." what precedes.
            scope = scopes.after(match) or scopes.before(match)
            if scope is not None:
                yield Cue(match.rule.kind, begin, end, *scope)


@functools.cache
def _table(language: str) -> PhraseTable:
    return PhraseTable(_VOCABULARIES[language])
