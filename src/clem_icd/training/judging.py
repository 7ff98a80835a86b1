"""Judging a run by the scores and the model that it left on the disk, without training anything."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from clem_icd.corpus import Corpus
from clem_icd.evaluation import judge_scores
from clem_icd.files import write_json
from clem_icd.modeling import ModelInfo, token_starts_of, write_info
from clem_icd.scores import Scores


def scores_path(run: Path, split: str) -> Path:
    """Return where the scores of a split lie in a run folder."""
    return run / "scores" / f"{split}.parquet"


def judge_run(run: Path, corpus: Corpus) -> None:
    """Write the metrics of a run, and bring those in its model up to date; what decides stays as stored.

    Raises
    ------
    ModelError
        If ``run`` has no model.
    ScoresError
        If its scores are missing, or are not those of the corpus.

    """
    info = ModelInfo.read(run / "model")
    splits = [split for split in ("validation", "test") if split in corpus.splits]
    documents = {split: _judged(run, info, corpus, split) for split in splits}
    write_json(run / "metrics-validation.json", documents["validation"])
    write_json(run / "metrics.json", documents.get("test", documents["validation"]))
    metrics: dict[str, dict[str, float]] = {split: documents[split]["metrics"] for split in splits}
    write_info(replace(info, metrics=metrics), run / "model")


def _judged(run: Path, info: ModelInfo, corpus: Corpus, split: str) -> dict[str, Any]:
    scores = Scores.read(scores_path(run, split))
    starts = token_starts_of(run / "model")
    return judge_scores(scores, corpus, split, info.rule, threshold_source="model", token_starts=starts)
