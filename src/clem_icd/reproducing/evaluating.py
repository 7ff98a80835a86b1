"""Evaluating a run as publications do: on its own test split, or on other notes with the codes it knows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from clem_icd.corpus import Corpus
from clem_icd.errors import RunError
from clem_icd.evaluation import judge_known_labels, judge_scores
from clem_icd.evaluation.judging import RESAMPLES
from clem_icd.files import write_json
from clem_icd.modeling import ModelInfo, load_model
from clem_icd.prediction import predict_split
from clem_icd.progress import Observer
from clem_icd.runs import spread
from clem_icd.runs.layout import RunLayout
from clem_icd.scores import open_scores
from clem_icd.training import RunFolder, SeedsFolder

__all__ = ["evaluate_run", "is_finished", "require_evaluated_on"]

_SPLIT = "test"


def evaluate_run(
    layout: RunLayout, corpus: Corpus, profile: str, folder: Path, observer: Observer, *, other: bool
) -> Path:
    """Evaluate a finished run, or its seeds, and return the metrics file.

    It is made again each time, so that it always belongs to the run.

    Parameters
    ----------
    layout
        The folder of the run.
    corpus
        What it is evaluated on.
    profile
        The published evaluation.
    folder
        Where the metrics go, and the scores if the run has none for this corpus.
    other
        Whether the corpus is another one than that of the run. The notes are then scored here, and only the
        codes that the model knows count.

    Raises
    ------
    ModelError, ScoresError
        If the run lacks its model or its scores, or they do not fit the corpus.

    """
    documents = [_judged(one, corpus, profile, folder, observer, other=other) for one in _runs(layout)]
    path = RunLayout(folder).metrics()
    write_json(path, spread(documents) if layout.has_seeds else documents[0])
    return path


def require_evaluated_on(layout: RunLayout, corpus: Corpus, folder: Path, *, other: bool) -> None:
    """Refuse an earlier evaluation of a run that is not finished, or on another corpus.

    Parameters
    ----------
    layout, corpus, folder, other
        As for `evaluate_run`.

    Raises
    ------
    RunError
        If it is one of these.
    ScoresError
        If the evaluated scores are missing or malformed.

    """
    if not _folder(layout).ended:
        raise RunError(
            "is not finished", path=layout.path, remedy=f"Pass --run {layout.path.name} to finish it"
        )
    for run in _runs(layout):
        scores = open_scores(_scores(run, folder, other=other))
        if scores.about.get("corpus_fingerprint") != corpus.fingerprint:
            raise RunError(
                f"was evaluated on another corpus than {corpus.path} holds now",
                path=folder,
                remedy="Reproduce into a new folder",
            )


def is_finished(layout: RunLayout) -> bool:
    """Return whether a run was started, and its training is finished."""
    folder = _folder(layout)
    return (layout.path / folder.STATE).is_file() and folder.ended


def _folder(layout: RunLayout) -> RunFolder | SeedsFolder:
    return SeedsFolder(layout.path) if layout.has_seeds else RunFolder(layout.path)


def _runs(layout: RunLayout) -> list[RunLayout]:
    return layout.seeds if layout.has_seeds else [layout]


def _scores(run: RunLayout, folder: Path, *, other: bool) -> Path:
    """Return the scores file that is evaluated."""
    return folder / f"{run.path.name}.parquet" if other else run.scores(_SPLIT)


def _judged(
    run: RunLayout, corpus: Corpus, profile: str, folder: Path, observer: Observer, *, other: bool
) -> dict[str, Any]:
    info = ModelInfo.read(run.model)
    path = _scores(run, folder, other=other)
    if other:
        system, info = load_model(run.model)
        observer.begin(f"Scoring {corpus.name}", corpus.size(_SPLIT))
        predict_split(system, info, corpus, _SPLIT, path, force=True, progress=observer.advance)
    observer.begin("Resampling", RESAMPLES)
    judged = judge_known_labels if other else judge_scores
    return judged(
        open_scores(path),
        corpus,
        _SPLIT,
        info.rule,
        threshold_source="model",
        profile=profile,
        progress=observer.advance,
    )
