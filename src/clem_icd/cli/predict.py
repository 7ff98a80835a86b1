"""clem predict: scores for a split of a corpus."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clem_icd.cli.evidence_options import HowExplained, as_explained
from clem_icd.cli.options import CorpusFolder, Force, Precision, Split
from clem_icd.cli.terminal import Terminal
from clem_icd.cli.title_search import (
    ModelOrSystem,
    NotesLanguage,
    check_options,
    open_system,
    searched_system,
)
from clem_icd.cli.verb import verb
from clem_icd.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console


@verb()
def predict(
    terminal: Terminal,
    model: ModelOrSystem,
    corpus: CorpusFolder,
    out: Annotated[Path, typer.Option(help="Output scores file (parquet).")],
    split: Split = "test",
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
    force: Force = False,
) -> None:
    """Score every note of a corpus split.

    Example: `clem predict runs/demo/model --corpus runs/demo-corpus --split test --out scores.parquet`
    """
    from clem_icd.corpus import Corpus
    from clem_icd.files import check_free
    from clem_icd.prediction import predict_split
    from clem_icd.scores import TOP

    searched = searched_system(model, terminal.say)
    check_options(searched, language=language, useless={"--evidence": evidence})
    how.require(evidence=evidence is not None)
    check_free(out, force=force)
    if evidence is not None:
        check_free(evidence, force=force)
        if evidence.resolve() == out.resolve():
            raise InputError("--evidence and --out name the same file", remedy="Name two files")
    opened = Corpus.open(corpus)
    notes = opened.size(split)
    system, info = open_system(model, searched, language, precision=precision, say=terminal.say)
    explainer = how.explainer(system, info) if evidence is not None else None
    terminal.begin(f"Scoring {split}", notes)
    warnings = predict_split(
        system,
        info,
        opened,
        split,
        out,
        top=top,
        evidence=evidence,
        explainer=explainer,
        force=force,
        progress=terminal.advance,
    )
    labels = len(info.labels)
    limit = (top or TOP) if info.is_ranked else None
    what = f"the {limit:,} best of {labels:,} codes" if limit else f"{labels:,} labels"

    def show(console: Console) -> None:
        console.print(f"Wrote the scores of {notes:,} notes for {what} to {out}", markup=False)
        if evidence is not None:
            console.print(f"Wrote the evidence for their assigned codes to {evidence}", markup=False)
        for line in warnings:
            console.print(f"Warning: {line}", markup=False)

    value = {"scores": str(out), "split": split, "notes": notes, "labels": labels}
    if limit:
        value["top"] = limit
    if explainer is not None:
        value |= {"evidence": str(evidence), **as_explained(explainer)}
    terminal.result({**value, "warnings": list(warnings)}, show)
