"""clem evaluate: metrics of scores on a split."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clem_icd.cli.metrics_tables import show_metrics, show_run
from clem_icd.cli.options import CorpusFolder, Force, GivenThreshold, RuleModel, Split
from clem_icd.cli.resolve import require_no_other_rule, require_run_or_scores, resolve, rule_chosen_on
from clem_icd.cli.terminal import Terminal
from clem_icd.cli.thresholds import Policy
from clem_icd.cli.verb import verb
from clem_icd.errors import InputError

if TYPE_CHECKING:
    from clem_icd.corpus import Corpus


class Profile(StrEnum):
    """The names of `clem_icd.evaluation.PROFILES`, repeated so that ``--help`` need not import it."""

    ALL = "all"
    EDIN2024 = "edin2024"
    EDIN2023 = "edin2023"
    CAML = "caml"
    CODIESP = "codiesp"
    MDACE = "mdace"


@verb()
def evaluate(
    terminal: Terminal,
    corpus: CorpusFolder,
    scores: Annotated[Path | None, typer.Option(help="A scores file.")] = None,
    out: Annotated[Path | None, typer.Option(help="With --scores: output metrics file (JSON).")] = None,
    run: Annotated[
        Path | None,
        typer.Option(help="Instead of --scores: a run, whose metrics and report are recomputed."),
    ] = None,
    split: Split = "test",
    model: RuleModel = None,
    threshold: GivenThreshold = None,
    validation_scores: Annotated[
        Path | None, typer.Option(help="Choose the rule on this scores file of the validation split.")
    ] = None,
    policy: Annotated[
        Policy, typer.Option(help="How to choose on --validation-scores; see `clem thresholds`.")
    ] = Policy.EDIN2024,
    profile: Annotated[
        Profile, typer.Option(help="Metrics, and the notes they cover: all, or those of a publication.")
    ] = Profile.ALL,
    resamples: Annotated[
        int, typer.Option(min=0, help="Resamples for the 95 % intervals; 0 leaves the intervals out.")
    ] = 1000,
    known_labels: Annotated[
        bool,
        typer.Option("--known-labels", help="Leave out codes that the system does not know, and say so."),
    ] = False,
    force: Force = False,
) -> None:
    """Evaluate scores against the gold codes of a split.

    Example: `clem evaluate --corpus CORPUS --scores scores.parquet --model RUN/model --out metrics.json`
    """
    from clem_icd.corpus import Corpus
    from clem_icd.evaluation import judge_known_labels, judge_scores
    from clem_icd.files import check_free, write_json
    from clem_icd.modeling import token_starts_of

    require_run_or_scores(run, scores is not None)
    if run is not None:
        if out is not None:
            raise InputError(
                "--out cannot be combined with --run",
                remedy="Leave out --out",
            )
        _judge_again(terminal, run, Corpus.open(corpus))
        return
    if out is None:
        raise InputError("--scores needs --out", remedy="Name the metrics file to write with --out")
    judged = resolve(None, (split,), named={split: scores})
    check_free(out, force=force)
    opened, read = Corpus.open(corpus), judged.scores(split)
    if validation_scores is None:
        rule, source = judged.rule(read, model=model, threshold=threshold), "model" if model else "given"
    else:
        require_no_other_rule(model, threshold)
        rule, source = rule_chosen_on(validation_scores, policy.value, opened, read), "validation"
    terminal.begin("Resampling", resamples)
    how: dict[str, Any] = {
        "threshold_source": source,
        "profile": profile.value,
        "resamples": resamples,
        "progress": terminal.advance,
    }
    if known_labels:
        document = judge_known_labels(read, opened, split, rule, **how)
    else:
        starts = None if model is None else token_starts_of(model)
        document = judge_scores(read, opened, split, rule, token_starts=starts, **how)
    write_json(out, document)
    terminal.result(document, lambda console: show_metrics(console, document, out))


def _judge_again(terminal: Terminal, run: Path, corpus: Corpus) -> None:
    from clem_icd.errors import RunError
    from clem_icd.files import read_json
    from clem_icd.runs.layout import RunLayout
    from clem_icd.training import judge

    terminal.begin("Judging", None)
    judge(run, corpus, observer=terminal)
    layout = RunLayout(run)
    document: dict[str, Any] = read_json(layout.metrics(), RunError)
    terminal.result(document, lambda console: show_run(console, document, layout))
