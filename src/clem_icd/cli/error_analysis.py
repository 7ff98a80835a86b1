"""clem errors: where the errors of a system live."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from clem_icd.cli.tabulation import new_table
from clem_icd.cli.terminal import Debug, Json, Quiet, hush_transformers, terminal

if TYPE_CHECKING:
    from clem_icd.evaluation.analysis import TokenStarts

_CONFUSIONS_SHOWN = 15


def errors(
    corpus: Annotated[Path, typer.Option(help="A corpus folder.")],
    run: Annotated[
        Path | None, typer.Option(help="The folder of a run: its scores, its model's rule and tokenizer.")
    ] = None,
    scores: Annotated[Path | None, typer.Option(help="Instead of a run: a scores file.")] = None,
    model: Annotated[Path | None, typer.Option(help="Decide by the rule of this model.")] = None,
    threshold: Annotated[
        float | None, typer.Option(help="Decide where a score is greater than this.")
    ] = None,
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    tokenizer: Annotated[
        str | None,
        typer.Option(
            help="Folder or Hub id of the tokenizer that counts tokens. Default: the model's, if it has one."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write it all to a file as well (json).")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace what lies at --out.")] = False,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Show where errors live: by label, chapter, note and evidence, and codes taken for their siblings.

    Example: `clem errors --corpus runs/demo-corpus --run runs/demo`
    """
    with terminal(json=json, quiet=quiet, debug=debug) as own:
        from clem_icd.corpus import Corpus
        from clem_icd.evaluation.analysis import errors_document
        from clem_icd.files import check_free, write_json
        from clem_icd.prediction import rule_for
        from clem_icd.scores import Scores

        if out is not None:
            check_free(out, force=force)
        read = Scores.read(_scores_file(run, scores, split))
        opened = Corpus.open(corpus)
        own_model = run / "model" if run is not None and model is None else model
        decides = model if threshold is not None else own_model
        rule = rule_for(read, model=decides, given=threshold)
        place = tokenizer or _own_tokenizer(own_model)
        document = errors_document(
            opened,
            split,
            read.of(opened, split),
            rule,
            system=str(read.about.get("system", "unknown")),
            token_starts=None if place is None else _token_starts(place),
            tokenizer=place,
            warnings=read.warnings,
        )
        if out is not None:
            write_json(out, document)
        own.result(document, lambda console: show_errors(console, document))


def show_errors(console: Console, document: dict[str, Any]) -> None:
    """Print the tables, those of missed codes with the codes that were given instead."""
    corpus = document["corpus"]
    kind = ", synthetic" if corpus.get("synthetic") else ""
    console.print(
        f"{document['system']} on {corpus['name']}{kind}, {document['split']}: "
        f"{document['notes']:,} notes, {document['labels']:,} labels",
        markup=False,
    )
    for table in document["errors"]:
        _show_shares(console, table) if "share" in table["groups"][0] else _show_scores(console, table)
        _show_confusions(console, table.get("confusions", ()))
    for line in document["warnings"]:
        console.print(f"Warning: {line}", markup=False)


def _show_scores(console: Console, table: dict[str, Any]) -> None:
    recall_only = all("micro_f1" not in group for group in table["groups"])
    names = ("micro_recall",) if recall_only else ("micro_precision", "micro_recall", "micro_f1")
    titles = {"micro_precision": "precision", "micro_recall": "recall", "micro_f1": "micro-F1"}
    shown = new_table("", "labels", "notes", "codes", *(titles[name] for name in names), title=table["title"])
    for group in table["groups"]:
        counts = (f"{group[key]:,}" for key in ("labels", "notes", "positives"))
        shown.add_row(group["name"], *counts, *(f"{group[name]:.3f}" for name in names))
    console.print(shown, markup=False)


def _show_shares(console: Console, table: dict[str, Any]) -> None:
    shown = new_table("", "labels", "notes", "codes", "share", title=table["title"])
    for group in table["groups"]:
        counts = (f"{group[key]:,}" for key in ("labels", "notes", "codes"))
        shown.add_row(group["name"], *counts, f"{group['share']:.1%}")
    console.print(shown, markup=False)


def _show_confusions(console: Console, confusions: Any) -> None:
    if not confusions:
        return
    shown = new_table(
        "missed", "given instead", "notes", title="Codes taken for a sibling", text=("given instead",)
    )
    for one in confusions[:_CONFUSIONS_SHOWN]:
        gold = f"{one['gold']} {one['gold_title'] or ''}".strip()
        given = f"{one['given']} {one['given_title'] or ''}".strip()
        shown.add_row(gold, given, f"{one['notes']:,}")
    console.print(shown, markup=False)


def _scores_file(run: Path | None, scores: Path | None, split: str) -> Path:
    from clem_icd.errors import InputError

    if run is None and scores is not None:
        return scores
    if run is None or scores is not None:
        raise InputError("it is not clear what to judge", remedy="Pass either --run or --scores")
    if not run.is_dir():
        raise InputError("is no folder", path=run, remedy="Name the folder of a training run")
    return run / "scores" / f"{split}.parquet"


def _own_tokenizer(model: Path | None) -> str | None:
    """Return where the tokenizer of a model lies; a linear model has none."""
    return str(model) if model is not None and (model / "tokenizer.json").is_file() else None


def _token_starts(place: str) -> TokenStarts:
    from clem_icd.modeling import open_tokenizer, token_starts

    hush_transformers()
    opened = open_tokenizer(place)
    return lambda texts: token_starts(opened, texts)
