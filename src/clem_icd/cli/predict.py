"""clem predict: scores for many notes."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from clem_icd.cli.evidence_options import HowExplained, as_explained
from clem_icd.cli.notes_options import SOME_FAILED, NotesTable, left_out
from clem_icd.cli.options import (
    Encoding,
    Force,
    Precision,
    Split,
    WrappedNotes,
    named_in,
    naming_options,
)
from clem_icd.cli.terminal import Terminal
from clem_icd.cli.title_search import (
    ModelOrSystem,
    NotesLanguage,
    check_options,
    open_system,
    searched_system,
)
from clem_icd.cli.verb import changed_options, verb
from clem_icd.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from clem_icd.corpus import Corpus
    from clem_icd.modeling import ModelInfo
    from clem_icd.prediction.bulk import BulkResult, Failed, Notes, Work
    from clem_icd.texts import Wrapped

# Of the notes that cannot be read, named on the terminal; --json has all.
_NAMED = 20


@dataclass(frozen=True)
class _OfCorpus:
    """Options of a split of a corpus."""

    corpus: Annotated[
        Path | None, typer.Option(help="Score every note of a split of this corpus in place of files.")
    ] = None
    split: Split = "test"


@dataclass(frozen=True)
class _Working:
    """Options of how the work is done, which change nothing about its result."""

    workers: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Number of worker processes. Default: one per core, as far as memory holds their copies of "
            "the model and there are enough notes; with a GPU, one.",
        ),
    ] = None
    engine: Annotated[
        Literal["local", "ray"],
        typer.Option(help="Score on this machine, or on a Ray cluster (docs/how-to/score-many-notes.md)."),
    ] = "local"
    ray_address: Annotated[
        str | None,
        typer.Option(
            help="With --engine ray: the head of the cluster, such as 10.0.0.7:6379. Default: that of "
            "RAY_ADDRESS; without it, a cluster is started for this run."
        ),
    ] = None
    part: Annotated[
        str | None,
        typer.Option(
            metavar="K/N",
            help="Score only the K-th of N shares of the notes, for an array of jobs that share --out. The "
            "same command without --part then writes the file, and reports all notes that cannot be read.",
        ),
    ] = None
    restart: Annotated[
        bool,
        typer.Option(
            "--restart", help="Discard what an interrupted run has finished instead of resuming it."
        ),
    ] = False

    def work(self, *, force: bool) -> Work:
        """Return how the work is done.

        Raises
        ------
        InputError
            If an option does not apply.
        MissingExtraError
            If Ray is asked for and not installed.

        """
        from clem_icd.extras import require_installed
        from clem_icd.prediction.bulk import Part, Work

        part = None if self.part is None else Part.parse(self.part)
        if part is not None and self.restart:
            raise InputError(
                "--restart would discard the shares of other jobs", remedy="Run it once without --part first"
            )
        if self.engine == "ray":
            require_installed("ray", "The engine ray")
        elif self.ray_address is not None:
            raise InputError(
                "--ray-address needs --engine ray", remedy="Name the engine, or leave the option out"
            )
        return Work(self.engine, self.workers, self.ray_address, part, self.restart, force)


@verb(interrupted="Finished notes are kept beside --out, and the same command resumes with the rest.")
def predict(
    terminal: Terminal,
    model: ModelOrSystem,
    out: Annotated[Path, typer.Option(help="Output scores file (parquet).")],
    of_corpus: _OfCorpus,
    table: NotesTable,
    notes: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NOTES", help="Text files with one note each, or folders of *.txt.", show_default=False
        ),
    ] = None,
    top: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="For a model that ranks a whole code system: codes to list per note; all others count as 0. "
            "Default: 1000.",
        ),
    ] = None,
    language: NotesLanguage = None,
    precision: Precision = "fp32",
    evidence: Annotated[
        Path | None,
        typer.Option(
            help="Also write the words that support each assigned code to this evidence file (parquet)."
        ),
    ] = None,
    *,
    how: HowExplained,
    encoding: Encoding = "utf-8",
    wrapped: WrappedNotes = "convert",
    working: _Working,
    force: Force = False,
) -> None:
    """Score many notes: those of a corpus split, of a table, or of text files.

    Finished notes are kept in a folder beside --out until the file is complete: after an interruption of any
    kind, the same command resumes with the rest. A note that cannot be read is named with its reason, and
    the others are scored; the exit code is then 3, or 0 with --part.

    Example: `clem predict runs/demo/model --corpus runs/demo-corpus --split test --out scores.parquet`
    """
    from clem_icd.prediction.bulk import (
        ModelSource,
        Opened,
        check_outputs,
        hardware_of,
        predict_notes,
        survey,
    )
    from clem_icd.prediction.split_scores import precision_of, reduced_precision
    from clem_icd.scores import TOP

    searched = searched_system(model, terminal.say)
    check_options(searched, language=language, useless={"--evidence": evidence})
    how.require(evidence=evidence is not None)
    _require_single_source(notes, of_corpus, table, encoding, wrapped)
    work = working.work(force=force)
    check_outputs(out, evidence, force=force, restart=work.restart)

    for line in left_out(notes or []):
        terminal.say(line)
    advice = () if of_corpus.corpus else table.advice
    with naming_options(*advice):
        source, corpus = _source(notes, of_corpus, table, encoding, wrapped)
        surveyed = survey(source, terminal.counter("Reading the notes"))
        if corpus is None:
            # Up to the first note that can be read before the model is loaded, which takes seconds.
            _require_readable(source, advice)
    for line in surveyed.remarks:
        terminal.say(line)
    if precision == "auto" and not work.restart and searched is None:
        precision = _resumed_precision(out, terminal) or precision
    system, info = open_system(model, searched, language, precision=precision, say=terminal.say)
    explainer = how.explainer(system, info) if evidence is not None else None
    about, warnings = _provenance(info, source, corpus, of_corpus.split)
    result = predict_notes(
        source,
        surveyed,
        ModelSource(
            searched or model,
            language or "en",
            how.chosen(),
            how.cut,
            precision_of(system),
            hardware_of(system),
        ),
        Opened(system, info, explainer),
        out,
        about={**about, **reduced_precision(system)},
        top=top,
        evidence=evidence,
        work=work,
        observer=terminal,
    )
    failed = [one._replace(problem=named_in(one.problem, advice)) for one in result.failed]
    _name_failed(terminal, failed)
    if result.explained is not None and work.part is None:
        warnings = (*warnings, *result.explained.warnings)
    labels = len(info.labels)
    limit = (top or TOP) if info.is_ranked else None
    value: dict[str, Any] = {
        "scores": str(out) if work.part is None else None,
        **({} if corpus is None else {"split": of_corpus.split}),
        "notes": result.notes,
        "resumed": result.resumed,
        "remaining": result.remaining,
        "failed": [one._asdict() for one in failed],
        "labels": labels,
        **({"top": limit} if limit else {}),
        **({} if explainer is None else {"evidence": str(evidence), **as_explained(explainer)}),
        "warnings": list(warnings),
    }
    what = f"the {limit:,} best of {labels:,} codes" if limit else f"{labels:,} labels"

    def show(console: Console) -> None:
        for line in _of_share(result) if work.part else _lines(result, what, out, evidence):
            console.print(line, markup=False)
        for line in warnings:
            console.print(f"Warning: {line}", markup=False)

    terminal.result(value, show)
    # The command that puts the shares together tells of them all.
    if failed and work.part is None:
        raise typer.Exit(SOME_FAILED)


def _resumed_precision(out: Path, terminal: Terminal) -> Literal["fp32", "bf16", "int8"] | None:
    """Return the precision of the notes of an interrupted run, if this machine can score in it.

    The choice depends on how fast a machine is at the moment, and notes in another precision are refused.
    """
    from clem_icd.prediction.bulk import earlier_precision

    found = earlier_precision(out)
    if found not in ("fp32", "bf16", "int8"):
        return None
    from clem_icd.modeling.machine import best_device
    from clem_icd.modeling.precision import objection

    if objection(found, best_device()) is not None:
        return None
    terminal.say(f"Precision {found}: that of the notes that were scored before")
    return found  # type: ignore[return-value]


def _require_single_source(
    notes: list[str] | None, of_corpus: _OfCorpus, table: NotesTable, encoding: str, wrapped: Wrapped
) -> None:
    """Refuse several sources of notes or none, and options of another source."""
    if of_corpus.corpus is None:
        table.require_single_source(notes)
        if not notes and table.table is None:
            raise InputError(
                "no notes are named", remedy="Name files or folders, or a table with --table, or a --corpus"
            )
        if useless := changed_options(of_corpus):
            raise InputError(
                f"{useless[0]} needs --corpus", remedy="Name the corpus, or leave the option out"
            )
        return
    for given, what in ((notes, "files"), (table.table, "a table")):
        if given:
            raise InputError(f"got {what} and a corpus, expected one of them", remedy="Leave out one of them")
    useless = changed_options(table)
    useless += ["--encoding"] if encoding != "utf-8" else []
    useless += ["--wrapped"] if wrapped != "convert" else []
    if useless:
        raise InputError(
            f"{useless[0]} is for files and tables: the notes of a corpus were read when it was prepared",
            remedy="Leave it out",
        )


def _source(
    notes: list[str] | None, of_corpus: _OfCorpus, table: NotesTable, encoding: str, wrapped: Wrapped
) -> tuple[Notes, Corpus | None]:
    """Return the notes, and their corpus if they are of one."""
    from clem_icd.prediction.bulk import FileNotes, SplitNotes, TableNotes

    if of_corpus.corpus is not None:
        from clem_icd.corpus import Corpus

        corpus = Corpus.open(of_corpus.corpus)
        return SplitNotes.of(corpus, of_corpus.split), corpus
    if table.table is not None:
        return TableNotes(table.table, table.note_id, table.text, encoding, wrapped), None
    return FileNotes.named(notes or [], encoding=encoding, wrapped=wrapped), None


def _require_readable(source: Notes, advice: tuple[str, ...]) -> None:
    from clem_icd.prediction.bulk import Failed, nothing_readable

    failed = []
    for read in source.unread():
        note = read()
        if note.problem is None:
            return
        failed.append(Failed(note.name, named_in(str(note.problem), advice)))
    raise nothing_readable(failed)


def _provenance(
    info: ModelInfo, source: Notes, corpus: Corpus | None, split: str
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return what the header of the scores says of the notes, and warnings about them."""
    if corpus is None:
        return {"notes": source.identity(), "warnings": []}, ()
    from clem_icd.prediction import overlap_warnings
    from clem_icd.prediction.split_scores import about_split

    warnings = overlap_warnings(info, corpus, split)
    return about_split(info, corpus, split, warnings), warnings


def _name_failed(terminal: Terminal, failed: list[Failed]) -> None:
    for one in islice(failed, _NAMED):
        terminal.warn(one.problem)
    if len(failed) > _NAMED:
        terminal.warn(f"{len(failed) - _NAMED:,} more notes cannot be read; --json names all of them")


def _of_share(result: BulkResult) -> list[str]:
    left = f"{result.remaining:,} remain for other shares" if result.remaining else "no notes remain"
    return [f"{result.notes:,} notes are scored, {left}. The same command without --part writes the file"]


def _lines(result: BulkResult, what: str, out: Path, evidence: Path | None) -> list[str]:
    lines = [f"Wrote the scores of {result.notes:,} notes for {what} to {out}"]
    if result.failed:
        lines.append(f"{len(result.failed):,} notes were left out: they cannot be read")
    if evidence is not None:
        lines.append(f"Wrote the evidence for their assigned codes to {evidence}")
    return lines
