"""Another decision rule for the model of a finished run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from clem_icd.corpus import Corpus
from clem_icd.decisions import POLICIES, PolicyName, Rule, choose_rule
from clem_icd.modeling import ModelInfo, write_info
from clem_icd.progress import Observer
from clem_icd.scores import Scores
from clem_icd.training.folder import RunFolder
from clem_icd.training.judging import judge


def store_rule(run: Path, corpus: Corpus, policy: PolicyName, *, observer: Observer | None = None) -> Rule:
    """Choose a rule on validation, store it in the model of a run, and re-evaluate the run.

    Parameters
    ----------
    run
        The folder of a run with one seed.
    corpus
        The corpus that it was trained on.
    policy
        One of ``POLICIES``.

    Returns
    -------
    Rule
        The chosen rule.

    Raises
    ------
    ModelError, ScoresError
        If the model or the scores are missing, or do not fit the corpus.
    RunError
        If there is no run, it has another corpus, or it is not finished.

    """
    folder = RunFolder(run)
    folder.require_corpus(corpus)
    folder.require_finished()
    info = ModelInfo.read(folder.layout.model)
    scores = Scores.read(folder.layout.scores("validation")).of(corpus, "validation")
    rule = choose_rule(policy, corpus.targets("validation"), scores, corpus.train_counts())
    # Without metrics until those of the new rule are there, in case this is interrupted.
    changed = replace(info, rule=rule, threshold_policy=POLICIES[policy].sentence, metrics={})
    write_info(changed, folder.layout.model)
    judge(run, corpus, observer=observer)
    return rule
