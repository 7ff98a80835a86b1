"""A note on the terminal, with the words of each code in its colour."""

from __future__ import annotations

from collections.abc import Iterator
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
    """Return the colours for the codes on a terminal; none where there are no colours."""
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

    from clem_icd.reporting.explained import Excerpt, excerpts

    text = note.text.rstrip()
    if whole or (len(text) <= _SHORT and text.count("\n") < _SHORT_LINES):
        yield _marked(note, Excerpt(0, len(text), 1), colours)
        return
    behind = 0
    for excerpt in excerpts(text, ((span.begin, span.end) for code in note.codes for span in code.spans)):
        if excerpt.begin > behind:
            yield Text(f"… line {excerpt.line:,}", style="dim")
        yield _marked(note, excerpt, colours)
        behind = excerpt.end
    if behind < len(text):
        yield Text(f"… {text.count(chr(10)) + 1:,} lines in all; --all shows the whole note", style="dim")


def _marked(note: ExplainedNote, excerpt: Excerpt, colours: tuple[str, ...]) -> Text:
    from rich.text import Text

    from clem_icd.reporting.explained import segments_of, visible

    shown = Text()
    text = visible(note.text)
    for segment in segments_of(note.text, note.codes, (excerpt.begin, excerpt.end, note.read)):
        if excerpt.begin <= segment.begin and segment.end <= excerpt.end:
            words = text[segment.begin : segment.end]
            if not segment.parts:
                shown.append(words, "dim" if segment.begin >= note.read else "")
            elif colours:
                _append_coloured(shown, words, segment, colours)
            else:
                codes = ", ".join(note.codes[code].code for code in segment.codes)
                shown.append(f"[{codes}: {words}]")
    return shown


def _append_coloured(shown: Text, words: str, segment: Segment, colours: tuple[str, ...]) -> None:
    """Add the words in the colour of the first code, underlined if they belong to several."""
    several = "bold underline " if len(segment.codes) > 1 else ""
    shown.append(words, several + style_of(segment.codes[0], colours))
    for part in segment.parts:
        if part.ends:
            shown.append(number_of(part.code), f"bold {style_of(part.code, colours)}")
