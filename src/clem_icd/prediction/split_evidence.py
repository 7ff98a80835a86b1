"""Writing the evidence for the codes of a split."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import tee
from pathlib import Path
from typing import Any, Literal

import numpy as np

from clem_icd.corpus import Corpus, Note
from clem_icd.errors import InputError, ModelError, NoteError
from clem_icd.evidence import EvidenceWriter, evidence_writer
from clem_icd.explanation import Explainer
from clem_icd.modeling import NoteScores
from clem_icd.prediction.coder import finite

ExplainedCodes = Literal["assigned", "gold"]


@dataclass(frozen=True, slots=True)
class SplitEvidence:
    """What an evidence file has of a split, and what it cannot have.

    Attributes
    ----------
    explained
        Which codes were explained.
    notes, notes_cut
        The notes of the split, and those that the system does not read to the end.
    notes_left_out, left_out_because
        The notes with codes that the method refused, such as long ones, and why it refused the first of them.
    codes, codes_without_span
        The pairs of a note and an explained code, and those without any span.
    gold_left_out
        The pairs of a note and a gold code that is not in the label space; 0 for assigned codes.
    spans
        The spans in the file.
    cut
        The share of the support for a code above which a word is marked; None if the system knows its spans.
    remarks
        What the method says about its evidence, as sentences.

    """

    explained: ExplainedCodes
    notes: int
    notes_cut: int
    notes_left_out: int
    left_out_because: str | None
    codes: int
    codes_without_span: int
    gold_left_out: int
    spans: int
    cut: float | None
    remarks: tuple[str, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader of the evidence has to know, as sentences."""
        lines = list(self.remarks)
        if self.notes_cut:
            lines.append(
                f"{self.notes_cut:,} of {self.notes:,} notes are longer than the model reads: their evidence "
                "is only from what was read."
            )
        if self.notes_left_out:
            lines.append(
                f"{self.notes_left_out:,} of {self.notes:,} notes were left out, and have no evidence: "
                f"{self.left_out_because}."
            )
        if self.codes_without_span:
            reason = "" if self.cut is None else f": no word is above the cut of {self.cut:.4g}"
            lines.append(
                f"{self.codes_without_span:,} of {self.codes:,} {self.explained} codes have no "
                f"evidence{reason}."
            )
        if self.gold_left_out:
            lines.append(f"{self.gold_left_out:,} gold codes were left out: they are not codes of the model.")
        return tuple(lines)


def explain_split(
    explainer: Explainer,
    corpus: Corpus,
    split: str,
    out: Path,
    *,
    codes: ExplainedCodes = "assigned",
    force: bool = False,
    progress: Callable[[int], Any] | None = None,
) -> SplitEvidence:
    """Write the evidence for the codes of every note of a split.

    A note that the method refuses is left out and counted.

    Parameters
    ----------
    explainer
        The system, and how it is explained.
    out
        The evidence file, which appears once it is complete.
    codes
        The codes to explain: those that the system assigns, or the gold codes of the notes, which the system
        may miss. With gold codes, only explanations are judged by `clem_icd.evidence`, not decisions.
    progress
        Called with the number of notes explained since its last call.

    Raises
    ------
    CorpusError
        If the corpus has no such split.
    InputError
        If no gold code of the split is in the label space.
    ModelError
        If the model returns a probability that is not finite.
    ModelError, NoteError
        If the method refuses every note that has codes, as it refuses the first.
    OutputError
        If ``out`` is occupied and ``force`` is false, or the disk is full.

    """
    with evidence_writer(out, explainer.name, force=force) as writer:
        explanation = NotesExplanation(explainer, writer)
        explained = (
            explanation.scores(ids_and_texts(corpus, split))
            if codes == "assigned"
            else explanation.gold(corpus.notes(split))
        )
        for _ in explained:
            if progress is not None:
                progress(1)
        written = explanation.result(codes)
        if explanation.refused is not None and not written.codes:
            raise explanation.refused
        if written.gold_left_out and not written.codes:
            raise InputError(
                f"none of the {written.gold_left_out:,} gold codes of {split} is one of the model's "
                f"{len(explainer.info.labels):,} codes",
                remedy="Explain a corpus with the code system of the model",
            )
    return written


def ids_and_texts(corpus: Corpus, split: str) -> Iterator[tuple[str, str]]:
    """Yield the id and the text of every note of a split."""
    return zip(corpus.note_ids(split), corpus.texts(split), strict=True)


class NotesExplanation:
    """Explains notes, and writes the spans of the codes of each.

    Parameters
    ----------
    explainer
        The system, and how it is explained.
    writer
        Of the evidence file.

    Attributes
    ----------
    refused
        Why the method refused the first note that it refused; None without any.

    """

    def __init__(self, explainer: Explainer, writer: EvidenceWriter) -> None:
        self._explainer = explainer
        self._writer = writer
        self._notes = 0
        self._cut = 0
        self._notes_left_out = 0
        self._left_out = 0
        self.refused: ModelError | NoteError | None = None

    def scores(self, notes: Iterable[tuple[str, str]]) -> Iterator[NoteScores]:
        """Yield the scores of every note, given by id and text, once the spans of its codes are written."""
        scored, explained = tee(notes)
        texts = (text for _, text in scored)
        for (note_id, text), scores in zip(explained, self._explainer.system.score(texts), strict=True):
            self._notes += 1
            self._cut += scores.tokens != scores.tokens_read
            [decided] = self._explainer.info.rule.decide(finite(scores)[np.newaxis])
            self._write(note_id, text, np.flatnonzero(decided).tolist())
            yield scores

    def gold(self, notes: Iterable[Note]) -> Iterator[int]:
        """Yield the number of gold codes of every note, once their spans are written."""
        place = {code: position for position, code in enumerate(self._explainer.info.labels)}
        for note in notes:
            labels = [place[code] for code in note.codes if code in place]
            self._notes += 1
            self._left_out += len(note.codes) - len(labels)
            self._cut += self._explainer.end_of_reading(note.text) < len(note.text)
            self._write(note.note_id, note.text, labels)
            yield len(labels)

    def result(self, explained: ExplainedCodes = "assigned") -> SplitEvidence:
        """Return what was written so far."""
        rule = self._explainer.about["rule"]
        return SplitEvidence(
            explained=explained,
            notes=self._notes,
            notes_cut=self._cut,
            notes_left_out=self._notes_left_out,
            left_out_because=None if self.refused is None else self.refused.found,
            codes=self._writer.codes,
            codes_without_span=self._writer.codes_without_span,
            gold_left_out=self._left_out,
            spans=self._writer.count,
            cut=None if rule is None else rule["cut"],
            remarks=self._explainer.remarks,
        )

    def _write(self, note_id: str, text: str, labels: Sequence[int]) -> None:
        if not labels:
            return
        try:
            found = self._explainer.spans(text, labels)
        except (ModelError, NoteError) as problem:
            self._notes_left_out += 1
            self.refused = self.refused or problem
            return
        for label, spans in zip(labels, found, strict=True):
            self._writer.write(note_id, self._explainer.info.labels[label], spans)
