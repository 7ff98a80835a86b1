"""Scoring a split of a corpus into a scores file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from clem_icd.corpus import Corpus
from clem_icd.modeling import ModelInfo, System
from clem_icd.prediction.coder import finite
from clem_icd.prediction.overlap import overlap_warnings
from clem_icd.scores.file import write_scores


def predict_split(
    system: System,
    info: ModelInfo,
    corpus: Corpus,
    split: str,
    out: Path,
    *,
    force: bool = False,
    progress: Callable[[int], Any] | None = None,
) -> tuple[str, ...]:
    """Score every note of a split.

    Parameters
    ----------
    system, info
        The result of `load_model`.
    out
        The output file.
    progress
        Called with the number of notes scored since its last call.

    Returns
    -------
    tuple
        Warnings about the scores, as sentences; the file holds them too.

    Raises
    ------
    CorpusError
        If the corpus has no such split.
    ModelError
        If the model returns a probability that is not finite.
    OutputError
        If ``out`` is occupied and ``force`` is false, or the disk is full.

    """

    def rows() -> Any:
        for note_id, scores in zip(corpus.note_ids(split), system.score(corpus.texts(split)), strict=True):
            if progress is not None:
                progress(1)
            yield note_id, finite(scores)

    warnings = overlap_warnings(info, corpus, split)
    about = {
        "system": info.system,
        "corpus": corpus.name,
        "corpus_fingerprint": corpus.fingerprint,
        "split": split,
        "synthetic": corpus.synthetic,
        "warnings": list(warnings),
    }
    write_scores(out, info.labels, rows(), about, force=force)
    return warnings
