"""clem error-analysis: a system's errors by label, chapter, note and evidence."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clem_icd.cli.options import CorpusFolder, Force, GivenThreshold, JsonOut, RuleModel, Split
from clem_icd.cli.resolve import resolve
from clem_icd.cli.tabulation import corpus_title, new_table
from clem_icd.cli.terminal import Terminal
from clem_icd.cli.verb import verb

if TYPE_CHECKING:
    from rich.console import Console

_CONFUSIONS_SHOWN = 15

_TITLES = {"micro_precision": "precision", "micro_recall": "recall", "micro_f1": "micro-F1"}
_SHORT_TITLES = {
    "micro_precision": "P",
    "micro_recall": "R",
    "micro_f1": "F1",
    "recall_at_10": "R@10",
    "recall_at_50": "R@50",
}


@verb()
def error_analysis(
    terminal: Terminal,
    corpus: CorpusFolder,
    run: Annotated[
        Path | None, typer.Option(help="A run: its scores, and the rule and tokenizer of its model.")
    ] = None,
    scores: Annotated[Path | None, typer.Option(help="Instead of --run: a scores file.")] = None,
    model: RuleModel = None,
    threshold: GivenThreshold = None,
    split: Split = "test",
    tokenizer: Annotated[
        str | None,
        typer.Option(
            help="Folder or Hub id of the tokenizer that counts tokens. Default: that of the model, if any."
        ),
    ] = None,
    out: JsonOut = None,
    force: Force = False,
) -> None:
    """Show where the errors are.

    By label, chapter, note and evidence, and the codes mistaken for their siblings.

    Example: `clem error-analysis --corpus runs/demo-corpus --run runs/demo`
    """
    from clem_icd.corpus import Corpus
    from clem_icd.evaluation import SplitScores
    from clem_icd.evaluation.analysis import errors_document
    from clem_icd.files import check_free, write_json
    from clem_icd.modeling import token_starts_at, token_starts_of

    if out is not None:
        check_free(out, force=force)
    judged = resolve(run, (split,), named={split: scores})
    read = judged.scores(split)
    opened = Corpus.open(corpus)
    rule = judged.rule(read, model=model, threshold=threshold)
    own_model = judged.model if model is None else model
    starts = None if own_model is None else token_starts_of(own_model)
    if tokenizer is not None:
        starts = token_starts_at(tokenizer)
    elif starts is not None:
        tokenizer = str(own_model)
    document = errors_document(
        SplitScores.of(read, opened, split), rule, token_starts=starts, tokenizer=tokenizer
    )
    if out is not None:
        write_json(out, document)
    terminal.result(document, lambda console: _show(console, document))


def _show(console: Console, document: dict[str, Any]) -> None:
    from clem_icd.evaluation.scope import space_text

    console.print(
        f"{document['system']} on {corpus_title(document['corpus'])}, {document['split']}: "
        f"{document['notes']:,} notes, {space_text(document)}",
        markup=False,
    )
    for table in document["errors"]:
        console.print()
        _show_shares(console, table) if "share" in table["groups"][0] else _show_scores(console, table)
        _show_confusions(console, table.get("confusions", ()))
    for line in document["warnings"]:
        console.print(f"Warning: {line}", markup=False)


def _show_scores(console: Console, table: dict[str, Any]) -> None:
    # Short titles and one count less, so that a terminal of usual width shows all of them.
    is_wide = "recall_at_10" in table["groups"][0]
    titles = _SHORT_TITLES if is_wide else _TITLES
    names = [name for name in titles if all(name in group for group in table["groups"])]
    counts = ("labels", "positives") if is_wide else ("labels", "notes", "positives")
    header = ("codes" if name == "positives" else name for name in counts)
    shown = new_table("", *header, *(titles[name] for name in names), title=table["title"])
    for group in table["groups"]:
        numbers = (f"{group[name]:,}" for name in counts)
        shown.add_row(group["name"], *numbers, *(f"{group[name]:.3f}" for name in names))
    console.print(shown, markup=False)


def _show_shares(console: Console, table: dict[str, Any]) -> None:
    shown = new_table("", "labels", "notes", "codes", "share", title=table["title"])
    for group in table["groups"]:
        counts = (f"{group[key]:,}" for key in ("labels", "notes", "codes"))
        shown.add_row(group["name"], *counts, f"{group['share']:.1%}")
    console.print(shown, markup=False)


def _show_confusions(console: Console, confusions: Sequence[dict[str, Any]]) -> None:
    if not confusions:
        return
    shown = new_table(
        "missed",
        "assigned instead",
        "notes",
        title="Codes mistaken for a sibling",
        text=("assigned instead",),
    )
    for one in confusions[:_CONFUSIONS_SHOWN]:
        gold = f"{one['gold']} {one['gold_title'] or ''}".strip()
        assigned = f"{one['given']} {one['given_title'] or ''}".strip()
        shown.add_row(gold, assigned, f"{one['notes']:,}")
    console.print()
    console.print(shown, markup=False)
