"""clem code: codes for new notes."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clem_icd.cli.coded_note import about_decisions, about_text, suggestion_as_json
from clem_icd.cli.evidence_options import HowExplained, about_evidence, as_explained
from clem_icd.cli.found_words import FoundWords
from clem_icd.cli.options import Encoding, Precision, WrappedNotes, naming_options, with_options
from clem_icd.cli.tabulation import new_table, plain
from clem_icd.cli.terminal import Terminal
from clem_icd.cli.title_search import (
    ModelOrSystem,
    NotesLanguage,
    about_search,
    check_options,
    open_system,
    searched_system,
)
from clem_icd.cli.verb import changed_options, verb
from clem_icd.errors import InputError, NoteError

if TYPE_CHECKING:
    from rich.console import Console

    from clem_icd.icd import CodeSystem
    from clem_icd.prediction import Coder, Coding
    from clem_icd.sources import UncodedNote
    from clem_icd.texts import Wrapped

SOME_FAILED = 3
"""The exit code if some notes could not be read, and the others were coded."""

_REASONS = 3


@dataclass(frozen=True)
class _Table:
    """Options of a table of notes."""

    table: Annotated[
        Path | None,
        typer.Option(help="Code every record of a table (csv, tsv, jsonl or parquet) in place of files."),
    ] = None
    text: Annotated[str, typer.Option(help="Column of the notes in --table.")] = "text"
    note_id: Annotated[str, typer.Option(help="Column of the note ids in --table.")] = "note_id"


@dataclass(frozen=True, slots=True)
class _Coded:
    """A note that was coded; its text is kept only to show evidence."""

    name: str
    wrappings: tuple[str, ...]
    remarks: tuple[str, ...]
    text: str | None
    coding: Coding


@dataclass(frozen=True, slots=True)
class _Wording:
    """How the output speaks of a model, or of a search in titles."""

    title: str
    score: str
    undecided: str
    last: tuple[str, ...]


@verb()
def code(
    terminal: Terminal,
    model: ModelOrSystem,
    table: _Table,
    notes: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NOTE.txt",
            help="Text files with one note each, folders of *.txt, or - for standard input.",
        ),
    ] = None,
    top: Annotated[int, typer.Option(min=0, help="Show at least this many codes per note.")] = 15,
    threshold: Annotated[
        float | None,
        typer.Option(
            help="Assign every code whose probability exceeds this. Default: the rule of the model."
        ),
    ] = None,
    language: NotesLanguage = None,
    precision: Precision = "fp32",
    evidence: Annotated[
        bool,
        typer.Option(
            "--evidence",
            help="Also show the words that support each code, which prints parts of the notes.",
        ),
    ] = False,
    *,
    how: HowExplained,
    encoding: Encoding = "utf-8",
    wrapped: WrappedNotes = "convert",
) -> None:
    """Suggest codes for notes, with a model or by searching the titles of a code system.

    Without any model: `clem code icd10cm note.txt`. A note that cannot be read is named with its reason, and
    the others are coded; the exit code is then 3.

    Example: `clem code runs/demo/model note.txt`
    """
    from clem_icd.prediction import Coder

    searched = searched_system(model, terminal.say)
    check_options(searched, language=language, useless={"--threshold": threshold})
    how.require(evidence=evidence)

    for line in _left_out(notes or []):
        terminal.say(line)
    failed: list[UncodedNote] = []
    options = ("--encoding",) if table.table else ("--encoding", "--table")
    # Up to the first note before the model is loaded, which takes seconds.
    with naming_options(*options):
        uncoded = _uncoded(terminal, table, notes, encoding, wrapped)
    readable = _from_first(_readable(uncoded, failed, options), failed)
    opened = open_system(model, searched, language, precision=precision, say=terminal.say)
    coder = Coder(*opened, threshold=threshold)
    if evidence:
        coder.explainer = how.explainer(coder.system, coder.info)
    coded = []
    for one in _coded(coder, readable, top, evidence=evidence):
        for line in _remarks(one, keeps=wrapped == "keep"):
            terminal.say(line)
        coded.append(one)
    for note in failed:
        terminal.warn(str(note.problem))
    failures = [{"note": note.name, "problem": str(note.problem)} for note in failed]
    wording = _wording(coder, searched)
    # Cues are known in some languages only.
    spoken = getattr(coder.system, "language", None)
    value = {
        **about_decisions(coder, searched),
        "notes": [_as_json(one, spoken, wording.score) for one in coded],
        "failed": failures,
        **as_explained(coder.explainer),
    }
    terminal.result(value, lambda console: _show(console, coded, wording, spoken))
    if failed:
        raise typer.Exit(SOME_FAILED)


def _uncoded(
    terminal: Terminal, table: _Table, notes: list[str] | None, encoding: str, wrapped: Wrapped
) -> Iterator[UncodedNote]:
    if table.table is not None:
        from clem_icd.sources import check_records, notes_in_table
        from clem_icd.tabular.sentences import counted

        if notes:
            raise InputError("got files and a table, expected one of them", remedy="Leave out one of them")
        # Nothing is coded of a table that turns out to be malformed halfway.
        found = check_records(table.table, note_id=table.note_id, text=table.text, encoding=encoding)
        if count := found.repeated_headers:
            one, many = "record repeats the header and was", "records repeat the header and were"
            terminal.say(f"{table.table}: {counted(count, one, many)} left out")
        return notes_in_table(
            table.table, note_id=table.note_id, text=table.text, encoding=encoding, wrapped=wrapped
        )
    if ignored := changed_options(table):
        raise InputError(f"{ignored[0]} needs --table", remedy="Name the table, or leave the option out")
    from clem_icd.sources import notes_in_files

    return notes_in_files(
        notes or ["-"],
        sys.stdin.buffer.read,
        encoding=encoding,
        wrapped=wrapped,
    )


def _left_out(names: list[str]) -> Iterator[str]:
    """Yield a line for every folder with files that are not read."""
    from clem_icd.sources.uncoded_notes import is_folder
    from clem_icd.texts import has_notes, other_files

    for folder in map(Path, filter(is_folder, names)):
        if has_notes(folder) and (others := other_files(folder)):
            listed = ", ".join(f"{count:,} {suffix}" for suffix, count in others.items())
            yield f"{folder}: only *.txt are read; left out: {listed}"


def _readable(
    notes: Iterator[UncodedNote], failed: list[UncodedNote], options: tuple[str, ...]
) -> Iterator[UncodedNote]:
    for note in notes:
        if note.problem is not None:
            failed.append(replace(note, problem=with_options(note.problem, options)))
        else:
            yield note


def _from_first(notes: Iterator[UncodedNote], failed: list[UncodedNote]) -> Iterator[UncodedNote]:
    """Return notes of which the first has been read.

    Raises
    ------
    InputError
        If no note can be read, or there are none.

    """
    first = next(notes, None)
    if first is not None:
        return chain([first], notes)
    if len(failed) == 1 and failed[0].problem is not None:
        raise failed[0].problem
    reasons = " ".join(str(note.problem) for note in failed[:_REASONS])
    raise NoteError(
        f"none of {len(failed):,} notes can be read: {reasons}" if failed else "there are no notes"
    )


def _coded(coder: Coder, notes: Iterator[UncodedNote], top: int, *, evidence: bool) -> Iterator[_Coded]:
    from clem_icd.texts import PlainText, remarks_on

    waiting: deque[tuple[str, tuple[str, ...], tuple[str, ...], str | None]] = deque()

    def texts() -> Iterator[str]:
        for note in notes:
            text = note.plain or PlainText("")
            waiting.append(
                (note.name, text.wrappings, remarks_on(text.text), text.text if evidence else None)
            )
            yield text.text

    # The command line has converted, kept or refused wrapped notes already.
    for coding in coder.code_all(texts(), top=top, evidence=evidence, wrapped="keep"):
        yield _Coded(*waiting.popleft(), coding)


def _remarks(one: _Coded, *, keeps: bool) -> Iterator[str]:
    yield from about_text(one.name, one.wrappings, one.remarks, keeps=keeps)
    if one.coding.truncated:
        tokens, read = one.coding.tokens, one.coding.tokens_read
        yield f"{one.name} has {tokens:,} tokens; only the first {read:,} were read"


def _wording(coder: Coder, searched: CodeSystem | None) -> _Wording:
    shown = about_evidence(coder.explainer)
    if searched is None:
        last = f"A code is assigned {coder.rule.describe()}. The coder decides."
        return _Wording("{}", "probability", "dim", (*shown, last))
    lines = (*shown, *about_search(searched, coder.system), "The coder decides.")
    return _Wording("{}: search suggestions", "score", "", lines)


def _as_json(one: _Coded, language: str | None, score: str) -> dict[str, Any]:
    found = FoundWords(one.text, language)
    return {
        "note": one.name,
        "wrappings": list(one.wrappings),
        "remarks": list(one.remarks),
        "tokens": one.coding.tokens,
        "tokens_read": one.coding.tokens_read,
        "suggestions": [
            suggestion_as_json(suggestion, score, found) for suggestion in one.coding.suggestions
        ],
    }


def _show(console: Console, coded: list[_Coded], wording: _Wording, language: str | None) -> None:
    for position, one in enumerate(coded):
        if position:
            console.print()
        found = FoundWords(one.text, language)
        table = new_table(
            *("code", "title", wording.score, "assigned", *found.columns),
            title=wording.title.format(one.name),
            text=("title", "assigned", *found.columns),
        )
        for suggestion in one.coding.suggestions:
            table.add_row(
                suggestion.code,
                plain(suggestion.title or "(no title known)"),
                f"{suggestion.probability:.3f}",
                "yes" if suggestion.decided else "",
                *map(plain, found.cells(suggestion.evidence)),
                style="bold" if suggestion.decided else wording.undecided,
            )
        console.print(table)
    for line in wording.last:
        console.print(line, markup=False)
