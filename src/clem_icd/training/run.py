"""A recipe and a corpus become a run: model, scores, metrics and report in one folder."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from clem_icd.corpus import Corpus
from clem_icd.decisions import POLICIES, PolicyName, Threshold, choose_rule
from clem_icd.files import write_json
from clem_icd.modeling import ModelInfo, System, save_model, seen_admissions
from clem_icd.prediction import predict_split
from clem_icd.progress import Observer
from clem_icd.reporting.report import write_learning_curves, write_report
from clem_icd.runs.disk import full_disk_is_named
from clem_icd.scores import Scores
from clem_icd.training.fit import fit_neural, precision_of
from clem_icd.training.folder import RunFolder
from clem_icd.training.judging import judge_run, scores_path
from clem_icd.training.linear import train_linear
from clem_icd.training.recipe import LinearRecipe, NeuralRecipe


def train_run(
    recipe: NeuralRecipe | LinearRecipe,
    corpus: Corpus,
    out: Path,
    *,
    resume: bool,
    force: bool,
    observer: Observer,
) -> None:
    """Train a system with one seed and judge it, all in the folder ``out``; `train` says the rest."""
    run = RunFolder.start(out, recipe, corpus, resume=resume, force=force)
    if run.ended:
        run.clean()
        observer.say(f"{out} has ended: nothing to do")
        return
    with run.locked():
        _go_to_the_end(run, recipe, corpus, observer)


def _go_to_the_end(
    run: RunFolder, recipe: NeuralRecipe | LinearRecipe, corpus: Corpus, observer: Observer
) -> None:
    began = time.monotonic()
    if isinstance(recipe, NeuralRecipe):
        run.record(precision=precision_of(recipe))
    try:
        with full_disk_is_named(run.path):
            system = _trained(recipe, corpus, run.path, observer)
    except BaseException:
        run.withdraw()
        raise
    with full_disk_is_named(run.path):
        _save(system, recipe, corpus, run.path, observer)
        judge_run(run.path, corpus)
        run.record(seconds_since_last_start=round(time.monotonic() - began, 1))
        write_learning_curves(run.path)
        write_report(run.path)
        run.end()


def _trained(recipe: NeuralRecipe | LinearRecipe, corpus: Corpus, out: Path, observer: Observer) -> System:
    if isinstance(recipe, NeuralRecipe):
        return fit_neural(recipe, corpus, out, observer)
    write_json(out / "history.json", [])
    return train_linear(recipe, corpus, observer)


def _save(
    system: System, recipe: NeuralRecipe | LinearRecipe, corpus: Corpus, out: Path, observer: Observer
) -> None:
    """Write the scores of validation and test, then the model with the rule that validation chose."""
    info = _info(recipe, corpus)
    for split in ("validation", "test"):
        if split in corpus.splits:
            observer.begin(f"Scoring {split}", corpus.size(split))
            path = scores_path(out, split)
            predict_split(system, info, corpus, split, path, force=True, progress=observer.advance)
    save_model(system, _with_rule(info, recipe.threshold_policy, corpus, out), out / "model", force=True)


def _info(recipe: NeuralRecipe | LinearRecipe, corpus: Corpus) -> ModelInfo:
    return ModelInfo(
        system=recipe.system,
        labels=corpus.codes,
        titles=tuple(label.title for label in corpus.labels),
        rule=Threshold(0.5),
        threshold_policy="not chosen yet",
        architecture=recipe.architecture.model_dump(mode="json")
        if isinstance(recipe, NeuralRecipe)
        else None,
        corpus={
            "name": corpus.name,
            "source": corpus.about["source"],
            "synthetic": corpus.synthetic,
            "fingerprint": corpus.fingerprint,
            "population": corpus.population,
        },
        recipe=recipe.model_dump(mode="json"),
        admissions=seen_admissions(corpus),
    )


def _with_rule(info: ModelInfo, policy: PolicyName, corpus: Corpus, out: Path) -> ModelInfo:
    scores = Scores.read(scores_path(out, "validation")).of(corpus, "validation")
    rule = choose_rule(policy, corpus.targets("validation"), scores, corpus.train_counts())
    return replace(info, rule=rule, threshold_policy=POLICIES[policy].sentence)
