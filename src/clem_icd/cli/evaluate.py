"""clem evaluate: metrics of scores on a split."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console

from clem_icd.cli.spread import show_spread
from clem_icd.cli.tabulation import new_table
from clem_icd.cli.terminal import Debug, Force, Json, Quiet, Terminal, hush_transformers, terminal
from clem_icd.cli.thresholds import Policy

if TYPE_CHECKING:
    from clem_icd.corpus import Corpus
    from clem_icd.decisions import Rule
    from clem_icd.scores import Scores


class Profile(StrEnum):
    """The names of `clem_icd.evaluation.PROFILES`, which takes seconds to import."""

    ALL = "all"
    EDIN2024 = "edin2024"
    EDIN2023 = "edin2023"
    CAML = "caml"
    CODIESP = "codiesp"
    MDACE = "mdace"


def evaluate(
    corpus: Annotated[Path, typer.Option(help="A corpus folder.")],
    scores: Annotated[Path | None, typer.Option(help="A scores file.")] = None,
    out: Annotated[Path | None, typer.Option(help="The metrics file to write (json).")] = None,
    run: Annotated[
        Path | None, typer.Option(help="Instead of scores: a run, whose metrics and report are made again.")
    ] = None,
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    model: Annotated[Path | None, typer.Option(help="Decide as this model does.")] = None,
    threshold: Annotated[
        float | None, typer.Option(help="Decide where a score is greater than this.")
    ] = None,
    validation_scores: Annotated[
        Path | None, typer.Option(help="Choose on the scores of this file, for the validation split.")
    ] = None,
    policy: Annotated[
        Policy, typer.Option(help="How to choose on --validation-scores; see `clem thresholds`.")
    ] = Policy.EDIN2024,
    profile: Annotated[
        Profile, typer.Option(help="Which metrics, on which notes: all, or those of a publication.")
    ] = Profile.ALL,
    resamples: Annotated[
        int, typer.Option(min=0, help="Resample this often for 95 % intervals; 0 for none.")
    ] = 1000,
    known_labels: Annotated[
        bool,
        typer.Option("--known-labels", help="Leave out codes that the system does not know, and say so."),
    ] = False,
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Judge scores against the codes of a split.

    Example: `clem evaluate --corpus CORPUS --scores scores.parquet --model RUN/model --out metrics.json`
    """
    with terminal(json=json, quiet=quiet, debug=debug) as own:
        from clem_icd.corpus import Corpus

        if run is not None:
            document = _judge_run(run, Corpus.open(corpus), scores, out, own)
            own.result(document, lambda console: show_metrics(console, document, f"{run}/report.html"))
            return
        from clem_icd.evaluation import judge_known_labels, judge_scores
        from clem_icd.files import check_free, write_json
        from clem_icd.modeling import token_starts_of
        from clem_icd.scores import Scores

        if scores is None or out is None:
            raise _unclear("Name --scores and --out, or a --run")
        hush_transformers()
        check_free(out, force=force)
        opened, read = Corpus.open(corpus), Scores.read(scores)
        rule, source = _rule(opened, read, model, threshold, validation_scores, policy)
        own.begin("Resampling", resamples)
        how: dict[str, Any] = {
            "threshold_source": source,
            "profile": profile.value,
            "resamples": resamples,
            "progress": own.advance,
        }
        if known_labels:
            document = judge_known_labels(read, opened, split, rule, **how)
        else:
            starts = None if model is None else token_starts_of(model)
            document = judge_scores(read, opened, split, rule, token_starts=starts, **how)
        write_json(out, document)
        own.result(document, lambda console: show_metrics(console, document, str(out)))


def _judge_run(
    run: Path, corpus: Corpus, scores: Path | None, out: Path | None, own: Terminal
) -> dict[str, Any]:
    from clem_icd.errors import RunError
    from clem_icd.files import read_json
    from clem_icd.training import judge

    if scores is not None or out is not None:
        raise _unclear("Name either a --run, which holds both, or --scores and --out")
    own.begin("Judging", None)
    judge(run, corpus)
    document: dict[str, Any] = read_json(run / "metrics.json", RunError)
    return document


def _rule(
    corpus: Corpus,
    scores: Scores,
    model: Path | None,
    threshold: float | None,
    validation_scores: Path | None,
    policy: Policy,
) -> tuple[Rule, Literal["model", "given", "validation"]]:
    """Return what decides, and where it is from."""
    from clem_icd.decisions import choose_rule
    from clem_icd.prediction import rule_for
    from clem_icd.scores import Scores, require_same_labels

    if validation_scores is None:
        return rule_for(scores, model=model, given=threshold), "given" if model is None else "model"
    if model is not None or threshold is not None:
        raise _unclear("Name one of --model, --threshold and --validation-scores")
    validation = Scores.read(validation_scores)
    require_same_labels(scores.labels, validation.labels, "the scores", str(validation_scores))
    values = validation.of(corpus, "validation")
    chosen = choose_rule(policy.value, corpus.targets("validation"), values, corpus.train_counts())
    return chosen, "validation"


def _unclear(remedy: str) -> Exception:
    from clem_icd.errors import ScoresError

    return ScoresError("it is not clear what to judge, by what", remedy=remedy)


def show_metrics(console: Console, document: dict[str, Any], where: str) -> None:
    """Print the metrics that most tables of the field show, with their definitions by name."""
    from clem_icd.evaluation.headlines import SUMMARY_METRICS

    if "best_on_validation" in document:
        show_spread(console, document, where)
        return
    corpus, metrics = document["corpus"], document["metrics"]
    kind = ", synthetic" if corpus.get("synthetic") else ""
    title = f"{document['system']} on {corpus['name']}{kind}, {document['split']}"
    intervals = document.get("intervals", {}).get("metrics", {})
    table = new_table("metric", "value", *(["95 % interval"] if intervals else []), title=title)
    whole = document.get("profile", "all") == "all"
    for name in SUMMARY_METRICS if whole else metrics:
        row = [document["definitions"][name]["title"], f"{metrics[name]:.4f}"]
        if name in intervals:
            row.append(f"{intervals[name]['low']:.4f} to {intervals[name]['high']:.4f}")
        table.add_row(*row)
    console.print(table)
    console.print(
        f"{document['notes']:,} notes, {document['labels']:,} labels, {_decision(document)}. "
        f"All metrics with their definitions: {where}",
        markup=False,
    )
    for line in document["warnings"]:
        console.print(f"Warning: {line}", markup=False)


def _decision(document: dict[str, Any]) -> str:
    from clem_icd.decisions import rule_from_json

    if document["threshold"] is not None:
        return f"threshold {document['threshold']:.4f}"
    return f"a code is assigned {rule_from_json(document['rule'], document['labels']).describe()}"
