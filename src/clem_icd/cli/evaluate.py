"""clem evaluate: metrics of scores on a split."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clem_icd.cli.metrics_tables import show_metrics, show_run
from clem_icd.cli.options import CorpusFolder, Force, GivenThreshold, RuleModel, Split
from clem_icd.cli.resolve import Judged, require_no_other_rule, require_run_or_scores, resolve, rule_chosen_on
from clem_icd.cli.terminal import Terminal
from clem_icd.cli.thresholds import Policy
from clem_icd.cli.verb import changed_options, verb
from clem_icd.errors import InputError

if TYPE_CHECKING:
    from clem_icd.corpus import Corpus
    from clem_icd.decisions import Rule
    from clem_icd.scores import AnyScores


class Profile(StrEnum):
    """The names of `clem_icd.evaluation.PROFILES`, repeated so that ``--help`` need not import it."""

    ALL = "all"
    EDIN2024 = "edin2024"
    EDIN2023 = "edin2023"
    CAML = "caml"
    CODIESP = "codiesp"
    MDACE = "mdace"


@dataclass(frozen=True, slots=True)
class Judging:
    """How scores are judged; a run says all of this itself."""

    split: Split = "test"
    model: RuleModel = None
    threshold: GivenThreshold = None
    validation_scores: Annotated[
        Path | None, typer.Option(help="Choose the rule on this scores file of the validation split.")
    ] = None
    policy: Annotated[
        Policy, typer.Option(help="How to choose on --validation-scores; see `clem thresholds`.")
    ] = Policy.EDIN2024
    profile: Annotated[
        Profile, typer.Option(help="Metrics, and the notes they cover: all, or those of a publication.")
    ] = Profile.ALL
    resamples: Annotated[
        int, typer.Option(min=0, help="Resamples for the 95 % intervals; 0 leaves the intervals out.")
    ] = 1000
    known_labels: Annotated[
        bool,
        typer.Option("--known-labels", help="Leave out codes that the system does not know, and say so."),
    ] = False


@verb()
def evaluate(
    terminal: Terminal,
    *,
    corpus: CorpusFolder,
    scores: Annotated[Path | None, typer.Option(help="A scores file.")] = None,
    out: Annotated[Path | None, typer.Option(help="With --scores: output metrics file (JSON).")] = None,
    run: Annotated[
        Path | None,
        typer.Option(help="Instead of --scores: a run, whose metrics and report are recomputed."),
    ] = None,
    judging: Judging,
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
        _require_run_alone(out, judging)
        _judge_again(terminal, run, Corpus.open(corpus))
        return
    if out is None:
        raise InputError("--scores needs --out", remedy="Name the metrics file to write with --out")
    _require_validation_scores(judging)
    split = judging.split
    judged = resolve(None, (split,), named={split: scores})
    check_free(out, force=force)
    opened, read = Corpus.open(corpus), judged.scores(split)
    rule, source = _rule(judged, judging, opened, read)
    terminal.begin("Resampling", judging.resamples)
    how: dict[str, Any] = {
        "threshold_source": source,
        "profile": judging.profile.value,
        "resamples": judging.resamples,
        "progress": terminal.advance,
    }
    if judging.known_labels:
        document = judge_known_labels(read, opened, split, rule, **how)
    else:
        starts = None if judging.model is None else token_starts_of(judging.model)
        document = judge_scores(read, opened, split, rule, token_starts=starts, **how)
    write_json(out, document)
    terminal.result(document, lambda console: show_metrics(console, document, out))


def _require_run_alone(out: Path | None, judging: Judging) -> None:
    """Refuse options that would be ignored beside a run."""
    named = [*([] if out is None else ["--out"]), *changed_options(judging)]
    if named:
        options = ", ".join(named)
        raise InputError(
            f"{options} cannot be combined with --run, expected --run alone: a run is judged by its own "
            "model and settings, and holds its metrics",
            remedy=f"Leave out {options}, or name a scores file of the run with --scores",
        )


def _require_validation_scores(judging: Judging) -> None:
    if "--policy" in changed_options(judging) and judging.validation_scores is None:
        raise InputError(
            "--policy needs --validation-scores, which the rule would be chosen on",
            remedy="Name both, or leave out --policy",
        )


def _rule(judged: Judged, judging: Judging, corpus: Corpus, scores: AnyScores) -> tuple[Rule, str]:
    """Return the rule that was named or is to be chosen, and where it comes from."""
    model, threshold, validation = judging.model, judging.threshold, judging.validation_scores
    if validation is None:
        return judged.rule(scores, model=model, threshold=threshold), "model" if model else "given"
    require_no_other_rule(model, threshold)
    return rule_chosen_on(validation, judging.policy.value, corpus, scores), "validation"


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
