"""clem prepare: raw files become a corpus."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console

from clem_icd.cli.terminal import Debug, Force, Json, Quiet, Terminal, terminal

if TYPE_CHECKING:
    from clem_icd.corpus import Corpus

prepare = typer.Typer(
    help="Turn raw files into a corpus. Example: `clem prepare mimic4-icd10 --raw RAW --out CORPUS`",
    no_args_is_help=True,
)

Out = Annotated[Path, typer.Option(help="The corpus folder to make.")]
Validation = Annotated[float, typer.Option(min=0, max=1, help="Share of the notes for validation.")]
Test = Annotated[float, typer.Option(min=0, max=1, help="Share of the notes for test.")]
Seed = Annotated[int, typer.Option(help="The same seed gives the same split.")]


@prepare.command("mimic4-icd10")
def mimic4_icd10(
    raw: Annotated[Path, typer.Option(help="The folder that PhysioNet's download makes.")],
    out: Out,
    splits: Annotated[
        Path | None,
        typer.Option(help="mimiciv_icd10_split.feather, or its folder. Default: a split by subject."),
    ] = None,
    evidence: Annotated[Path | None, typer.Option(help="Evidence for the codes (parquet).")] = None,
    min_count: Annotated[int, typer.Option(min=1, help="Keep codes of at least this many notes.")] = 10,
    validation: Validation = 0.1,
    test: Test = 0.15,
    seed: Seed = 10,
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """MIMIC-IV discharge summaries with their ICD-10 codes (Edin et al. 2023, 2024).

    Example: `clem prepare mimic4-icd10 --raw ~/physionet --splits ~/splits --out runs/mimic4`
    """
    with terminal(json=json, quiet=quiet, debug=debug) as own:
        from clem_icd.sources import prepare_mimic4_icd10

        counter = own.counter("Reading notes")
        corpus = prepare_mimic4_icd10(
            raw,
            out,
            splits=splits,
            evidence=evidence,
            min_count=min_count,
            validation=validation,
            test=test,
            seed=seed,
            force=force,
            progress=counter,
        )
        _result(own, corpus)


@prepare.command("codiesp")
def codiesp(
    raw: Annotated[Path, typer.Option(help="The folder of the CodiEsp release.")],
    out: Out,
    language: Annotated[Literal["es", "en"], typer.Option(help="The original, or the translation.")] = "es",
    codes: Annotated[Literal["D", "P", "DP"], typer.Option(help="Diagnoses, procedures or both.")] = "D",
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """CodiEsp: Spanish clinical cases with ICD-10 codes and their evidence.

    Example: `clem prepare codiesp --raw ~/codiesp --language en --codes D --out runs/codiesp`
    """
    with terminal(json=json, quiet=quiet, debug=debug) as own:
        from clem_icd.sources import prepare_codiesp

        _result(own, prepare_codiesp(raw, out, language=language, codes=codes, force=force))


@prepare.command("table")
def table(
    raw: Annotated[Path, typer.Option(help="A .csv, .tsv, .jsonl (all also .gz) or .parquet file.")],
    out: Out,
    system: Annotated[
        str | None, typer.Option(help="The code system: icd10cm, icd10pcs, icd9cm, icd9pcs or cpt.")
    ] = None,
    text: Annotated[str, typer.Option(help="The column with the notes.")] = "text",
    note_id: Annotated[str, typer.Option(help="The column with their ids.")] = "note_id",
    codes: Annotated[
        str, typer.Option(help="The column with the codes: a list, or delimited text.")
    ] = "codes",
    delimiter: Annotated[str, typer.Option(help="What separates codes in delimited text.")] = ";",
    subject_id: Annotated[str | None, typer.Option(help="The column with the patient.")] = None,
    admission_id: Annotated[str | None, typer.Option(help="The column with the admission.")] = None,
    split: Annotated[
        str | None, typer.Option(help="The column with the split. Default: a split by subject.")
    ] = None,
    evidence: Annotated[
        str | None, typer.Option(help='The column with the evidence: a list of {"code", "begin", "end"}.')
    ] = None,
    titles: Annotated[Path | None, typer.Option(help="A file with titles of your codes.")] = None,
    encoding: Annotated[str, typer.Option(help="How a text file is encoded.")] = "utf-8",
    validation: Validation = 0.1,
    test: Test = 0.15,
    seed: Seed = 10,
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """A table of your own: one note a row.

    Example: `clem prepare table --raw notes.csv --system icd10cm --subject-id patient --out runs/mine`
    """
    with terminal(json=json, quiet=quiet, debug=debug) as own:
        from clem_icd.icd import CodeSystem
        from clem_icd.sources import prepare_table

        corpus = prepare_table(
            raw,
            out,
            text=text,
            note_id=note_id,
            subject_id=subject_id,
            admission_id=admission_id,
            codes=codes,
            system=None if system is None else CodeSystem.parse(system),
            delimiter=delimiter,
            split=split,
            evidence=evidence,
            titles=titles,
            encoding=encoding,
            validation=validation,
            test=test,
            seed=seed,
            force=force,
        )
        _result(own, corpus)


def _result(own: Terminal, corpus: Corpus) -> None:
    value = {"corpus": str(corpus.path), **corpus.about, "warnings": list(corpus.warnings)}

    def show(console: Console) -> None:
        sizes = ", ".join(f"{corpus.size(split):,} {split}" for split in corpus.splits)
        console.print(f"Wrote {corpus.path}: {sizes} notes, {len(corpus.labels):,} labels", markup=False)
        for line in [*corpus.warnings, *corpus.about["notices"]]:
            console.print(f"Note: {line}", markup=False)

    own.result(value, show)
