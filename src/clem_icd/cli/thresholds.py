"""clem thresholds: threshold policies compared, each chosen on validation."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clem_icd.cli.options import CorpusFolder, Force, JsonOut
from clem_icd.cli.resolve import Judged, resolve
from clem_icd.cli.tabulation import new_table
from clem_icd.cli.terminal import Terminal
from clem_icd.cli.verb import verb
from clem_icd.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

_OPTIMISTIC = "validation, optimistic: the rules were chosen on it"


class Policy(StrEnum):
    """The names of `clem_icd.decisions.POLICIES`, repeated so that ``--help`` need not import it."""

    EDIN2024 = "edin2024"
    EXACT = "exact"
    FREQUENCY = "frequency"
    PER_CODE = "per-code"
    TOP_K = "top-k"
    EXPECTED_F1 = "expected-f1"
    FIXED = "fixed"


@verb()
def thresholds(
    terminal: Terminal,
    corpus: CorpusFolder,
    run: Annotated[Path | None, typer.Argument(help="The run to take scores from.")] = None,
    validation_scores: Annotated[
        Path | None, typer.Option(help="Instead of a run: the scores file to choose the rules on.")
    ] = None,
    test_scores: Annotated[
        Path | None, typer.Option(help="With --validation-scores: the scores file to evaluate.")
    ] = None,
    store: Annotated[
        Policy | None,
        typer.Option(help="Store this policy in the model of the run, and re-evaluate the run."),
    ] = None,
    out: JsonOut = None,
    force: Force = False,
) -> None:
    """Compare threshold policies by micro-F1 and each macro-F1.

    Every rule except that of `fixed` is chosen on the validation scores; all are evaluated on both splits.

    Example: `clem thresholds runs/demo --corpus runs/demo-corpus --store per-code`
    """
    from clem_icd.corpus import Corpus
    from clem_icd.evaluation import thresholds_document
    from clem_icd.files import check_free, write_json

    judged = _judged(run, validation_scores, test_scores)
    if store is not None and run is None:
        raise InputError("--store needs a run", remedy="Name a run, or leave out --store")
    if out is not None:
        check_free(out, force=force)
    opened = Corpus.open(corpus)
    scores = {split: judged.scores(split) for split in judged.files}
    terminal.begin("Choosing", None)
    document = thresholds_document(opened, scores, observer=terminal)
    if run is not None and store is not None:
        from clem_icd.training import store_rule

        terminal.begin("Evaluating", None)
        store_rule(run, opened, store.value, observer=terminal)
        terminal.say(f"Stored the policy {store.value} in {judged.model}, and re-evaluated {run}")
    if out is not None:
        write_json(out, document)
    terminal.result(document, lambda console: _show(console, document))


def _judged(run: Path | None, validation: Path | None, test: Path | None) -> Judged:
    """Return the scores of a run or of the named files; only those of validation are required."""
    named = {"validation": validation, "test": test}
    judged = resolve(run, ("validation", "test"), named=named, either=("a run", "--validation-scores"))
    if "validation" not in judged.files:
        raise InputError(
            "--test-scores needs --validation-scores",
            remedy="Also name the scores to choose the rules on",
        )
    present = {
        split: file
        for split, file in judged.files.items()
        if split == "validation" or run is None or file.is_file()
    }
    return Judged(present, judged.model)


def _show(console: Console, document: dict[str, Any]) -> None:
    from clem_icd.evaluation.scope import space_text

    console.print(f"Label space: {space_text(document)}", markup=False)
    for effect in document["policies"]:
        decision = f"a code is assigned {effect['chosen']}" if "chosen" in effect else effect["refused"]
        console.print(f"{effect['policy']} ({effect['title']}): {decision}", markup=False)
    for split in document["notes"]:
        console.print()
        _show_metrics(console, document, split)
    for split in document["notes"]:
        _show_calibration(console, document["calibration"], split)


def _show_metrics(console: Console, document: dict[str, Any], split: str) -> None:
    titles = document["titles"]
    table = new_table("policy", *titles.values(), title=_OPTIMISTIC if split == "validation" else split)
    table.columns[0].no_wrap = True
    for effect in document["policies"]:
        if "metrics" in effect:
            values = effect["metrics"][split]
            table.add_row(effect["policy"], *(f"{values[name]:.4f}" for name in titles))
    console.print(table)


def _show_calibration(console: Console, scalings: list[dict[str, Any]], split: str) -> None:
    if not scalings:
        return
    floor = scalings[0]["calibration"][split]["floor"]
    table = new_table(
        "scaling",
        "slope",
        "intercept",
        "ECE",
        f"ECE above {floor:g}",
        "Brier",
        "sum of scores",
        "codes",
        title=f"calibration, {split}"
        + (", optimistic: the scalings were fitted to it" if split == "validation" else ""),
    )
    for column in table.columns[:3]:
        column.no_wrap = True
    for scaling in scalings:
        found = scaling["calibration"][split]
        figures = (scaling["slope"], scaling["intercept"], found["ece"], found["ece_above_floor"])
        table.add_row(
            scaling["scaling"],
            *(f"{figure:.4f}" for figure in (*figures, found["brier"])),
            f"{found['expected_codes']:.2f}",
            f"{found['codes']:.2f}",
        )
    console.print()
    console.print(table)
