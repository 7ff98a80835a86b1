"""clem prepare: turn raw files into a corpus."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from clem_icd.cli.options import Encoding, Force, WrappedNotes, naming_options
from clem_icd.cli.terminal import Terminal
from clem_icd.cli.verb import help_text, verb

if TYPE_CHECKING:
    from rich.console import Console

    from clem_icd.corpus import Corpus

prepare = typer.Typer(
    help=help_text(
        "Turn raw files into a corpus.\n\nExample: `clem prepare mimic4-icd10 --raw RAW --out CORPUS`"
    ),
    short_help="Turn raw files into a corpus.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_SHOWN_NOTICES = 3

PhysioNet = Annotated[Path, typer.Option("--raw", help="Folder of the PhysioNet download.")]
Out = Annotated[Path, typer.Option("--out", help="Output corpus folder.")]
Splits = Annotated[
    Path | None,
    typer.Option(
        "--splits",
        help="A split file, or a folder of the published ones. Default: downloaded once; for the sets of "
        "MDACE, those in its repository.",
    ),
]
CodesOf = Annotated[Literal["D", "P", "DP"], typer.Option("--codes", help="Diagnoses, procedures or both.")]


@dataclass(frozen=True)
class MimicFiles:
    """The options of every corpus of MIMIC discharge summaries."""

    raw: PhysioNet
    out: Out
    compat: Annotated[
        str,
        typer.Option(
            help="Publication to follow in rows, texts and code sets: edin2024, edin2023 (cleaned text) or "
            "caml (words only; for mimic3-full and mimic3-50)."
        ),
    ] = "edin2024"
    splits: Splits = None
    draw_split: Annotated[
        bool,
        typer.Option(
            "--draw-split",
            help="Draw a split by subject, stratified by codes. Default: the published split, or a drawn one "
            "for synthetic raw files.",
        ),
    ] = False
    evidence: Annotated[
        Path | None, typer.Option(help="Evidence for the codes in the raw notes (parquet).")
    ] = None


@dataclass(frozen=True)
class DrawnSplit:
    """How a split is drawn, if none is given."""

    validation: Annotated[
        float, typer.Option(min=0, max=1, help="Share of the notes for validation, if the split is drawn.")
    ] = 0.1
    test: Annotated[
        float, typer.Option(min=0, max=1, help="Share of the notes for test, if the split is drawn.")
    ] = 0.15
    seed: Annotated[int, typer.Option(help="Seed of a drawn split; the same seed draws the same split.")] = 10


def _mimic3(subset: Literal["full", "50", "clean"]) -> Callable[..., None]:
    def command(terminal: Terminal, files: MimicFiles, drawn: DrawnSplit, force: Force = False) -> None:
        from clem_icd.sources import prepare_mimic3

        options = {**_values(files), **_values(drawn), "force": force}
        progress = terminal.counter("Reading notes")
        _show_corpus(terminal, prepare_mimic3(**options, subset=subset, progress=progress))

    return verb()(command)


def _mimic4(version: int) -> Callable[..., None]:
    def command(
        terminal: Terminal,
        files: MimicFiles,
        drawn: DrawnSplit,
        min_count: Annotated[
            int, typer.Option(min=1, help="Keep codes with at least this many notes; drop rarer ones.")
        ] = 10,
        force: Force = False,
    ) -> None:
        from clem_icd.sources import prepare_mimic4

        options = {**_values(files), **_values(drawn), "min_count": min_count, "force": force}
        progress = terminal.counter("Reading notes")
        _show_corpus(terminal, prepare_mimic4(**options, version=version, progress=progress))

    return verb()(command)


def _mdace(dataset: str) -> Callable[..., None]:
    def command(
        terminal: Terminal,
        raw: PhysioNet,
        out: Out,
        mdace: Annotated[
            Path | None,
            typer.Option(help="Folder of the MDACE repository. Default: in RAW or next to it."),
        ] = None,
        splits: Splits = None,
        per: Annotated[
            Literal["note", "discharge-summary", "admission"],
            typer.Option(
                help="One row per note (as published), discharge summary, or admission (all of its notes)."
            ),
        ] = "note",
        codes: CodesOf = "DP",
        compat: Annotated[
            str, typer.Option(help="Publication to follow; only edin2024 has MDACE.")
        ] = "edin2024",
        force: Force = False,
    ) -> None:
        from clem_icd.sources import prepare_mdace

        corpus = prepare_mdace(
            raw,
            out,
            dataset=dataset,
            mdace=mdace,
            splits=splits,
            per=per,
            codes=codes,
            compat=compat,
            force=force,
            progress=terminal.counter("Reading notes"),
        )
        _show_corpus(terminal, corpus)

    return verb()(command)


_MIMIC3: dict[Literal["full", "50", "clean"], str] = {
    "full": "all ICD-9 codes, on the split of Mullenbach et al. (2018)",
    "50": "their 50 most frequent codes, on the split of Mullenbach et al. (2018)",
    "clean": "codes with at least ten notes, on the split of Edin et al. (2023)",
}
_MDACE = {
    "inpatient-icd9": "MDACE inpatient notes with ICD-9 codes and their evidence",
    "inpatient-icd10": "MDACE inpatient notes with ICD-10 codes and their evidence",
    "inpatient-icd9-code": "MIMIC-III with MDACE's notes in place of their admissions (code + evidence)",
    "inpatient-icd9-evidence-only": "MDACE inpatient evidence only: a text is the evidence for one code",
    "profee-icd10": "MDACE professional-fee notes with ICD-10 codes and their evidence",
}


def _add(source: str, about: str, command: Callable[..., None]) -> None:
    example = f"clem prepare {source} --raw ~/physionet --splits ~/splits --out runs/{source}"
    prepare.command(source, help=help_text(f"{about}.\n\nExample: `{example}`"))(command)


for _subset, _about in _MIMIC3.items():
    _add(f"mimic3-{_subset}", f"MIMIC-III discharge summaries: {_about}", _mimic3(_subset))
for _version in (9, 10):
    _about = f"MIMIC-IV discharge summaries with their ICD-{_version} codes (Edin et al. 2023, 2024)"
    _add(f"mimic4-icd{_version}", _about, _mimic4(_version))
for _dataset, _about in _MDACE.items():
    _add(f"mdace-{_dataset}", _about, _mdace(_dataset))


@prepare.command("codiesp")
@verb()
def codiesp(
    terminal: Terminal,
    raw: Annotated[Path, typer.Option(help="Folder of the CodiEsp release.")],
    out: Out,
    language: Annotated[
        Literal["es", "en"], typer.Option(help="Spanish original or English translation.")
    ] = "es",
    codes: CodesOf = "D",
    force: Force = False,
) -> None:
    """CodiEsp: Spanish clinical cases with ICD-10 codes and their evidence.

    Example: `clem prepare codiesp --raw ~/codiesp --language en --codes D --out runs/codiesp`
    """
    from clem_icd.sources import prepare_codiesp

    _show_corpus(terminal, prepare_codiesp(raw, out, language=language, codes=codes, force=force))


@prepare.command("table")
@verb()
def table(
    terminal: Terminal,
    raw: Annotated[Path, typer.Option(help="A csv, tsv or jsonl file, gzipped or not, or parquet.")],
    out: Out,
    drawn: DrawnSplit,
    system: Annotated[
        str | None,
        typer.Option(
            help="Code system: icd10cm, icd10pcs, icd9cm, icd9pcs, cpt, or icd10 for ICD-10 outside the US."
        ),
    ] = None,
    system_column: Annotated[
        str | None,
        typer.Option(
            help="Column of the code systems, or of revisions of ICD (9 or 10); --system then says whether "
            "they are diagnoses or procedures."
        ),
    ] = None,
    text: Annotated[str, typer.Option(help="Column of the notes.")] = "text",
    note_id: Annotated[str, typer.Option(help="Column of the note ids.")] = "note_id",
    codes: Annotated[
        str,
        typer.Option(
            help="Column of the codes: a list, or delimited text. Several columns: dx1,dx2 or 'dx*'."
        ),
    ] = "codes",
    delimiter: Annotated[
        str | None,
        typer.Option(
            help="Separator of codes in delimited text. Default: semicolons, bars, tabs and line ends, and "
            "commas and blanks where they are unambiguous."
        ),
    ] = None,
    merge_rows: Annotated[
        bool,
        typer.Option(
            "--merge-rows", help="Read rows with the same note id as one note with all their codes."
        ),
    ] = False,
    unknown_codes: Annotated[
        Literal["keep", "drop", "refuse"],
        typer.Option(help="What to do with codes that do not exist in their system; kept ones are counted."),
    ] = "keep",
    wrapped: WrappedNotes = "convert",
    subject_id: Annotated[
        str | None, typer.Option(help="Column of the patients. Without it, the split is drawn by note.")
    ] = None,
    admission_id: Annotated[str | None, typer.Option(help="Column of the admissions.")] = None,
    split: Annotated[str | None, typer.Option(help="Column of the split. Default: a drawn split.")] = None,
    evidence: Annotated[
        str | None, typer.Option(help='Column of the evidence: a list of {"code", "begin", "end"}.')
    ] = None,
    titles: Annotated[Path | None, typer.Option(help="File with your own code titles.")] = None,
    encoding: Encoding = "utf-8",
    force: Force = False,
) -> None:
    """Your own table: one note per row, or one code per row with --merge-rows.

    Example: `clem prepare table --raw notes.csv --system icd10cm --subject-id patient --out runs/mine`
    """
    from clem_icd.icd import CodeSystem
    from clem_icd.sources import prepare_table

    with naming_options("--encoding"):
        corpus = prepare_table(
            raw,
            out,
            text=text,
            note_id=note_id,
            subject_id=subject_id,
            admission_id=admission_id,
            codes=codes,
            system=None if system is None else CodeSystem.parse(system),
            system_column=system_column,
            delimiter=delimiter,
            merge_rows=merge_rows,
            unknown_codes=unknown_codes,
            wrapped=wrapped,
            split=split,
            evidence=evidence,
            titles=titles,
            encoding=encoding,
            **_values(drawn),
            force=force,
        )
    _show_corpus(terminal, corpus)


def _values(group: MimicFiles | DrawnSplit) -> dict[str, Any]:
    return {field.name: getattr(group, field.name) for field in fields(group)}


def _show_corpus(terminal: Terminal, corpus: Corpus) -> None:
    value = {"corpus": str(corpus.path), **corpus.about, "warnings": list(corpus.warnings)}
    notices = corpus.about["notices"]

    def show(console: Console) -> None:
        sizes = ", ".join(f"{corpus.size(split):,} {split}" for split in corpus.splits)
        console.print(f"Wrote {corpus.path}: {sizes} notes, {len(corpus.labels):,} labels", markup=False)
        for line in corpus.warnings:
            console.print(f"Warning: {line}", markup=False)
        if len(notices) <= _SHOWN_NOTICES:
            for line in notices:
                console.print(f"Notice: {line}", markup=False)
        else:
            console.print(
                f"Notices about what was left out or chosen: {len(notices)}, in "
                f"{corpus.path / 'corpus.json'}; `clem describe {corpus.path} --notices` lists them",
                markup=False,
            )

    terminal.result(value, show)
