"""Scoring a split of a corpus into a scores file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import tee
from pathlib import Path
from typing import Any

import numpy as np

from clem_icd.corpus import Corpus
from clem_icd.errors import InputError
from clem_icd.evidence import EvidenceWriter, evidence_writer
from clem_icd.explanation import Explainer
from clem_icd.modeling import ModelInfo, NoteScores, System
from clem_icd.prediction.coder import finite
from clem_icd.prediction.overlap import overlap_warnings
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
            explained = _Explained(explainer, corpus, split, writer)
            scored = explained.scores()
        if info.is_ranked:
            limit = TOP if top is None else top
            write_ranked(out, info.labels, rows(), about, name=str(info.label_space), top=limit, force=force)
        else:
            write_scores(out, info.labels, rows(), about, force=force)
    return warnings if explained is None else (*warnings, *explained.warnings())


class _Explained:
    """Scores notes, and writes the spans of the assigned codes of each before its scores are yielded."""

    def __init__(self, explainer: Explainer, corpus: Corpus, split: str, writer: EvidenceWriter) -> None:
        self._explainer = explainer
        self._corpus = corpus
        self._split = split
        self._writer = writer
        self._truncated = 0

    def scores(self) -> Iterator[NoteScores]:
        """Yield the scores of every note."""
        info = self._explainer.info
        scored, explained = tee(self._corpus.texts(self._split))
        notes = zip(
            self._corpus.note_ids(self._split), explained, self._explainer.system.score(scored), strict=True
        )
        for note_id, text, scores in notes:
            self._truncated += scores.tokens != scores.tokens_read
            [decided] = info.rule.decide(finite(scores)[np.newaxis])
            labels = np.flatnonzero(decided).tolist()
            for label, spans in zip(labels, self._explainer.spans(text, labels), strict=True):
                self._writer.write(note_id, info.labels[label], spans)
            yield scores

    def warnings(self) -> Iterator[str]:
        """Yield what a reader of the evidence has to know, as sentences."""
        if self._truncated:
            yield (
                f"{self._truncated:,} of {self._corpus.size(self._split):,} notes are longer than the model "
                "reads: their evidence is only from what was read."
            )
        if without := self._writer.codes_without_span:
            rule = self._explainer.about["rule"]
            reason = "" if rule is None else f": no word is above the cut of {rule['cut']:.4g}"
            yield f"{without:,} of {self._writer.codes:,} assigned codes have no evidence{reason}."
