"""The scores of a split and its codes, each read once for everything that is computed from them."""

from __future__ import annotations

from dataclasses import dataclass

from clem_icd.corpus import Corpus
from clem_icd.decisions.arrays import BoolArray, FloatArray
from clem_icd.scores.file import Scores

__all__ = ["SplitScores"]


@dataclass(frozen=True, eq=False)
class SplitScores:
    """A system's scores for the notes of a split, together with the codes of these notes.

    Attributes
    ----------
    corpus, split
        The scored notes.
    targets, values
        Which notes carry which labels, and the scores, in the order of the corpus [notes, labels].
    system
        The system that produced the scores.
    warnings
        Sentences that a reader of results has to know.

    """

    corpus: Corpus
    split: str
    targets: BoolArray
    values: FloatArray
    system: str
    warnings: tuple[str, ...]

    @classmethod
    def of(cls, scores: Scores, corpus: Corpus, split: str) -> SplitScores:
        """Match scores with the notes and labels of a split.

        Raises
        ------
        ScoresError
            If the scores are for other notes or another label space than the split's.
        CorpusError
            If the corpus has no such split.

        """
        values = scores.of(corpus, split)
        return cls(corpus, split, corpus.targets(split), values, system_of(scores), scores.warnings)


def system_of(scores: Scores) -> str:
    """Return the system that produced scores, as far as the file says."""
    return str(scores.about.get("system", "unknown"))
