"""clem evidence export: evidence in the formats of other projects."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from clem_icd.cli.options import CorpusFolder, Force
from clem_icd.cli.terminal import Terminal
from clem_icd.cli.verb import verb

if TYPE_CHECKING:
    from rich.console import Console


@verb()
def export(
    terminal: Terminal,
    evidence: Annotated[
        Path, typer.Argument(help="Evidence: parquet, CodiEsp (.tsv), or a folder with files of MDACE.")
    ],
    corpus: CorpusFolder,
    format: Annotated[
        Literal["mdace", "codiesp"],
        typer.Option(
            help="mdace: one JSON file per admission. codiesp: one file with the texts of the spans."
        ),
    ],
    out: Annotated[Path, typer.Option(help="Output folder (mdace) or file (codiesp).")],
    force: Force = False,
) -> None:
    """Write evidence in the format of MDACE or CodiEsp, for their own tools.

    Example: `clem evidence export evidence.parquet --corpus CORPUS --format codiesp --out evidence.tsv`
    """
    from clem_icd.corpus import Corpus
    from clem_icd.evidence import export_codiesp, export_mdace, read_evidence
    from clem_icd.files import check_free

    check_free(out, force=force)
    predicted = read_evidence(evidence)
    opened = Corpus.open(corpus)
    write = export_mdace if format == "mdace" else export_codiesp
    written = write(predicted, opened, out, force=force)
    left_out = sum(map(len, predicted.values())) - written

    def show(console: Console) -> None:
        note = "; it contains words of notes" if format == "codiesp" else ""
        console.print(f"Wrote {written:,} spans to {out}{note}", markup=False)
        if left_out:
            console.print(f"Left out: {left_out:,} spans for notes outside the corpus", markup=False)

    value = {"evidence": str(out), "format": format, "spans": written, "spans_left_out": left_out}
    terminal.result(value, show)
