"""Re-evaluating a run from the scores and the model in its folder, without training or scoring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from clem_icd.corpus import Corpus
from clem_icd.evaluation import SplitScores, judge_split
from clem_icd.evaluation.analysis import TokenStarts
from clem_icd.files import write_json
from clem_icd.modeling import ModelInfo, token_starts_of, write_info
from clem_icd.progress import Observer, Silent
from clem_icd.runs.layout import RunLayout
from clem_icd.scores import open_scores
from clem_icd.training.folder import RunFolder, SeedsFolder
from clem_icd.training.report import report_run
from clem_icd.training.summary import summarize


def judge(run: Path, corpus: Corpus, *, observer: Observer | None = None) -> Path:
    """Recompute the metrics and the report of a run from its scores, without training or scoring.

    The decision rule stays as the model has it.

    Parameters
    ----------
    run
        The result of `train`, with one seed or several.
    corpus
        The corpus that it was trained on.

    Raises
    ------
    ModelError, ScoresError
        If the model or the scores are missing, or do not fit the corpus.
    RunError
        If there is no run, it has another corpus, or it is not finished.

    """
    observer = observer or Silent()
    folder = SeedsFolder(run) if RunLayout(run).has_seeds else RunFolder(run)
    folder.require_corpus(corpus)
    folder.require_finished()
    with folder.locked():
        if isinstance(folder, SeedsFolder):
            for place in folder.places.values():
                judge(place, corpus, observer=observer)
            folder.end(best_on_validation=summarize(folder, observer))
        else:
            write_metrics(run, corpus)
            report_run(run, observer)
    return run


def read_scores(layout: RunLayout, corpus: Corpus, split: str) -> SplitScores:
    """Read the scores that a run has for a split, and match them with the codes of its notes.

    Raises
    ------
    ScoresError
        If the scores are missing, or do not fit the corpus.

    """
    return SplitScores.of(open_scores(layout.scores(split)), corpus, split)


def write_metrics(run: Path, corpus: Corpus, scores: Mapping[str, SplitScores] | None = None) -> None:
    """Write the metrics of a run, and update those in its model; the decision rule stays as it is.

    Parameters
    ----------
    scores
        The scores of splits that were read before.

    Raises
    ------
    ModelError
        If ``run`` has no model.
    ScoresError
        If its scores are missing, or do not fit the corpus.

    """
    layout = RunLayout(run)
    info = ModelInfo.read(layout.model)
    starts = token_starts_of(layout.model)
    read = scores or {}
    documents = {
        split: _judged(read[split] if split in read else read_scores(layout, corpus, split), info, starts)
        for split in ("validation", "test")
        if split in corpus.splits
    }
    write_json(layout.metrics("validation"), documents["validation"])
    write_json(layout.metrics("test"), documents.get("test", documents["validation"]))
    metrics: dict[str, dict[str, float]] = {split: one["metrics"] for split, one in documents.items()}
    write_info(replace(info, metrics=metrics), layout.model)


def _judged(one: SplitScores, info: ModelInfo, starts: TokenStarts | None) -> dict[str, Any]:
    return judge_split(one, info.rule, threshold_source="model", token_starts=starts)
