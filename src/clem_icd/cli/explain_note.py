"""clem explain of one note: on the terminal, as a page or as JSON."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clem_icd.cli.coded_note import about_decisions, about_text, suggestion_as_json
from clem_icd.cli.evidence_options import as_explained
from clem_icd.cli.found_words import FoundWords
from clem_icd.cli.marked_note import colours_of, marked_note, number_of, style_of
from clem_icd.cli.options import Encoding, WrappedNotes, naming_options
from clem_icd.cli.tabulation import new_table, plain
from clem_icd.cli.terminal import Terminal
from clem_icd.cli.title_search import about_search
from clem_icd.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from clem_icd.explanation import Explainer
    from clem_icd.icd import CodeSystem
    from clem_icd.prediction import Coder, Coding
    from clem_icd.reporting.explained import ExplainedNote
    from clem_icd.texts import PlainText

_FOUND_BY_SEARCH = 5
"""The number of codes that a search shows: it assigns none."""


@dataclass(frozen=True)
class OneNote:
    """Options of a single note."""

    code: Annotated[
        list[str] | None,
        typer.Option(
            help="Explain this code, assigned or not, such as E11.9. Repeatable. Default: the assigned codes."
        ),
    ] = None
    top: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Explain at least this many codes, the most probable. Default: 5 for a search in titles.",
        ),
    ] = None
    threshold: Annotated[
        float | None,
        typer.Option(
            help="Assign every code whose probability exceeds this. Default: the rule of the model."
        ),
    ] = None
    all: Annotated[
        bool, typer.Option("--all", help="Show the whole of a long note, not only lines with marked words.")
    ] = False
    html: Annotated[
        Path | None,
        typer.Option(
            help="Write a self-contained page with the note and its codes to this file, instead of showing "
            "them on the terminal. Needs the extra 'report'."
        ),
    ] = None
    encoding: Encoding = "utf-8"
    wrapped: WrappedNotes = "convert"


def explain_note(
    terminal: Terminal,
    name: str,
    one: OneNote,
    searched: CodeSystem | None,
    load: Callable[[], Explainer],
) -> None:
    """Explain one note, on the terminal or as a page.

    Parameters
    ----------
    name
        The file, or - for standard input.
    one
        The options of the verb for a note.
    searched
        The code system that is searched instead of a model.
    load
        Loads the model, which takes seconds: called once the note has been read.

    """
    from clem_icd.files import write_text
    from clem_icd.prediction import Coder
    from clem_icd.reporting.explained import explained_html, require_page
    from clem_icd.texts import remarks_on

    if one.html is not None:
        require_page()
    with naming_options("--encoding"):
        text = _read(name, one)
    for line in about_text(name, text.wrappings, remarks_on(text.text), keeps=one.wrapped == "keep"):
        terminal.say(line)
    explainer = load()
    coder = Coder(explainer.system, explainer.info, threshold=one.threshold, explainer=explainer)
    codes = [explainer.info.code_named(code) for code in one.code] if one.code else None
    top = one.top or (_FOUND_BY_SEARCH if searched else 0)
    coding = coder.explain(text.text, codes, top=top, wrapped="keep")
    found = FoundWords(text.text, getattr(coder.system, "language", None))
    explained = _explained(name, text.text, coding, coder, explainer, found, searched)
    if explained.unread:
        terminal.say(f"{name}: {explained.unread}")
    if one.html is not None:
        write_text(one.html, explained_html(explained))
    value = {
        **about_decisions(coder, searched),
        "method": explainer.name,
        **as_explained(explainer),
        "note": name,
        "wrappings": list(text.wrappings),
        "remarks": list(remarks_on(text.text)),
        "tokens": coding.tokens,
        "tokens_read": coding.tokens_read,
        "characters": len(text.text),
        "characters_read": explained.read,
        "suggestions": [suggestion_as_json(each, explained.score_name, found) for each in coding.suggestions],
        "html": None if one.html is None else str(one.html),
    }
    if one.html is not None:
        terminal.result(value, lambda console: console.print(f"Wrote {one.html}", markup=False))
    else:
        terminal.result(value, lambda console: _show(console, explained, coding, found, whole=one.all))


def _read(name: str, one: OneNote) -> PlainText:
    from clem_icd.sources import notes_in_files
    from clem_icd.sources.uncoded_notes import is_folder
    from clem_icd.texts import PlainText

    if is_folder(name):
        raise InputError(
            f"{name} is a folder, expected a file with one note",
            remedy="Name a file, or see the codes of all notes with `clem code --evidence`",
        )
    [note] = notes_in_files([name], sys.stdin.buffer.read, encoding=one.encoding, wrapped=one.wrapped)
    if note.problem is not None:
        raise note.problem
    return note.plain or PlainText("")


def _explained(
    name: str,
    text: str,
    coding: Coding,
    coder: Coder,
    explainer: Explainer,
    found: FoundWords,
    searched: CodeSystem | None,
) -> ExplainedNote:
    from clem_icd.reporting.explained import ExplainedCode, ExplainedNote, MarkedSpan

    codes = tuple(
        ExplainedCode(
            each.code,
            each.system,
            each.title,
            each.probability,
            each.decided,
            tuple(MarkedSpan(*span, cues=tuple(found.kinds(span))) for span in each.evidence),
        )
        for each in coding.suggestions
    )
    return ExplainedNote(
        name="standard input" if name == "-" else name,
        text=text,
        codes=codes,
        read=explainer.end_of_reading(text) if coding.truncated else len(text),
        method=explainer.name,
        cut=None if explainer.about["rule"] is None else explainer.rule.cut,
        assigns=searched is None,
        remarks=(*explainer.remarks, *_remarks(coder, searched)),
    )


def _remarks(coder: Coder, searched: CodeSystem | None) -> tuple[str, ...]:
    if searched is None:
        return (f"A code is assigned {coder.rule.describe()}. The coder decides.",)
    return (*about_search(searched, coder.system), "The coder decides.")


def _show(console: Console, note: ExplainedNote, coding: Coding, found: FoundWords, *, whole: bool) -> None:
    from clem_icd.reporting.explained import visible

    colours = colours_of(console)
    console.print(plain(visible(note.name)), style="bold")
    for part in marked_note(note, whole=whole, colours=colours):
        console.print(part)
    console.print()
    table = new_table(
        *("code", "title", note.score_name, "assigned", "words"), text=("title", "assigned", "words")
    )
    for place, (code, suggestion) in enumerate(zip(note.codes, coding.suggestions, strict=True)):
        words, _ = found.cells(suggestion.evidence)
        value = plain(code.code)
        if colours:
            value.append(number_of(place))
            value.stylize(style_of(place, colours))
        table.add_row(
            value,
            plain(code.title or "(no title known)"),
            f"{code.score:.3f}",
            "yes" if code.assigned else "",
            plain(words or f"({note.nothing})"),
        )
    if note.codes:
        console.print(table)
    else:
        console.print("No code is assigned. Explain the most probable ones with --top.", markup=False)
    for line in (note.meaning, *note.remarks):
        console.print(line, markup=False)
