"""The probability of a proposed code, by boosted trees over its description (LightGBM)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from clem_icd.errors import ModelError
from clem_icd.extras import optional
from clem_icd.modeling.lexicon.arrays import Floats, Ints
from clem_icd.modeling.machine import usable_cores
from clem_icd.modeling.model_files import COPY_AGAIN

__all__ = ["Ranker", "fit_ranker"]

_THREADS = re.compile(r"^\[num_threads: \d+\]$", re.MULTILINE)
_ROUNDS = 150
_SETTINGS = {
    "objective": "binary",
    "learning_rate": 0.1,
    "num_leaves": 31,
    "min_child_samples": 50,
    "lambda_l2": 20.0,
    "feature_fraction": 0.6,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "max_bin": 63,
    # The same trees whatever the number of threads.
    "deterministic": True,
    "force_row_wise": True,
    "verbose": -1,
}

# Most proposals are hopeless, and a few trees say so. From log-odds of 6 on (half of the margin), a chance
# below 0.25 %, the rest of the trees is left out: on CodiEsp dev, MAP falls by 0.01, and F1 stays the same.
_STOPPING = {"pred_early_stop": True, "pred_early_stop_freq": 10, "pred_early_stop_margin": 12.0}


@dataclass(frozen=True, eq=False)
class Ranker:
    """Fitted trees.

    Attributes
    ----------
    trees
        LightGBM's booster.
    features
        The names of the features, in order.

    """

    trees: Any
    features: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Ranker:
        """Read trees in LightGBM's text format.

        Raises
        ------
        ModelError
            If the text is not that.
        MissingExtraError
            If LightGBM is not installed.

        """
        lightgbm = _lightgbm()
        try:
            trees = lightgbm.Booster(model_str=text)
        except lightgbm.basic.LightGBMError as problem:
            raise ModelError("the trees are damaged", remedy=COPY_AGAIN) from problem
        return cls(trees, tuple(trees.feature_name()))

    def text(self) -> str:
        """Return the trees in LightGBM's text format, the same on every machine."""
        return _THREADS.sub("[num_threads: 0]", str(self.trees.model_to_string()))

    def probabilities(self, features: Floats) -> Floats:
        """Return the probability of each proposal [proposals]."""
        if not len(features):
            return np.zeros(0, dtype=np.float32)
        # A note has so few proposals that threads would mostly wait for each other.
        return np.asarray(self.trees.predict(features, num_threads=1, **_STOPPING), dtype=np.float32)


def fit_ranker(features: Floats, right: Any, names: Sequence[str], seed: int) -> Ranker:
    """Fit trees.

    Parameters
    ----------
    features
        The descriptions of proposals [proposals, features].
    right
        Whether the note has the code [proposals].
    names
        The names of the features.
    seed
        For the samples of rows and features.

    """
    lightgbm = _lightgbm()
    data = lightgbm.Dataset(features, np.asarray(right, dtype=np.float32), feature_name=list(names))
    settings = {**_SETTINGS, "seed": seed, "num_threads": usable_cores()}
    if len(features) == 1:
        # A sample of it would be empty, which LightGBM refuses.
        settings["bagging_fraction"] = 1.0
    return Ranker(lightgbm.train(settings, data, _ROUNDS), tuple(names))


def out_of_fold(
    features: Floats, right: Any, groups: Ints, names: Sequence[str], seed: int, progress: Any = None
) -> Floats:
    """Return the probability of each proposal by trees that were fitted without its group [proposals]."""
    probabilities = np.zeros(len(features), dtype=np.float32)
    for group in range(int(groups.max(initial=-1)) + 1):
        held_out = groups == group
        ranker = fit_ranker(features[~held_out], right[~held_out], names, seed)
        probabilities[held_out] = ranker.probabilities(features[held_out])
        if progress is not None:
            progress()
    return probabilities


def _lightgbm() -> Any:
    return optional("lightgbm", "The lexicon")
