"""clem describe: the contents of a corpus in figures."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clem_icd.cli.tabulation import corpus_title, new_table
from clem_icd.cli.terminal import Terminal
from clem_icd.cli.verb import verb

if TYPE_CHECKING:
    from rich.console import Console

    from clem_icd.sources import PublishedComparison

_COUNTED = ("codes", "words", "tokens")
_PERCENTILES = ("mean", "p5", "p25", "p50", "p75", "p95", "max")


@verb()
def describe(
    terminal: Terminal,
    corpus: Annotated[Path, typer.Argument(help="A corpus folder.")],
    tokenizer: Annotated[
        str | None,
        typer.Option(
            help="Folder or Hub id of the tokenizer that counts tokens. Default: learned from the corpus."
        ),
    ] = None,
    percentiles: Annotated[
        bool,
        typer.Option("--percentiles", help="Also show percentiles per note, and shares of long notes."),
    ] = False,
    notices: Annotated[
        bool, typer.Option("--notices", help="Also list what was left out or chosen during preparation.")
    ] = False,
    published: Annotated[
        bool,
        typer.Option("--published", help="Compare with published counts even if the notes are synthetic."),
    ] = False,
) -> None:
    """Show the contents of a corpus.

    Sizes of the splits, codes, words and tokens per note, and label frequencies.

    Counts of real notes are shown next to the published ones, if there are any.

    Example: `clem describe runs/demo-corpus`
    """
    from clem_icd.corpus import Corpus
    from clem_icd.corpus import describe as describe_corpus
    from clem_icd.modeling import count_tokens, tokenizer_for_counting
    from clem_icd.sources import compare_with_published

    opened = Corpus.open(corpus)
    counter, name = tokenizer_for_counting(tokenizer, opened)
    value = describe_corpus(opened, count_tokens=lambda texts: count_tokens(counter, texts), tokenizer=name)
    compared = published or not opened.synthetic
    comparison = compare_with_published(opened.about, value) if compared else None

    def show(console: Console) -> None:
        _show_sizes(console, value)
        if percentiles:
            _show_percentiles(console, value)
        for line in value["warnings"]:
            console.print(f"Warning: {line}", markup=False)
        for line in value["notices"] if notices else []:
            console.print(f"Notice: {line}", markup=False)
        if comparison is not None:
            _show_published(console, comparison)
        left_out = {
            f"notices: {len(value['notices'])} (--notices)": not notices and value["notices"],
            "percentiles (--percentiles)": not percentiles,
            "published counts, since the notes are synthetic (--published)": not compared,
        }
        if any(left_out.values()):
            console.print(f"Not shown: {', '.join(name for name in left_out if left_out[name])}")

    terminal.result({**value, "published": None if comparison is None else asdict(comparison)}, show)


def _show_sizes(console: Console, value: dict[str, Any]) -> None:
    splits = value["splits"]
    counts = {"notes": "notes", "subjects": "subjects", "admissions": "admissions", "labels": "labels"}
    if any(split["notes_without_codes"] for split in splits.values()):
        counts["uncoded"] = "notes_without_codes"
    title = f"{corpus_title(value)}: {value['labels']:,} labels"
    table = new_table("split", *counts, *_COUNTED, title=title)
    for name, split in splits.items():
        medians = (split[f"{counted}_per_note"]["p50"] for counted in _COUNTED)
        table.add_row(name, *(f"{split[key]:,}" for key in counts.values()), *map(_figure, medians))
    console.print(table)
    console.print(
        f"Codes, words and tokens are medians per note; tokens are those of {value['tokenizer']}.",
        markup=False,
    )
    console.print(_frequencies(value["label_counts"]), markup=False)


def _show_percentiles(console: Console, value: dict[str, Any]) -> None:
    table = new_table("per note", "split", *_PERCENTILES, text=("split",))
    for counted in _COUNTED:
        for name, split in value["splits"].items():
            values = split[f"{counted}_per_note"]
            table.add_row(counted, name, *(_figure(values[column]) for column in _PERCENTILES))
    console.print()
    console.print(table)
    long = new_table("notes longer than", "512 tokens", "4,096 tokens", "8,192 tokens")
    for name, split in value["splits"].items():
        long.add_row(name, *(f"{share:.1%}" for share in split["beyond_tokens"].values()))
    console.print()
    console.print(long)
    console.print()


def _show_published(console: Console, comparison: PublishedComparison) -> None:
    """Print the counts of a corpus next to the published ones, and describe the differences."""
    table = new_table("count", "here", "published", "difference", "from", text=("from",))
    for column in table.columns[:-1]:
        column.no_wrap = True
    for count in comparison.counts:
        difference = _figure(count.difference, "+") if count.comparable else "not comparable"
        table.add_row(count.name, _figure(count.here), _figure(count.published), difference, count.origin)
    console.print()
    console.print(table)
    if comparison.remark:
        console.print(f"Note: {comparison.remark}.", markup=False)
    elif not comparison.warnings:
        console.print("All comparable counts match the published ones.", markup=False)
    for line in comparison.warnings:
        console.print(f"Warning: {line}", markup=False)


def _figure(value: float, sign: str = "") -> str:
    return f"{value:{sign},.1f}".removesuffix(".0")


def _frequencies(counts: list[int]) -> str:
    limits = ((0, 0), (1, 5), (6, 10), (11, 50), (51, 500), (501, None))
    parts = []
    for low, high in limits:
        labels = sum(low <= count and (high is None or count <= high) for count in counts)
        if labels:
            name = f"{low}" if low == high else f"{low}-{high}" if high else f"over {low - 1}"
            parts.append(f"{name}: {labels:,}")
    return "Labels by number of training notes: " + ", ".join(parts)
