"""A note on the terminal, with the words of each code in its colour."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from clem_icd.reporting.explained import Excerpt, ExplainedNote, Segment

# Light backgrounds under black letters, readable on any terminal; few enough to be told apart.
_COLOURS = ("#8ecae6", "#ffd166", "#b7e4c7", "#f4acb7", "#cdb4db", "#f4a261", "#c5d86d", "#7fd8be")
_FEW_COLOURS = ("cyan", "yellow", "green", "magenta", "bright_blue", "bright_red")
_SUPERSCRIPTS = str.maketrans("0123456789", "\N{SUPERSCRIPT ZERO}¹²³⁴⁵⁶⁷⁸⁹")

_SHORT_LINES, _SHORT = 45, 4_000
"""The longest note that is shown as a whole, in lines and in characters."""


def colours_of(console: Console) -> tuple[str, ...]:
    """Return the colours of the codes on a terminal; empty if it cannot show colours."""
    if console.color_system is None or console.no_color:
        return ()
    return _FEW_COLOURS if console.color_system in ("standard", "windows") else _COLOURS


def style_of(code: int, colours: tuple[str, ...]) -> str:
    """Return the style of the words of a code, given by its place; it repeats after the last colour."""
    return f"black on {colours[code % len(colours)]}"


def number_of(code: int) -> str:
    """Return the small number of a code, given by its place, which ends its words."""
    return str(code + 1).translate(_SUPERSCRIPTS)


def marked_note(note: ExplainedNote, *, whole: bool, colours: tuple[str, ...]) -> Iterator[Text]:
    """Yield the parts of a note for printing: the whole note if it is short, or the lines with marked words.

    Parameters
    ----------
    whole
        Show a long note as a whole, too.
    colours
        Mark words by these colours and small numbers; without any, by the codes in brackets.

    """
    from rich.text import Text

    from clem_icd.reporting.explained import Excerpt, excerpts, segments_of

    text = note.text.rstrip()
    if whole or (len(text) <= _SHORT and text.count("\n") < _SHORT_LINES):
        shown = [Excerpt(0, len(text), 1)]
    else:
        shown = excerpts(text, ((span.begin, span.end) for code in note.codes for span in code.spans))
    ends = [end for one in shown for end in (one.begin, one.end)]
    parts = _Parts(note, segments_of(note.text, note.codes, (*ends, note.read)), colours)
    behind = 0
    for excerpt in shown:
        if excerpt.begin > behind:
            yield Text(f"… line {excerpt.line:,}", style="dim")
        yield parts.marked(excerpt)
        behind = excerpt.end
    if behind < len(text):
        yield Text(f"… {text.count(chr(10)) + 1:,} lines in all; --all shows the whole note", style="dim")


class _Parts:
    """Marks the words in parts of a note."""

    def __init__(self, note: ExplainedNote, segments: Sequence[Segment], colours: tuple[str, ...]) -> None:
        from clem_icd.reporting.explained import visible

        self._note = note
        self._text = visible(note.text)
        self._segments = segments
        self._begins = [segment.begin for segment in segments]
        self._colours = colours

    def marked(self, excerpt: Excerpt) -> Text:
        """Return a part of the note that begins and ends with segments."""
        from rich.text import Text

        shown = Text()
        first, last = (bisect_left(self._begins, at) for at in (excerpt.begin, excerpt.end))
        for segment in self._segments[first:last]:
            words = self._text[segment.begin : segment.end]
            if not segment.parts:
                shown.append(words, "dim" if segment.begin >= self._note.read else "")
            elif self._colours:
                _append_coloured(shown, words, segment, self._colours)
            else:
                codes = ", ".join(self._note.codes[code].code for code in segment.codes)
                shown.append(f"[{codes}: {words}]")
        return shown


def _append_coloured(shown: Text, words: str, segment: Segment, colours: tuple[str, ...]) -> None:
    """Add the words in the colour of the first code, underlined if they belong to several."""
    several = "bold underline " if len(segment.codes) > 1 else ""
    shown.append(words, several + style_of(segment.codes[0], colours))
    for part in segment.parts:
        if part.ends:
            shown.append(number_of(part.code), f"bold {style_of(part.code, colours)}")
