"""Rules that turn scores into decisions: which labels a system gives to a note."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from clem_icd.decisions.arrays import BoolArray, FloatArray, row_chunks
from clem_icd.decisions.expected_f1 import best_labels
from clem_icd.decisions.scaling import Scaling
from clem_icd.errors import InputError, ScoresError

__all__ = [
    "ExpectedF1",
    "LabelThresholds",
    "Rule",
    "Threshold",
    "TopK",
    "as_rule",
    "check_threshold",
    "rule_from_json",
    "single_threshold",
]


class Rule(Protocol):
    """Decides for every note alone which labels it gets."""

    def decide(self, scores: FloatArray) -> BoolArray:
        """Return which labels are given [notes, labels], from scores [notes, labels]."""
        ...

    def as_json(self) -> dict[str, Any]:
        """Return the rule as json holds it; `rule_from_json` reads it."""
        ...

    def describe(self) -> str:
        """Say whom a code is given to, as the end of a sentence that begins "A code is given"."""
        ...


@dataclass(frozen=True)
class Threshold:
    """One threshold for all labels: a label is given where its score is strictly above it.

    The threshold is rounded to the precision of the scores first, so that a score written as 0.1 is
    not above 0.1 because it was stored with fewer digits.
    """

    value: float

    def decide(self, scores: FloatArray) -> BoolArray:
        """Return which labels are given [notes, labels]."""
        decided: BoolArray = scores > scores.dtype.type(self.value)
        return decided

    def as_json(self) -> dict[str, Any]:
        """Return the rule as json holds it."""
        return {"kind": "threshold", "value": self.value}

    def describe(self) -> str:
        """Say to which notes a code is given."""
        return f"where its score is greater than {self.value:.4g}"


@dataclass(frozen=True, eq=False)
class LabelThresholds:
    """A threshold for each label, compared as that of `Threshold` [labels]."""

    values: NDArray[np.float64]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LabelThresholds) and np.array_equal(self.values, other.values)

    def __hash__(self) -> int:
        return hash(self.values.tobytes())

    def decide(self, scores: FloatArray) -> BoolArray:
        """Return which labels are given [notes, labels]."""
        decided: BoolArray = scores > self.values.astype(scores.dtype)
        return decided

    def as_json(self) -> dict[str, Any]:
        """Return the rule as json holds it."""
        return {"kind": "label-thresholds", "values": self.values.tolist()}

    def describe(self) -> str:
        """Say to which notes a code is given."""
        least, middle, most = np.quantile(self.values, [0, 0.5, 1])
        return (
            "where its score is greater than its own threshold, "
            f"{least:.4g} to {most:.4g}, the median {middle:.4g}"
        )


@dataclass(frozen=True)
class TopK:
    """The k labels of a note with the highest scores, the first ones of equals; all if there are fewer."""

    k: int

    def decide(self, scores: FloatArray) -> BoolArray:
        """Return which labels are given [notes, labels]."""
        decided = np.zeros(scores.shape, dtype=np.bool_)
        for rows in row_chunks(scores):
            highest = np.argsort(-scores[rows], axis=1, kind="stable")[:, : self.k]
            np.put_along_axis(decided[rows], highest, True, axis=1)
        return decided

    def as_json(self) -> dict[str, Any]:
        """Return the rule as json holds it."""
        return {"kind": "top-k", "k": self.k}

    def describe(self) -> str:
        """Say to which notes a code is given."""
        return f"where its score is among the {self.k} highest of the note"


@dataclass(frozen=True)
class ExpectedF1:
    """The labels of a note whose set has the highest expected F1, by Platt-scaled probabilities.

    See `clem_icd.decisions.expected_f1`. Each note gets at least one label.
    """

    slope: float
    intercept: float

    def decide(self, scores: FloatArray) -> BoolArray:
        """Return which labels are given [notes, labels]."""
        scaling = Scaling(self.slope, self.intercept)
        decided = np.zeros(scores.shape, dtype=np.bool_)
        # Note by note, so that no rounding depends on the notes beside it.
        for note, own in zip(decided, scores, strict=True):
            probabilities = np.asarray(scaling.apply(own.astype(np.float64)), dtype=np.float64)
            note[best_labels(probabilities)] = True
        return decided

    def as_json(self) -> dict[str, Any]:
        """Return the rule as json holds it."""
        return {"kind": "expected-f1", "slope": self.slope, "intercept": self.intercept}

    def describe(self) -> str:
        """Say to which notes a code is given."""
        return (
            "where it is in the set with the highest expected F1 of the note, with the probability "
            f"sigmoid({self.slope:.4g} logit(score) {self.intercept:+.4g})"
        )


def as_rule(threshold: float | FloatArray | Rule, labels: int | None = None) -> Rule:
    """Return the rule that a threshold, an array of thresholds [labels], or a rule stands for.

    Parameters
    ----------
    labels
        The size of the label space that it decides about, where that is known.

    Raises
    ------
    ScoresError
        If it is none of these, is of another number of labels, or holds NaN.

    """
    if isinstance(threshold, np.ndarray) and threshold.dtype.kind in "fiu":
        rule: Rule = LabelThresholds(threshold.astype(np.float64))
    elif isinstance(threshold, int | float | np.integer | np.floating) and not isinstance(threshold, bool):
        rule = Threshold(float(threshold))
    elif callable(getattr(threshold, "decide", None)):
        rule = cast(Rule, threshold)
    else:
        raise ScoresError(
            f"the threshold is of type {type(threshold).__name__}, expected a number, an array of numbers "
            "[labels], or a rule",
            remedy="Pass 0.5, for example, or what `choose_rule` returned",
        )
    if isinstance(rule, LabelThresholds) and labels is not None and rule.values.shape != (labels,):
        raise ScoresError(
            f"thresholds of shape {rule.values.shape} for {labels} labels, expected shape ({labels},)",
            remedy="Give one threshold, or one for each label in label order",
        )
    values = rule.values if isinstance(rule, LabelThresholds) else single_threshold(rule) or 0.0
    if np.isnan(values).any():
        raise ScoresError("a threshold is NaN, and no score is above it", remedy="Pass a number")
    return rule


def single_threshold(rule: Rule) -> float | None:
    """Return the one threshold that says all of a rule, or None where no single number does."""
    return rule.value if isinstance(rule, Threshold) else None


def rule_from_json(value: Mapping[str, Any], labels: int) -> Rule:
    """Read what ``as_json`` of a rule gave.

    Parameters
    ----------
    labels
        The size of the label space that the rule is for.

    Raises
    ------
    ValueError
        Saying what does not fit. The caller knows the file.

    """
    kind = value.get("kind")
    if not isinstance(kind, str) or kind not in _READERS:
        raise ValueError(f"the rule is of the kind {kind!r}, expected one of {', '.join(_READERS)}")
    keys, read = _READERS[kind]
    if value.keys() != {"kind", *keys}:
        raise ValueError(f"a rule of the kind {kind} has the keys {', '.join(keys)} and no others")
    rule = read(value)
    if isinstance(rule, LabelThresholds) and len(rule.values) != labels:
        raise ValueError(f"the rule has {len(rule.values)} thresholds for {labels} labels")
    return rule


_MAX = sys.float_info.max


def _number(value: Any) -> float:
    # This way round, NaN is refused as well.
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= _MAX:
        raise ValueError(f"a rule holds {value!r:.40} where a finite number is expected")
    return float(value)


def _numbers(value: Any) -> NDArray[np.float64]:
    if not isinstance(value, list):
        raise ValueError("the thresholds of a rule are no array")
    return np.array([_number(one) for one in value], dtype=np.float64)


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"a rule holds {value!r:.40} where a whole number from 1 on is expected")
    return value


_READERS: dict[str, tuple[tuple[str, ...], Callable[[Mapping[str, Any]], Rule]]] = {
    "threshold": (("value",), lambda rule: Threshold(_number(rule["value"]))),
    "label-thresholds": (("values",), lambda rule: LabelThresholds(_numbers(rule["values"]))),
    "top-k": (("k",), lambda rule: TopK(_count(rule["k"]))),
    "expected-f1": (
        ("slope", "intercept"),
        lambda rule: ExpectedF1(_number(rule["slope"]), _number(rule["intercept"])),
    ),
}


def check_threshold(threshold: float) -> float:
    """Return a threshold that something can be greater than.

    Raises
    ------
    InputError
        If it is not finite.

    """
    if not math.isfinite(threshold):
        raise InputError(f"the threshold is {threshold}, expected a number", remedy="Choose one from 0 to 1")
    return threshold
