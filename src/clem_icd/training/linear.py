"""Fitting the linear baseline on a corpus."""

from __future__ import annotations

import numpy as np

from clem_icd.corpus import Corpus
from clem_icd.modeling import LinearSystem
from clem_icd.progress import Observer
from clem_icd.training.recipe import LinearRecipe


def train_linear(recipe: LinearRecipe, corpus: Corpus, observer: Observer) -> LinearSystem:
    """Fit the linear baseline on the training split of a corpus."""
    rows: list[list[int]] = [[] for _ in corpus.codes]
    for note, columns in enumerate(corpus.label_indices("train")):
        for column in columns:
            rows[column].append(note)
    observer.begin("Fitting labels", len(rows))
    return LinearSystem.fit(
        corpus.texts("train"),
        [np.array(positives, dtype=np.int64) for positives in rows],
        ngrams=recipe.training.ngrams,
        features=recipe.training.features,
        min_notes=recipe.training.min_notes,
        inverse_regularization=recipe.training.inverse_regularization,
        progress=observer.advance,
    )
