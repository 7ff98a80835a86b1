"""clem explain of a split of a corpus: an evidence file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from clem_icd.cli.evidence_options import as_explained
from clem_icd.cli.options import Split
from clem_icd.cli.terminal import Terminal
from clem_icd.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from clem_icd.explanation import Explainer
    from clem_icd.icd import CodeSystem
    from clem_icd.prediction import SplitEvidence


@dataclass(frozen=True)
class WholeSplit:
    """Options of a split of a corpus."""

    corpus: Annotated[
        Path | None, typer.Option(help="Explain every note of a split of this corpus instead of one note.")
    ] = None
    split: Split = "test"
    codes: Annotated[
        Literal["assigned", "gold"],
        typer.Option(
            help="With --corpus: explain the codes that the model assigns, or the gold codes of the notes, "
            "so that only the explanations are judged."
        ),
    ] = "assigned"
    out: Annotated[
        Path | None, typer.Option(help="With --corpus: output evidence file (parquet), without text.")
    ] = None


def explain_split(
    terminal: Terminal,
    many: WholeSplit,
    searched: CodeSystem | None,
    load: Callable[[], Explainer],
    *,
    force: bool,
) -> None:
    """Write the evidence for the codes of a split to a file.

    Parameters
    ----------
    many
        The options of the verb for a corpus.
    searched
        The code system that is searched instead of a model.
    load
        Loads the model, which takes seconds: called once the corpus has been opened.

    """
    from clem_icd.corpus import Corpus
    from clem_icd.prediction import explain_split as write_split

    if many.corpus is None or many.out is None:
        raise InputError("--corpus needs --out, the evidence file to write", remedy="Name it with --out")
    if searched is not None and many.codes == "assigned":
        raise InputError(
            "--codes assigned needs a model that assigns codes: a search in titles assigns none",
            remedy="Explain the gold codes with --codes gold, or name a model folder",
        )
    corpus = Corpus.open(many.corpus)
    notes = corpus.size(many.split)
    explainer = load()
    terminal.begin(f"Explaining {many.split}", notes)
    written = write_split(
        explainer,
        corpus,
        many.split,
        many.out,
        codes=many.codes,
        force=force,
        progress=terminal.advance,
    )
    value = {
        "evidence": str(many.out),
        "split": many.split,
        "method": explainer.name,
        **as_explained(explainer),
        **{name: number for name, number in asdict(written).items() if name not in {"cut", "remarks"}},
        "warnings": list(written.warnings),
    }
    terminal.result(value, lambda console: _show(console, written, many, explainer))


def _show(console: Console, written: SplitEvidence, many: WholeSplit, explainer: Explainer) -> None:
    console.print(
        f"Wrote {written.spans:,} spans for {written.codes:,} {written.explained} codes of "
        f"{written.notes:,} notes to {many.out}, found by {explainer.name}",
        markup=False,
    )
    for line in written.warnings:
        console.print(f"Warning: {line}", markup=False)
