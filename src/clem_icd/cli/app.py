"""The command and its verbs."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from clem_icd.cli.audit import audit
from clem_icd.cli.bench import bench
from clem_icd.cli.code import code
from clem_icd.cli.compare import compare
from clem_icd.cli.convert_encoder import convert_encoder
from clem_icd.cli.describe import describe
from clem_icd.cli.error_analysis import error_analysis
from clem_icd.cli.evaluate import evaluate
from clem_icd.cli.evidence import evidence
from clem_icd.cli.explain import explain
from clem_icd.cli.export import export
from clem_icd.cli.precision import precision
from clem_icd.cli.predict import predict
from clem_icd.cli.prepare import prepare
from clem_icd.cli.pretrain import pretrain
from clem_icd.cli.report import report
from clem_icd.cli.reproduce import reproduce
from clem_icd.cli.scores import scores
from clem_icd.cli.serve import serve
from clem_icd.cli.synthesize import synthesize
from clem_icd.cli.thresholds import thresholds
from clem_icd.cli.token import token
from clem_icd.cli.train import train
from clem_icd.cli.worklist import worklist

app = typer.Typer(
    name="clem",
    help="Reads long clinical notes and assigns ICD codes.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(synthesize)
app.add_typer(prepare, name="prepare")
app.add_typer(scores, name="scores")
app.add_typer(evidence, name="evidence")
app.add_typer(worklist, name="worklist")
app.add_typer(audit, name="audit")
app.add_typer(token, name="token")
for function in (
    describe,
    convert_encoder,
    pretrain,
    train,
    predict,
    bench,
    evaluate,
    thresholds,
    precision,
    error_analysis,
    compare,
    code,
    explain,
    serve,
    export,
    report,
    reproduce,
):
    app.command()(function)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"clem-icd {version('clem-icd')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Options of the command itself."""


def main() -> None:
    """Run the command line."""
    # Nothing about a run at a hospital leaves the machine unless requested.
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    # Each verb prints its own progress and warnings.
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("HF_HUB_VERBOSITY", "error")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    app()
