"""The linear baseline: TF-IDF of words and word pairs, and one logistic regression per label."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save_file
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from clem_icd.errors import CorpusError, ModelError
from clem_icd.files import read_json, write_json
from clem_icd.modeling.model_files import COPY_AGAIN, read_arrays
from clem_icd.modeling.occurrences import parts_of_features, words_of_vectorizer
from clem_icd.modeling.system import NoteScores

_WINDOW = 512

# Words may contain digits and be numbers: codes depend on "K 6.1" and "CKD3".
_WORD = r"(?u)\b\w[\w.%/-]*\w\b|\b\w\b"
_VOCABULARY = "vocabulary.json"
_WEIGHTS = "linear.safetensors"


@dataclass(frozen=True)
class LinearSystem:
    """A fitted linear baseline.

    The weights are dense and take ``4 * labels * features`` bytes in memory and on disk: 6.4 GB for 200,000
    features and 8,000 labels.

    Attributes
    ----------
    vectorizer
        Turns texts into rows of a sparse matrix [notes, features].
    weights
        One row per label [labels, features].
    bias
        One value per label [labels]. A label without positives has zero weights and a low bias.

    """

    vectorizer: Any
    weights: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]

    @classmethod
    def fit(
        cls,
        texts: Iterable[str],
        positives: Sequence[npt.NDArray[np.int64]],
        *,
        ngrams: tuple[int, int],
        features: int,
        min_notes: int,
        inverse_regularization: float,
        progress: Any = None,
    ) -> LinearSystem:
        """Fit on the training notes.

        Parameters
        ----------
        texts
            Training notes, read once [notes].
        positives
            For every label, the rows of the notes with it [labels].
        ngrams
            The shortest and the longest run of words that is a feature.
        features
            The number of features; the most frequent runs are kept.
        min_notes
            The fewest notes that contain a feature.
        inverse_regularization
            ``C`` of the logistic regression; larger values fit the training notes more closely.
        progress
            Called after every label.

        Raises
        ------
        CorpusError
            If no run of words occurs in enough notes.

        """
        vectorizer = _vectorizer(ngram_range=ngrams, max_features=features, min_df=min_notes)
        try:
            matrix = vectorizer.fit_transform(texts).tocsr()
        except ValueError:
            raise CorpusError(
                f"no run of words occurs in {min_notes} or more training notes",
                remedy="Lower training.min_notes, or prepare a larger corpus",
            ) from None
        weights = np.zeros((len(positives), matrix.shape[1]), dtype=np.float32)
        bias = np.zeros(len(positives), dtype=np.float32)
        # liblinear's vectors are so short that BLAS threads would mostly wait for each other. Fitting several
        # labels in threads is not an alternative: it corrupts liblinear's memory.
        with threadpool_limits(1, user_api="blas"):
            for label, rows in enumerate(positives):
                weights[label], bias[label] = _fit_label(matrix, rows, inverse_regularization)
                if progress is not None:
                    progress()
        return cls(vectorizer, weights, bias)

    @classmethod
    def load(cls, folder: Path) -> LinearSystem:
        """Load the files that `save` wrote.

        Raises
        ------
        ModelError
            If a file is missing or damaged, or the files disagree about the features.

        """
        about = read_json(folder / _VOCABULARY, ModelError, COPY_AGAIN)
        arrays = read_arrays(folder / _WEIGHTS)
        try:
            vectorizer = _vectorizer(ngram_range=tuple(about["ngrams"]), vocabulary=about["terms"])
            vectorizer.idf_ = arrays["idf"]
            system = cls(vectorizer, arrays["weights"], arrays["bias"])
            system._check(len(about["terms"]))
        except (KeyError, TypeError, ValueError, IndexError) as problem:
            raise ModelError(
                f"{_VOCABULARY} and {_WEIGHTS} are damaged or do not match ({type(problem).__name__})",
                path=folder,
                remedy=COPY_AGAIN,
            ) from problem
        return system

    def save(self, folder: Path) -> None:
        """Write weights and vocabulary into an existing folder."""
        terms = self.vectorizer.get_feature_names_out().tolist()
        write_json(folder / _VOCABULARY, {"ngrams": list(self.vectorizer.ngram_range), "terms": terms})
        arrays = {"weights": self.weights, "bias": self.bias, "idf": self.vectorizer.idf_.astype(np.float64)}
        save_file(arrays, folder / _WEIGHTS)

    def _check(self, features: int) -> None:
        labels = len(self.bias)
        if (self.weights.shape, self.bias.shape) != ((labels, features), (labels,)):
            raise ValueError("the weights have an unexpected shape")
        if self.vectorizer.idf_.shape != (features,):
            raise ValueError("the idf has an unexpected shape")
        # Scikit-learn validates the vocabulary only when it is used.
        self.vectorizer.transform([""])

    def score(self, texts: Iterable[str]) -> Iterator[NoteScores]:
        """Yield the scores of every text, in order."""
        remaining = iter(texts)
        while window := list(islice(remaining, _WINDOW)):
            logits = self.vectorizer.transform(window).astype(np.float32) @ self.weights.T + self.bias
            for row in 1 / (1 + np.exp(-np.clip(logits, -60, 60))):
                yield NoteScores(row.astype(np.float32))

    def contributions(
        self, text: str, labels: Sequence[int]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
        """Return what each word of a note adds to the logits of some labels.

        A feature adds its weight times its TF-IDF value, in equal parts at each of its occurrences and at
        each of their words. The logit of a label is its bias plus what all words add.

        Parameters
        ----------
        text
            The raw note.
        labels
            Positions in the label space [labels].

        Returns
        -------
        tuple
            Begin and end of the words of the vectorizer in the raw text, half-open, in characters [words, 2],
            and what each adds [labels, words].

        """
        words, offsets = words_of_vectorizer(text, self.vectorizer)
        parts = parts_of_features(words, self.vectorizer)
        values = self.vectorizer.transform([text])
        # The features of the note alone: the weights of all features may take gigabytes.
        weights = self.weights[np.ix_(list(labels), values.indices)] * values.data
        return offsets, np.asarray((parts[:, values.indices] @ weights.T).T, dtype=np.float32)


def _vectorizer(**options: Any) -> Any:
    return TfidfVectorizer(
        lowercase=True,
        sublinear_tf=True,
        token_pattern=_WORD,
        dtype=np.float64,
        **options,
    )


def _fit_label(
    matrix: csr_matrix, rows: npt.NDArray[np.int64], inverse_regularization: float
) -> tuple[npt.NDArray[np.float32], float]:
    notes = matrix.shape[0]
    if len(rows) in (0, notes):
        odds = (len(rows) + 0.5) / (notes - len(rows) + 0.5)
        return np.zeros(matrix.shape[1], dtype=np.float32), float(np.log(odds))
    targets = np.zeros(notes, dtype=np.int8)
    targets[rows] = 1
    model = LogisticRegression(C=inverse_regularization, solver="liblinear", random_state=0)
    model.fit(matrix, targets)
    return model.coef_[0].astype(np.float32), float(model.intercept_[0])
