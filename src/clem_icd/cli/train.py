"""clem train: a recipe becomes a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clem_icd.cli.evaluate import show_metrics
from clem_icd.cli.terminal import Debug, Force, Json, Quiet, hush_transformers, terminal

_INTERRUPTED = "The same command with --resume goes on with the run."


def train(
    recipe: Annotated[str, typer.Argument(help="A recipe: its name, or a YAML file.")],
    corpus: Annotated[Path, typer.Option(help="A corpus folder.")],
    out: Annotated[Path, typer.Option(help="The folder of the run.")],
    settings: Annotated[
        list[str] | None, typer.Argument(metavar="KEY=VALUE", help="Settings on top of the recipe.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the run at --out, or start it if there is none.")
    ] = False,
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Train a system, choose its threshold on validation, and judge it on test.

    With `seeds=5` it is trained five times, and reported as mean and standard deviation.

    Example: `clem train clem-icd-small --corpus runs/corpus --out runs/mine training.epochs=5`
    """
    with terminal(json=json, quiet=quiet, debug=debug, interrupted=_INTERRUPTED) as own:
        from clem_icd.training import read_recipe

        resolved = read_recipe(recipe, settings or [])

        from clem_icd.corpus import Corpus
        from clem_icd.errors import RunError
        from clem_icd.files import check_free, read_json
        from clem_icd.training import train as run

        hush_transformers()
        if not resume:
            check_free(out, force=force)
        opened = Corpus.open(corpus)
        for line in opened.warnings:
            own.say(f"Note: {line}")
        run(resolved, opened, out, resume=resume, force=force, observer=own)
        document = read_json(out / "metrics.json", RunError)
        best = document.get("best_on_validation")
        model = out / "model" if best is None else out / best["run"] / "model"
        value = {"run": str(out), "model": str(model), **document}
        own.result(value, lambda console: show_metrics(console, document, f"{out}/report.html"))
