"""The sections of a note, by their headings."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal, NamedTuple, get_args

import yaml

from clem_icd.cues.kinds import LANGUAGES

__all__ = ["SECTION_KINDS", "Section", "SectionKind", "sections_in"]

SectionKind = Literal[
    "header", "allergies", "complaint", "procedures", "present_illness", "history", "family", "social",
    "systems", "exam", "results", "course", "medications_on_admission", "medications", "diagnosis",
    "disposition", "condition", "instructions", "followup", "plan", "other",
]  # fmt: skip
SECTION_KINDS: tuple[SectionKind, ...] = get_args(SectionKind)

# A line that begins with a short title: its colon, if any, follows the match.
_TITLE = re.compile(
    r"^[^\S\n]{0,20}(?P<mark>(?:[#>*•-]{1,3}|\d{1,2}[.)])[^\S\n]{0,4})?"
    r"(?P<title>[^\W\d_][^\n:]{0,59})(?=:|$)",
    re.MULTILINE,
)
_TRAILING = re.compile(r"[\s*.]+\Z")
_WORD = re.compile(r"\w+")
_CONJUNCTIONS = frozenset(("and", "y", "e"))
_OCCASION = re.compile(r" (?:on|at|upon) (?:admission|discharge|arrival)$| al (?:ingreso|alta)$")
_SENTENCE_MARKS = frozenset(".!?;#")
_UNKNOWN_WORDS = 6
_UNKNOWN_LETTERS = 4
_MINOR = 3  # letters: shorter words of a title are not capitalized
_ABBREVIATED = 3  # letters: a shorter name is a heading only with a colon


@dataclass(frozen=True, slots=True)
class Section:
    """A section: a heading and the text under it, as half-open offsets into the raw text.

    Attributes
    ----------
    kind
        What the section contains; ``other`` if the heading is unknown.
    title_begin, title_end
        The heading, without a colon.
    begin, end
        The text: from after the colon to the line of the next heading.

    """

    kind: SectionKind
    title_begin: int
    title_end: int
    begin: int
    end: int


def sections_in(text: str, language: str | None) -> list[Section]:
    """Find the sections of a note, in order and without overlaps, in time linear in its length.

    A heading stands at the start of a line. A known one is followed by a colon, or is alone on its line and
    capitalized. An unknown one has a colon, and is in capitals or a capitalized title alone on its line.

    Parameters
    ----------
    text
        The raw text of the note.
    language
        One of `LANGUAGES`. For None or another language the result is empty.

    """
    if language not in LANGUAGES:
        return []
    sections: list[Section] = []
    end = len(text)
    for heading in reversed(list(_headings(text, language))):
        title_end = heading.title_begin + len(heading.title)
        sections.append(Section(heading.kind, heading.title_begin, title_end, heading.begin, end))
        end = heading.line_begin
    return sections[::-1]


class _Heading(NamedTuple):
    kind: SectionKind
    title: str
    line_begin: int
    title_begin: int
    begin: int  # of the text under it


def _headings(text: str, language: str) -> Iterator[_Heading]:
    names = _names(language)
    for found in _TITLE.finditer(text):
        title = _TRAILING.sub("", found["title"])
        kind = _kind(names, title, text, found.end(), marked=found["mark"] is not None)
        if kind is not None:
            begin = found.end() + text.startswith(":", found.end())
            yield _Heading(kind, title, found.start(), found.start("title"), begin)


def _kind(
    names: dict[str, SectionKind | None], title: str, text: str, end: int, *, marked: bool
) -> SectionKind | None:
    """Return the kind of section that a title begins, or None if it is not a heading."""
    colon = text.startswith(":", end)
    if not colon and not title[:1].isupper():
        return None
    name = _normalized(title)
    for known in (name, _OCCASION.sub("", name)):
        if known in names:
            return names[known] if colon or len(known) > _ABBREVIATED else None
    return "other" if colon and not marked and _is_unknown_heading(title, text, end + 1) else None


def _is_unknown_heading(title: str, text: str, begin: int) -> bool:
    words = _WORD.findall(title)
    if len(words) > _UNKNOWN_WORDS or not _SENTENCE_MARKS.isdisjoint(title):
        return False
    if title.isupper():
        return sum(map(str.isalpha, title)) >= _UNKNOWN_LETTERS
    line_end = text.find("\n", begin)
    alone = not text[begin : line_end if line_end >= 0 else len(text)].strip()
    return alone and all(word[0].isupper() for word in words if len(word) > _MINOR)


def _normalized(title: str) -> str:
    """Return a title in lower case, without accents, conjunctions and punctuation."""
    letters = (letter for letter in unicodedata.normalize("NFD", title) if not unicodedata.combining(letter))
    words = _WORD.findall("".join(letters).casefold())
    return " ".join(word for word in words if word not in _CONJUNCTIONS)


@functools.cache
def _names(language: str) -> dict[str, SectionKind | None]:
    """Return the kinds of sections by their normalized names; None for what is never a section."""
    table = yaml.safe_load(files(__package__).joinpath("headings.yaml").read_text(encoding="utf-8"))
    kinds = {kind: kind for kind in SECTION_KINDS}
    return {_normalized(name): kinds.get(kind) for kind, names in table[language].items() for name in names}
