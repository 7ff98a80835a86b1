"""clem bench: how fast a model reads notes on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clem_icd.cli.bench_tables import show_plan, show_speed
from clem_icd.cli.options import ModelFolder
from clem_icd.cli.terminal import Terminal
from clem_icd.cli.verb import verb
from clem_icd.errors import InputError

if TYPE_CHECKING:
    from clem_icd.speed import Settings


@verb()
def bench(
    terminal: Terminal,
    model: ModelFolder,
    lengths: Annotated[
        str | None,
        typer.Option(
            help="Lengths of notes, separated by commas: tokens, or words for a model without tokens. "
            "Default: 128, 512, 2048 and 8192, as far as the model reads them."
        ),
    ] = None,
    precisions: Annotated[
        str | None,
        typer.Option(help="Precisions of a neural model, separated by commas. Default: fp32, bf16 and int8."),
    ] = None,
    repeats: Annotated[
        int | None, typer.Option(help="Time each pass so often; the median counts. Default: 3.")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="One repeat, notes of up to 512 tokens, smaller matrices.")
    ] = False,
    rival_seconds: Annotated[
        float,
        typer.Option(
            min=0,
            help="Leave out a comparison that is expected to take longer than this per pass; 0 compares with "
            "nothing.",
        ),
    ] = 60.0,
    no_memory: Annotated[
        bool,
        typer.Option(
            "--no-memory", help="Do not measure memory, for which each system is opened and run once more."
        ),
    ] = False,
    corpus: Annotated[
        Path | None,
        typer.Option(
            help="A corpus whose notes are as long as those you have. Default: discharge summaries of the "
            "synthetic hospital."
        ),
    ] = None,
    split: Annotated[
        str | None, typer.Option(help="train, validation or test of --corpus. Default: test.")
    ] = None,
    price: Annotated[
        float | None, typer.Option(min=0, help="Price of this machine per hour, to estimate what notes cost.")
    ] = None,
    plan: Annotated[
        bool, typer.Option("--plan", help="Show what would be measured and how long it takes, and stop.")
    ] = False,
) -> None:
    """Measure how fast a model reads notes on this machine.

    Notes and tokens per second and memory, per precision and length, beside the stock pipeline of
    transformers and PLM-ICD's reading; and what 100,000 notes would take. The notes are synthetic: of a
    corpus, only the lengths are used.

    Example: `clem bench runs/demo/model --corpus runs/demo-corpus --split test --price 0.50`
    """
    from clem_icd.corpus import Corpus
    from clem_icd.speed import measure_speed, plan_speed

    if split is not None and corpus is None:
        raise InputError("--split was given without --corpus", remedy="Name the corpus as well")
    settings = _settings(lengths, precisions, repeats, rival_seconds, quick=quick, memory=not no_memory)
    opened = None if corpus is None else Corpus.open(corpus)
    if plan:
        planned = plan_speed(model, settings, observer=terminal)
        terminal.result(planned, lambda console: show_plan(console, planned))
        return
    document = measure_speed(
        model, settings, corpus=opened, split=split or "test", price=price, observer=terminal
    )
    terminal.result(document, lambda console: show_speed(console, document))


def _settings(
    lengths: str | None,
    precisions: str | None,
    repeats: int | None,
    rival_seconds: float,
    *,
    quick: bool,
    memory: bool,
) -> Settings:
    from clem_icd.speed import Settings
    from clem_icd.speed.settings import QUICK_REPEATS, REPEATS

    usual = QUICK_REPEATS if quick else REPEATS
    return Settings(
        lengths=None if lengths is None else _numbers(lengths),
        precisions=None if precisions is None else tuple(name.strip() for name in precisions.split(",")),
        repeats=usual if repeats is None else repeats,
        quick=quick,
        longest_pass=rival_seconds,
        memory=memory,
    )


def _numbers(text: str) -> tuple[int, ...]:
    parts: list[Any] = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() for part in parts):
        raise InputError(
            f"--lengths is {text!r}, expected whole numbers separated by commas",
            remedy="Write for example --lengths 128,512",
        )
    return tuple(int(part) for part in parts)
