"""clem describe: what a corpus holds."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from clem_icd.cli.tabulation import new_table
from clem_icd.cli.terminal import Debug, Json, Quiet, hush_transformers, terminal

if TYPE_CHECKING:
    from clem_icd.sources import PublishedComparison

_PERCENTILES = ("mean", "p5", "p25", "p50", "p75", "p95", "max")


def describe(
    corpus: Annotated[Path, typer.Argument(help="A corpus folder.")],
    tokenizer: Annotated[
        str | None,
        typer.Option(
            help="Folder or Hub id of the tokenizer that counts tokens. Default: learned from the corpus."
        ),
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Show what a corpus holds: sizes, codes, words and tokens per note, label frequencies.

    Example: `clem describe runs/demo-corpus`
    """
    with terminal(json=json, quiet=quiet, debug=debug) as own:
        from clem_icd.corpus import Corpus
        from clem_icd.corpus import describe as describe_corpus
        from clem_icd.modeling import count_tokens, tokenizer_for_counting
        from clem_icd.sources import compare_with_published

        hush_transformers()
        opened = Corpus.open(corpus)
        counter, name = tokenizer_for_counting(tokenizer, opened)
        value = describe_corpus(
            opened, count_tokens=lambda texts: count_tokens(counter, texts), tokenizer=name
        )
        comparison = compare_with_published(opened.about, value)

        def show(console: Console) -> None:
            show_description(console, value)
            if comparison is not None:
                show_published(console, comparison)

        published = None if comparison is None else asdict(comparison)
        own.result({**value, "published": published}, show)


def show_description(console: Console, value: dict[str, Any]) -> None:
    """Print a description as tables."""
    kind = " (synthetic)" if value["synthetic"] else ""
    console.print(f"[bold]{escape(value['name'])}[/bold]{kind}: {value['labels']:,} labels")
    splits = value["splits"]
    sizes = new_table("split", "notes", "subjects", "admissions", "labels", "without codes")
    for name, split in splits.items():
        columns = ("notes", "subjects", "admissions", "labels", "notes_without_codes")
        sizes.add_row(name, *(f"{split[column]:,}" for column in columns))
    console.print(sizes)
    spread = new_table("per note", "split", *_PERCENTILES, text=("split",))
    for what in ("codes", "words", "tokens"):
        for name, split in splits.items():
            values = split[f"{what}_per_note"]
            spread.add_row(what, name, *(_figure(values[column]) for column in _PERCENTILES))
    console.print(spread)
    beyond = new_table("notes beyond", "512 tokens", "4,096 tokens", "8,192 tokens")
    for name, split in splits.items():
        beyond.add_row(name, *(f"{share:.1%}" for share in split["beyond_tokens"].values()))
    console.print(beyond)
    console.print(f"Tokens are those of {value['tokenizer']}.", markup=False)
    console.print(_frequencies(value["label_counts"]), markup=False)
    for line in [*value["warnings"], *value["notices"]]:
        console.print(f"Note: {line}", markup=False)


def show_published(console: Console, comparison: PublishedComparison) -> None:
    """Print the counts of a corpus beside the published ones, and what differs in words."""
    table = new_table("count", "here", "published", "difference", "from", text=("from",))
    for column in table.columns[:-1]:
        column.no_wrap = True
    for count in comparison.counts:
        difference = _figure(count.difference, "+") if count.comparable else "not comparable"
        table.add_row(count.name, _figure(count.here), _figure(count.published), difference, count.origin)
    console.print(table)
    if comparison.remark:
        console.print(f"Note: {comparison.remark}.", markup=False)
    elif not comparison.warnings:
        console.print("All counts that can be compared are the published ones.", markup=False)
    for line in comparison.warnings:
        console.print(f"Warning: {line}", markup=False)


def _figure(value: float, sign: str = "") -> str:
    return f"{value:{sign},.1f}".removesuffix(".0")


def _frequencies(counts: list[int]) -> str:
    limits = ((0, 0), (1, 5), (6, 10), (11, 50), (51, 500), (501, None))
    parts = []
    for low, high in limits:
        labels = sum(low <= count and (high is None or count <= high) for count in counts)
        name = f"{low}" if low == high else f"{low}-{high}" if high else f"over {low - 1}"
        parts.append(f"{name}: {labels:,}")
    return "Labels by number of training notes: " + ", ".join(parts)
