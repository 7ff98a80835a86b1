"""clem precision: what reduced precision changes in a model, and whether it is faster here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clem_icd.cli.options import CorpusFolder, ModelFolder, Split
from clem_icd.cli.tabulation import new_table
from clem_icd.cli.terminal import Terminal
from clem_icd.cli.verb import verb

if TYPE_CHECKING:
    from rich.console import Console

    from clem_icd.modeling.precision_record import PrecisionRecord


@verb()
def precision(
    terminal: Terminal, model: ModelFolder, corpus: CorpusFolder, split: Split = "validation"
) -> None:
    """Measure what reduced precision changes in a model, and record it there for --precision auto.

    The notes of a split are scored in fp32 and in each reduced precision that this machine supports, in turn.
    The result holds for machines with the same vector extensions, and for the decision rule that the model
    has now. It is written to clem.json, so the fingerprint of the model changes.

    Example: `clem precision runs/demo/model --corpus runs/demo-corpus`
    """
    from clem_icd.corpus import Corpus
    from clem_icd.evaluation import DEFINITIONS
    from clem_icd.modeling.precision import SMALL_CHANGE
    from clem_icd.prediction import measure_precisions, record_precisions

    opened = Corpus.open(corpus)
    terminal.begin(f"Scoring {split}", opened.size(split))
    record = measure_precisions(model, opened, split, progress=terminal.advance)
    record_precisions(model, record)
    titles = {name: DEFINITIONS[name].title for name in record.metrics}
    small = {name: one.largest_change_of_f1 <= SMALL_CHANGE for name, one in record.effects.items()}
    value = {**record.model_dump(), "leaves_f1": small}
    terminal.result(value, lambda console: _show(console, record, titles, small))


def _show(console: Console, record: PrecisionRecord, titles: dict[str, str], small: dict[str, bool]) -> None:
    title = f"{record.split} of {record.corpus}: {record.notes:,} notes on {record.processor}"
    table = new_table("precision", "speed", "largest change", *titles.values(), title=title)
    table.add_row("fp32", "1", "", *(f"{record.metrics[name]:.4f}" for name in titles))
    for name, effect in record.effects.items():
        table.add_row(
            name,
            f"{effect.speed:.2f}",
            f"{effect.largest_change:.4f}",
            *(f"{effect.metrics[metric]:.4f}" for metric in titles),
        )
    console.print(table)
    for name, effect in record.effects.items():
        line = f"{name}: {effect.decisions_changed:,} decisions differ; {_verdict(effect, small[name])}"
        console.print(line, markup=False)
    console.print("The largest change is that of any probability.", markup=False)
    console.print(f"Recorded in clem.json for {record.hardware}", markup=False)


def _verdict(effect: Any, small: bool) -> str:
    change = f"F1 changes by at most {100 * effect.largest_change_of_f1:.2f} points"
    allowed = "which auto allows" if small else "which is too much for auto"
    if effect.rechosen is None:
        return f"{change}, {allowed}"
    gain = 100 * effect.rechosen["micro_f1"]
    return f"{change}, {allowed}; with its rule chosen again, micro-F1 would change by {gain:+.2f} points"
