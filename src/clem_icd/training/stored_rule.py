"""Another decision rule for the model of a finished run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from clem_icd.corpus import Corpus
from clem_icd.decisions import POLICIES, PolicyName, Rule
from clem_icd.modeling import ModelInfo, write_info
from clem_icd.progress import Observer, Silent
from clem_icd.training.folder import RunFolder
from clem_icd.training.judging import read_scores, write_metrics
from clem_icd.training.report import report_run


def store_rule(run: Path, corpus: Corpus, policy: PolicyName, *, observer: Observer | None = None) -> Rule:
    """Choose a rule on validation, store it in the model of a run, and re-evaluate the run.

    Evidence in the run is not computed again; the observer receives a notice if it belongs to another rule.

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
        If there is no run, it has another corpus, is not finished, or is trained by another process.

    """
    folder = RunFolder(run)
    folder.require_corpus(corpus)
    folder.require_finished()
    info = ModelInfo.read(folder.layout.model)
    validation = read_scores(folder.layout, corpus, "validation")
    rule = validation.choose(policy)
    with folder.locked():
        # Without metrics until those of the new rule are there, in case this is interrupted.
        changed = replace(info, rule=rule, threshold_policy=POLICIES[policy].sentence, metrics={})
        write_info(changed, folder.layout.model)
        write_metrics(run, corpus, {"validation": validation})
        observer = observer or Silent()
        if rule != info.rule and folder.layout.evidence_metrics.is_file():
            observer.say(
                "Notice: the evidence in this run is still that of the codes that the earlier rule assigned; "
                "`clem explain MODEL --corpus CORPUS --out FILE` writes that of the codes assigned now"
            )
        report_run(run, observer)
    return rule
