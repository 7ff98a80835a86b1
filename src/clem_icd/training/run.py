"""From a recipe and a corpus to a run: model, scores, metrics and report in one folder."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from clem_icd.corpus import Corpus
from clem_icd.decisions import POLICIES, PolicyName
from clem_icd.evaluation import SplitScores
from clem_icd.modeling import ModelInfo, System, save_model
from clem_icd.modeling.assembly import require_adaptable
from clem_icd.prediction import predict_split
from clem_icd.progress import Observer
from clem_icd.runs.disk import disk_full_as_output_error
from clem_icd.runs.history import write_history
from clem_icd.runs.layout import RunLayout
from clem_icd.runs.points import Point, passing
from clem_icd.training import team
from clem_icd.training.arguments import precision_of
from clem_icd.training.commits import at_commit, commit_of_run
from clem_icd.training.evidence import write_run_evidence
from clem_icd.training.fit import fit_neural
from clem_icd.training.folder import RunFolder
from clem_icd.training.judging import read_scores, write_metrics
from clem_icd.training.lexicon import TrainedLexicon, train_dictionary, train_lexicon
from clem_icd.training.linear import train_linear
from clem_icd.training.new_info import new_info
from clem_icd.training.recipe import DictionaryRecipe, LexiconRecipe, NeuralRecipe, Recipe, neural_part
from clem_icd.training.report import report_run
from clem_icd.training.stacking import train_stacked


def train_run(
    recipe: Recipe,
    corpus: Corpus,
    out: Path,
    *,
    resume: bool,
    force: bool,
    observer: Observer,
    commit: str | None = None,
) -> None:
    """Train a system with one seed and evaluate it, in the folder ``out``.

    Parameters
    ----------
    commit
        The commit of an encoder from the Hub, if it is resolved already; see `train` for the others.

    """
    part = neural_part(recipe)
    if part is not None and not (resume and out.exists()):
        require_adaptable(at_commit(part, commit))
    run = RunFolder.start(out, recipe, corpus, resume=resume, force=force)
    if run.ended:
        run.clean()
        observer.say(f"{out} is already finished")
        return
    with run.locked():
        _run_to_completion(run, recipe, corpus, observer, commit)


def _run_to_completion(
    run: RunFolder,
    recipe: Recipe,
    corpus: Corpus,
    observer: Observer,
    commit: str | None,
) -> None:
    began = time.monotonic()
    try:
        part = neural_part(recipe)
        if part is not None:
            run.record(precision=precision_of(part), processes=team.size())
            part = at_commit(part, commit_of_run(part, run, commit))
            stacked = isinstance(recipe, LexiconRecipe)
            recipe = recipe.model_copy(update={"stacking": part}) if stacked else part
        with disk_full_as_output_error(run.path):
            trained = _train_system(recipe, corpus, run.path, observer)
    except BaseException:
        run.roll_back()
        raise
    with disk_full_as_output_error(run.path):
        scores = _write_results(trained, recipe, corpus, run.layout, observer)
        write_metrics(run.path, corpus, scores)
        run.record(seconds_since_last_start=round(time.monotonic() - began, 1))
        report_run(run.path, observer)
        run.end()


def _train_system(recipe: Recipe, corpus: Corpus, out: Path, observer: Observer) -> System | TrainedLexicon:
    passing(Point.TRAINING_START)
    if isinstance(recipe, NeuralRecipe):
        return fit_neural(recipe, corpus, out, observer)
    write_history(out, [])
    if isinstance(recipe, LexiconRecipe):
        stacked = None
        if recipe.stacking is not None:
            stacked = train_stacked(recipe.stacking, corpus, out, seed=recipe.seed, observer=observer)
        return train_lexicon(recipe, corpus, observer, stacked)
    if isinstance(recipe, DictionaryRecipe):
        return train_dictionary(recipe, corpus, observer)
    return train_linear(recipe, corpus, observer)


def _write_results(
    trained: System | TrainedLexicon,
    recipe: Recipe,
    corpus: Corpus,
    layout: RunLayout,
    observer: Observer,
) -> dict[str, SplitScores]:
    """Write the scores of validation and test, the model with its decision rule, and evidence.

    Returns
    -------
        The scores of each split.

    """
    info = new_info(recipe, corpus)
    system = trained.system if isinstance(trained, TrainedLexicon) else trained
    if isinstance(trained, TrainedLexicon):
        info = replace(info, labels=trained.labels, titles=trained.titles)
    splits = [split for split in ("validation", "test") if split in corpus.splits]
    for split in splits:
        observer.begin(f"Scoring {split}", corpus.size(split))
        passing(Point.SCORES_WRITING)
        predict_split(
            system, info, corpus, split, layout.scores(split), force=True, progress=observer.advance
        )
    scores: dict[str, SplitScores] = {split: read_scores(layout, corpus, split) for split in splits}
    info = _with_rule(info, recipe.threshold_policy, scores["validation"], trained)
    passing(Point.MODEL_WRITING)
    save_model(system, info, layout.model, force=True)
    write_run_evidence(system, info, corpus, scores, layout, observer)
    return scores


def _with_rule(
    info: ModelInfo, policy: PolicyName, validation: SplitScores, trained: System | TrainedLexicon
) -> ModelInfo:
    """Return the model with a rule chosen on validation, or on training notes scored out of fold."""
    if isinstance(trained, TrainedLexicon):
        rule, sentence = trained.held_out.choose(policy)
    else:
        rule, sentence = validation.choose(policy), POLICIES[policy].sentence
    return replace(info, rule=rule, threshold_policy=sentence)
