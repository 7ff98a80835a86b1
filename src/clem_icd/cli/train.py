"""clem train: train a system from a recipe."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clem_icd.cli.metrics_tables import show_headlines
from clem_icd.cli.options import CorpusFolder, Force
from clem_icd.cli.stopping import RESUME, ending_on_sigterm
from clem_icd.cli.terminal import Terminal
from clem_icd.cli.training_plan import as_json, show_plan
from clem_icd.cli.verb import verb


@verb(interrupted=RESUME)
def train(
    terminal: Terminal,
    recipe: Annotated[str, typer.Argument(help="Name of a recipe, or a YAML file.")],
    corpus: CorpusFolder,
    out: Annotated[Path, typer.Option(help="Folder of the run.")],
    settings: Annotated[
        list[str] | None, typer.Argument(metavar="KEY=VALUE", help="Settings that override the recipe.")
    ] = None,
    plan: Annotated[
        bool,
        typer.Option(
            "--plan",
            help="Measure a few steps, up to the longest batch, and estimate time, memory and disk; write "
            "nothing.",
        ),
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Resume the run at --out, or start it if there is none.")
    ] = False,
    force: Force = False,
) -> None:
    """Train a system and evaluate it.

    The epoch and the threshold are chosen on validation; test is scored once, at the end. With `seeds=5` it
    is trained five times, and the mean and standard deviation are reported.

    Example: `clem train clem-icd-small --corpus runs/corpus --out runs/mine training.epochs=5`
    """
    from clem_icd.corpus import Corpus
    from clem_icd.errors import RunError
    from clem_icd.files import check_free, read_json
    from clem_icd.progress import Silent
    from clem_icd.runs.layout import RunLayout
    from clem_icd.runs.processes import is_leader
    from clem_icd.training import plan_training, read_recipe, require_steps
    from clem_icd.training import train as train_run

    resolved = read_recipe(recipe, settings or [])
    if plan:
        require_steps(resolved)
    elif not resume and is_leader():
        check_free(out, force=force)
    opened = Corpus.open(corpus)
    for line in opened.warnings if is_leader() else ():
        terminal.say(f"Warning: {line}")
    if plan:
        planned = plan_training(require_steps(resolved), opened, out, observer=terminal)
        terminal.result(as_json(planned), lambda console: show_plan(console, planned))
        return
    with ending_on_sigterm(terminal):
        observer = terminal if is_leader() else Silent()
        train_run(resolved, opened, out, resume=resume, force=force, observer=observer)
    if not is_leader():
        return
    layout = RunLayout(out)
    document = read_json(layout.metrics(), RunError)
    best = document.get("best_on_validation")
    model = (layout if best is None else RunLayout(out / best["run"])).model
    value = {"run": str(out), "model": str(model), **document}
    terminal.result(value, lambda console: show_headlines(console, document, layout))
