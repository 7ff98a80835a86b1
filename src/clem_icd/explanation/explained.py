"""A note whose codes one method has explained."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from clem_icd.corpus import Evidence, Note
from clem_icd.evidence import JudgedNote
from clem_icd.explanation.token_weights import TokenWeights
from clem_icd.modeling import ModelInfo
from clem_icd.modeling.positions import tokens_under
from clem_icd.modeling.system import Span

__all__ = ["ExplainedNote", "gold_evidence"]


@dataclass(frozen=True)
class ExplainedNote:
    """One note, explained by one method.

    Attributes
    ----------
    labels
        The explained labels: those with gold evidence that was read, and those that the model assigns.
    gold
        The gold evidence that was read, by label.
    assigned
        The labels that the model assigns.
    found
        The weights that the method gives, for each of ``labels``.
    compared
        The same weights on the units of the system, which all methods share.
    spans
        The spans of each of ``labels``.
    seconds
        The time it took.

    """

    note: Note
    labels: list[int]
    gold: dict[int, list[Evidence]]
    assigned: set[int]
    found: TokenWeights
    compared: TokenWeights
    spans: list[tuple[Span, ...]]
    seconds: float

    def pairs(self) -> list[tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]]:
        """Return the weights of the tokens for each label with gold evidence, and the tokens of the evidence.

        The weights have the sum 1. Labels whose evidence has no token are left out.
        """
        shares = self.compared.shares
        pairs = []
        for label, spans in self.gold.items():
            under = [tokens_under(self.note.text, self.compared.offsets, one.begin, one.end) for one in spans]
            marked = np.unique(np.concatenate(under))
            if len(marked):
                pairs.append((shares[self.labels.index(label)], marked))
        return pairs

    def judged(self, info: ModelInfo, labels: set[int]) -> JudgedNote:
        """Return the note with the spans of some labels beside all gold evidence that was read."""
        predicted = tuple(
            Evidence(info.labels[label], span.begin, span.end)
            for label, spans in zip(self.labels, self.spans, strict=True)
            if label in labels
            for span in spans
        )
        gold = tuple(span for spans in self.gold.values() for span in spans)
        return JudgedNote(self.note.note_id, self.note.note_id, self.note.text, gold, predicted)


def gold_evidence(note: Note, info: ModelInfo, read: int) -> dict[int, list[Evidence]]:
    """Return the gold evidence that ends in the first ``read`` characters of a note, by label."""
    place = {code: position for position, code in enumerate(info.labels)}
    gold: dict[int, list[Evidence]] = {}
    for span in note.evidence:
        if span.code in place and span.end <= read:
            gold.setdefault(place[span.code], []).append(span)
    return gold
