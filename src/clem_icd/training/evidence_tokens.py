"""Evidence of training notes as tokens: which ones coders marked, and for which label."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import torch
from torch.utils.data import Dataset
from transformers import PreTrainedTokenizerBase

from clem_icd.corpus import Corpus, Evidence
from clem_icd.errors import CorpusError
from clem_icd.modeling.inputs import TokenizedNotes
from clem_icd.modeling.positions import tokens_under
from clem_icd.modeling.readings import Reading
from clem_icd.training.regularizers import Regularizer

Pieces = npt.NDArray[np.int64]
"""Label and token of each piece of evidence of a note; tokens are counted as they are read [pieces, 2]."""


@dataclass(frozen=True)
class EvidenceTokens:
    """The evidence of training notes.

    Attributes
    ----------
    of_notes
        The pieces of evidence of each note [notes].
    spans, dropped
        Number of evidence spans, and of those without a token that is read.

    """

    of_notes: Sequence[Pieces]
    spans: int
    dropped: int

    def sentence(self) -> str:
        """Say how much evidence attention learns from, and how much is beyond what is read."""
        pairs = sum(len(np.unique(pieces[:, 0])) for pieces in self.of_notes)
        notes = sum(len(pieces) > 0 for pieces in self.of_notes)
        line = (
            f"Attention is supervised by the evidence of {pairs:,} codes in {notes:,} of "
            f"{len(self.of_notes):,} training notes"
        )
        if self.dropped:
            line += f"; {self.dropped:,} of {self.spans:,} spans are in text that is not read"
        return line


def require_evidence(regularizer: Regularizer | None, corpus: Corpus) -> None:
    """Refuse a corpus without evidence in its training notes, if a regularizer learns from it.

    Raises
    ------
    CorpusError
        If no training note has any.

    """
    if regularizer is None or not regularizer.needs_evidence:
        return
    marked = corpus.frame("train").select(pl.col("evidence").list.len().sum()).collect().item()
    if not marked:
        raise CorpusError(
            f"has no evidence in train, which training.regularizer={regularizer.kind} learns from",
            path=corpus.path,
            remedy="Prepare it again with --evidence, or set training.regularizer=null",
        )


def read_evidence_tokens(
    corpus: Corpus, tokenizer: PreTrainedTokenizerBase, reading: Reading
) -> EvidenceTokens:
    """Return the evidence of the training notes as tokens. Notes with evidence are tokenized, again.

    Raises
    ------
    ModelError
        If the tokenizer does not provide the positions of its tokens in the text.

    """
    label_of = {code: label for label, code in enumerate(corpus.codes)}
    of_notes: list[Pieces] = [np.empty((0, 2), dtype=np.int64)] * corpus.size("train")
    spans = dropped = 0

    def marked() -> Iterator[tuple[int, str, tuple[Evidence, ...]]]:
        for row, note in enumerate(corpus.notes("train")):
            if note.evidence:
                yield row, note.text, note.evidence

    read = reading.read(tokenizer, (text for _, text, _ in marked()), offsets=True)
    for (row, text, evidence), note in zip(marked(), read, strict=True):
        found = []
        for one in evidence:
            tokens = tokens_under(text, np.asarray(note.offsets), one.begin, one.end)
            found.append(np.column_stack([np.full(len(tokens), label_of[one.code]), tokens]))
            spans += 1
            dropped += len(tokens) == 0
        # Spans of a code may overlap, and a token counts once.
        of_notes[row] = np.unique(np.concatenate(found), axis=0)
    return EvidenceTokens(of_notes, spans, dropped)


class NotesWithEvidence(Dataset[dict[str, Any]]):
    """Training notes, each with its pieces of evidence."""

    def __init__(self, notes: TokenizedNotes, evidence: EvidenceTokens) -> None:
        self._notes = notes
        self._evidence = evidence
        self.lengths = notes.lengths

    def __len__(self) -> int:
        return len(self._notes)

    def __getitem__(self, row: int) -> dict[str, Any]:
        return {**self._notes[row], "evidence": self._evidence.of_notes[row]}


def with_evidence(
    collate: Callable[[Sequence[dict[str, Any]]], dict[str, torch.Tensor]],
) -> Callable[[Sequence[dict[str, Any]]], dict[str, torch.Tensor]]:
    """Return a collator that adds the ``evidence`` of the notes to a batch, if they have the key.

    It is note, label and token of each piece [pieces, 3].
    """

    def collate_both(items: Sequence[dict[str, Any]]) -> dict[str, torch.Tensor]:
        batch = dict(collate(items))
        if "evidence" in items[0]:
            pieces = [np.insert(item["evidence"], 0, row, axis=1) for row, item in enumerate(items)]
            batch["evidence"] = torch.from_numpy(np.concatenate(pieces))
        return batch

    return collate_both
