"""Another rule for the model of a run that has ended."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from clem_icd.corpus import Corpus
from clem_icd.decisions import POLICIES, PolicyName, Rule, choose_rule
from clem_icd.errors import RunError
from clem_icd.modeling import ModelInfo, write_info
from clem_icd.scores import Scores
from clem_icd.training.folder import RunFolder
from clem_icd.training.judging import scores_path
from clem_icd.training.seeds import judge


def store_rule(run: Path, corpus: Corpus, policy: PolicyName) -> Rule:
    """Choose a rule on validation, have the model of a run decide by it, and judge the run again.

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
        What was chosen.

    Raises
    ------
    ModelError, ScoresError
        If the model or the scores are missing, or are not those of the corpus.
    RunError
        If there is no run, it is of another corpus, or it has not ended.

    """
    folder = RunFolder(run)
    folder.require_corpus(corpus)
    if not folder.ended:
        raise RunError("has not ended", path=run, remedy="Go on with it by `clem train --resume` first")
    info = ModelInfo.read(run / "model")
    scores = Scores.read(scores_path(run, "validation")).of(corpus, "validation")
    rule = choose_rule(policy, corpus.targets("validation"), scores, corpus.train_counts())
    # Without metrics until they are those of the rule, should this be interrupted.
    changed = replace(info, rule=rule, threshold_policy=POLICIES[policy].sentence, metrics={})
    write_info(changed, run / "model")
    judge(run, corpus)
    return rule
