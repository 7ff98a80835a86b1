"""The label space of a model: codes, titles and their frequency in training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from clem_icd.icd import Code

if TYPE_CHECKING:
    from clem_icd.corpus import Corpus


@dataclass(frozen=True)
class LabelSpace:
    """The codes that a model scores, in label order.

    Attributes
    ----------
    codes
        The label space [labels].
    titles
        The title of every label, or None [labels].
    counts
        Number of training notes with each label [labels].
    notes
        Number of training notes.

    """

    codes: tuple[Code, ...]
    titles: tuple[str | None, ...]
    counts: npt.NDArray[np.int64]
    notes: int

    @classmethod
    def of(cls, corpus: Corpus) -> Self:
        """Return the label space of a corpus with a training split."""
        return cls(
            corpus.codes,
            tuple(label.title for label in corpus.labels),
            np.asarray(corpus.train_counts(), dtype=np.int64),
            corpus.size("train"),
        )

    @property
    def frequencies(self) -> npt.NDArray[np.float64]:
        """Probability of each label before a note is read, from its training notes [labels].

        It is (n + 1/2) / (N + 1), for n of N training notes, and so neither 0 nor 1 for a label with none or
        with all of them (Haldane 1956; Anscombe 1956).
        """
        return (self.counts + 0.5) / (self.notes + 1)

    @property
    def log_odds(self) -> npt.NDArray[np.float64]:
        """Log-odds of the `frequencies` [labels]."""
        return np.log((self.counts + 0.5) / (self.notes - self.counts + 0.5))


def label_fields(codes: Sequence[Code]) -> dict[str, Any]:
    """Return the fields of a Hugging Face config that name the labels of a multi-label classifier."""
    return {
        "id2label": {position: code.value for position, code in enumerate(codes)},
        "label2id": {code.value: position for position, code in enumerate(codes)},
        "problem_type": "multi_label_classification",
    }
