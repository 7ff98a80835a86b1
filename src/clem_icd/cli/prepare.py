"""clem prepare: raw files become a corpus."""

from __future__ import annotations

from collections.abc import Callable
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
Validation = Annotated[
    float, typer.Option(min=0, max=1, help="Share of the notes for validation, where the split is drawn.")
]
Test = Annotated[
    float, typer.Option(min=0, max=1, help="Share of the notes for test, where the split is drawn.")
]
Seed = Annotated[int, typer.Option(help="The same seed draws the same split.")]
PhysioNet = Annotated[Path, typer.Option(help="The folder that PhysioNet's download makes.")]
Compat = Annotated[
    str,
    typer.Option(
        help="Whose rows, texts and code sets: edin2024, edin2023 (cleaned text) or caml (words alone; "
        "mimic3-full and mimic3-50)."
    ),
]
Splits = Annotated[
    Path | None,
    typer.Option(
        help="A split file, or a folder of the published ones. Default: downloaded once, or MDACE's own."
    ),
]
DrawSplit = Annotated[
    bool,
    typer.Option(
        "--draw-split", help="Draw a split by subject, stratified by codes. A synthetic tree has no other."
    ),
]
Spans = Annotated[Path | None, typer.Option(help="Evidence for the codes in the raw notes (parquet).")]
MinCount = Annotated[int, typer.Option(min=1, help="Keep codes of at least this many notes.")]


def _mimic3(subset: Literal["full", "50", "clean"]) -> Callable[..., None]:
    def command(
        raw: PhysioNet,
        out: Out,
        compat: Compat = "edin2024",
        splits: Splits = None,
        draw_split: DrawSplit = False,
        evidence: Spans = None,
        validation: Validation = 0.1,
        test: Test = 0.15,
        seed: Seed = 10,
        force: Force = False,
        json: Json = False,
        quiet: Quiet = False,
        debug: Debug = False,
    ) -> None:
        with terminal(json=json, quiet=quiet, debug=debug) as own:
            from clem_icd.sources import prepare_mimic3

            corpus = prepare_mimic3(
                raw,
                out,
                subset=subset,
                compat=compat,
                splits=splits,
                draw_split=draw_split,
                evidence=evidence,
                validation=validation,
                test=test,
                seed=seed,
                force=force,
                progress=own.counter("Reading notes"),
            )
            _result(own, corpus)

    return command


def _mimic4(version: int) -> Callable[..., None]:
    def command(
        raw: PhysioNet,
        out: Out,
        compat: Compat = "edin2024",
        splits: Splits = None,
        draw_split: DrawSplit = False,
        evidence: Spans = None,
        min_count: MinCount = 10,
        validation: Validation = 0.1,
        test: Test = 0.15,
        seed: Seed = 10,
        force: Force = False,
        json: Json = False,
        quiet: Quiet = False,
        debug: Debug = False,
    ) -> None:
        with terminal(json=json, quiet=quiet, debug=debug) as own:
            from clem_icd.sources import prepare_mimic4

            corpus = prepare_mimic4(
                raw,
                out,
                version=version,
                compat=compat,
                splits=splits,
                draw_split=draw_split,
                evidence=evidence,
                min_count=min_count,
                validation=validation,
                test=test,
                seed=seed,
                force=force,
                progress=own.counter("Reading notes"),
            )
            _result(own, corpus)

    return command


def _mdace(dataset: str) -> Callable[..., None]:
    def command(
        raw: PhysioNet,
        out: Out,
        mdace: Annotated[
            Path | None,
            typer.Option(help="The folder of the MDACE repository. Default: in RAW or beside it."),
        ] = None,
        splits: Splits = None,
        per: Annotated[
            Literal["note", "discharge-summary", "admission"],
            typer.Option(
                help="A row a note as published, a discharge summary, or all notes of an admission."
            ),
        ] = "note",
        codes: Annotated[Literal["D", "P", "DP"], typer.Option(help="Diagnoses, procedures or both.")] = "DP",
        compat: Annotated[str, typer.Option(help="edin2024 alone has MDACE.")] = "edin2024",
        force: Force = False,
        json: Json = False,
        quiet: Quiet = False,
        debug: Debug = False,
    ) -> None:
        with terminal(json=json, quiet=quiet, debug=debug) as own:
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
                progress=own.counter("Reading notes"),
            )
            _result(own, corpus)

    return command


_MIMIC3 = {
    "full": "all ICD-9 codes, on the split of Mullenbach et al. (2018)",
    "50": "their 50 most frequent codes, on the split of Mullenbach et al. (2018)",
    "clean": "codes of at least ten notes, on the split of Edin et al. (2023)",
}
_MDACE = {
    "inpatient-icd9": "MDACE inpatient notes with ICD-9 codes and their evidence",
    "inpatient-icd10": "MDACE inpatient notes with ICD-10 codes and their evidence",
    "inpatient-icd9-code": "MIMIC-III with MDACE's notes in place of their admissions (code + evidence)",
    "inpatient-icd9-evidence-only": "MDACE inpatient evidence alone: the spans of a code as its text",
    "profee-icd10": "MDACE professional-fee notes with ICD-10 codes and their evidence",
}


def _example(source: str) -> str:
    return f"Example: `clem prepare {source} --raw ~/physionet --splits ~/splits --out runs/{source}`"


for _subset, _about in _MIMIC3.items():
    prepare.command(
        f"mimic3-{_subset}",
        help=f"MIMIC-III discharge summaries: {_about}.\n\n{_example(f'mimic3-{_subset}')}",
    )(_mimic3(_subset))  # type: ignore[arg-type]
for _version in (9, 10):
    prepare.command(
        f"mimic4-icd{_version}",
        help=f"MIMIC-IV discharge summaries with their ICD-{_version} codes (Edin et al. 2023, 2024).\n\n"
        f"{_example(f'mimic4-icd{_version}')}",
    )(_mimic4(_version))
for _dataset, _about in _MDACE.items():
    prepare.command(f"mdace-{_dataset}", help=f"{_about}.\n\n{_example(f'mdace-{_dataset}')}")(
        _mdace(_dataset)
    )


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
