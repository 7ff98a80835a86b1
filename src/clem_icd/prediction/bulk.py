"""Scoring a split of a corpus into a scores file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from clem_icd.corpus import Corpus
from clem_icd.errors import InputError
from clem_icd.evidence import evidence_writer
from clem_icd.explanation import Explainer
from clem_icd.modeling import ModelInfo, System
from clem_icd.prediction.coder import finite
from clem_icd.prediction.overlap import overlap_warnings
from clem_icd.prediction.split_evidence import SplitExplanation
from clem_icd.scores import TOP, write_ranked, write_scores
from clem_icd.scores.file import Row


def predict_split(
    system: System,
    info: ModelInfo,
    corpus: Corpus,
    split: str,
    out: Path,
    *,
    top: int | None = None,
    evidence: Path | None = None,
    explainer: Explainer | None = None,
    force: bool = False,
    progress: Callable[[int], Any] | None = None,
) -> tuple[str, ...]:
    """Score every note of a split.

    The file has a score for every label, or lists the best codes of each note if the model ranks a whole code
    system (``info.is_ranked``).

    Parameters
    ----------
    system, info
        The result of `load_model`.
    out
        The output file.
    top
        The most codes to list for a note, if the model ranks a whole code system; 1,000 by default.
    evidence
        Also write the evidence for each assigned code to this file.
    explainer
        Finds the evidence; by default with the method that suits the system best.
    progress
        Called with the number of notes scored since its last call.

    Returns
    -------
    tuple
        Warnings about the scores, as sentences, which the file holds too; and about the evidence, if it was
        asked for.

    Raises
    ------
    CorpusError
        If the corpus has no such split.
    InputError
        If ``top`` is given, and the model does not rank a whole code system.
    ModelError
        If the model returns a probability that is not finite, or no method explains it.
    OutputError
        If ``out`` or ``evidence`` is occupied and ``force`` is false, or the disk is full.

    """
    if top is not None and not info.is_ranked:
        raise InputError(
            f"the {top} best codes of each note were asked for, expected a model that ranks a whole code "
            "system: this one has a score for every label of its corpus",
            remedy="Write all scores, and list the best with `clem scores export --top`",
        )

    def rows() -> Iterator[Row]:
        for note_id, scores in zip(corpus.note_ids(split), scored, strict=True):
            if progress is not None:
                progress(1)
            yield note_id, finite(scores)

    warnings = overlap_warnings(info, corpus, split)
    about = {
        "system": info.system,
        **_reduced(system),
        "corpus": corpus.name,
        "corpus_fingerprint": corpus.fingerprint,
        "split": split,
        "synthetic": corpus.synthetic,
        "warnings": list(warnings),
    }
    explained = None
    with ExitStack() as stack:
        if evidence is None:
            scored = system.score(corpus.texts(split))
        else:
            explainer = explainer or Explainer(system, info)
            writer = stack.enter_context(evidence_writer(evidence, explainer.name, force=force))
            explained = SplitExplanation(explainer, corpus, split, writer)
            scored = explained.scores()
        if info.is_ranked:
            limit = TOP if top is None else top
            write_ranked(out, info.labels, rows(), about, name=str(info.label_space), top=limit, force=force)
        else:
            write_scores(out, info.labels, rows(), about, force=force)
    return warnings if explained is None else (*warnings, *explained.result().warnings)


def _reduced(system: System) -> dict[str, str]:
    """Return the key ``precision`` if a system was loaded in reduced precision."""
    precision = getattr(system, "precision", None)
    return {} if precision is None or precision.name == "fp32" else {"precision": precision.name}
