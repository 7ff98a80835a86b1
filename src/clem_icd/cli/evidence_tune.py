"""clem evidence tune: the cut of a model's evidence, tuned anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from clem_icd.cli.evidence_options import HowExplained
from clem_icd.cli.options import CorpusFolder, ModelFolder, Split
from clem_icd.cli.terminal import Terminal
from clem_icd.cli.verb import verb

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from clem_icd.explanation import Explainer


@verb()
def tune(
    terminal: Terminal,
    model: ModelFolder,
    corpus: CorpusFolder,
    split: Split = "validation",
    method: Annotated[
        str | None,
        typer.Option(
            help="Method, with settings; stored as that of the model. Default: the one that it uses now."
        ),
    ] = None,
) -> None:
    """Tune the cut of evidence on notes with marked evidence, and store it in the model.

    Training does this on validation. Do it again for another method, or on your own notes once coders have
    marked evidence there. Do not use notes on which you report evidence. At most 200 notes are explained. The
    result is written to clem.json, so the fingerprint of the model changes.

    Example: `clem evidence tune runs/demo/model --corpus runs/demo-corpus --method att-in-grad`
    """
    from clem_icd.corpus import Corpus
    from clem_icd.explanation import retune

    chosen = HowExplained(method).chosen()
    opened = Corpus.open(corpus)
    terminal.begin("Explaining notes", None)
    explainer = retune(model, opened, split=split, method=chosen, progress=terminal.advance)
    terminal.result(explainer.about, lambda console: _show(console, explainer, model))


def _show(console: Console, explainer: Explainer, model: Path) -> None:
    rule = explainer.rule
    console.print(
        f"{explainer.name}: words with more than {100 * rule.cut:.3g} % of the support for a code are "
        f"marked. This cut was chosen because {explainer.chosen}.",
        markup=False,
    )
    if rule.spread:
        console.print(
            f"Each word first passes {100 * rule.spread:g} % of its share to each of its two neighbours.",
            markup=False,
        )
    console.print(f"Stored in {model}", markup=False)
