"""Rules that turn scores into decisions: which labels a system assigns to a note."""

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
    "AtLeast",
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
    """Decides which labels each note gets, independently of other notes."""

    def decide(self, scores: FloatArray) -> BoolArray:
        """Return which labels are assigned [notes, labels], from scores [notes, labels]."""
        ...

    def as_json(self) -> dict[str, Any]:
        """Return the rule as a JSON object that `rule_from_json` reads."""
        ...

    def describe(self) -> str:
        """Complete the sentence "A code is assigned …"."""
        ...


@dataclass(frozen=True)
class Threshold:
    """One threshold for all labels: a label is assigned if its score is strictly above it.

    The threshold is first rounded to the precision of the scores, so that a score of 0.1 stored with fewer
    digits does not exceed 0.1.
    """

    value: float

    def decide(self, scores: FloatArray) -> BoolArray:
        """Return which labels are assigned [notes, labels]."""
        decided: BoolArray = scores > scores.dtype.type(self.value)
        return decided

    def as_json(self) -> dict[str, Any]:
        """Return the rule as a JSON object."""
        return {"kind": "threshold", "value": self.value}

    def describe(self) -> str:
        """Say when a code is assigned."""
        return f"when its score exceeds {self.value:.4g}"


@dataclass(frozen=True)
class AtLeast:
    """One threshold for all labels, rounded as in `Threshold`, that a score may equal."""

    value: float

    def decide(self, scores: FloatArray) -> BoolArray:
        """Return which labels are assigned [notes, labels]."""
        decided: BoolArray = scores >= scores.dtype.type(self.value)
        return decided

    def as_json(self) -> dict[str, Any]:
        """Return the rule as a JSON object."""
        return {"kind": "at-least", "value": self.value}

    def describe(self) -> str:
        """Say when a code is assigned."""
        return f"when its score is at least {self.value:.4g}"


@dataclass(frozen=True, eq=False)
class LabelThresholds:
    """One threshold per label, each applied as in `Threshold` [labels]."""

    values: NDArray[np.float64]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LabelThresholds) and np.array_equal(self.values, other.values)

    def __hash__(self) -> int:
        return hash(self.values.tobytes())

    def decide(self, scores: FloatArray) -> BoolArray:
        """Return which labels are assigned [notes, labels]."""
        decided: BoolArray = scores > self.values.astype(scores.dtype)
        return decided

    def as_json(self) -> dict[str, Any]:
        """Return the rule as a JSON object."""
        return {"kind": "label-thresholds", "values": self.values.tolist()}

    def describe(self) -> str:
        """Say when a code is assigned."""
        least, middle, most = np.quantile(self.values, [0, 0.5, 1])
        return (
            "when its score exceeds the threshold of the code "
            f"({least:.4g} to {most:.4g}, median {middle:.4g})"
        )


@dataclass(frozen=True)
class TopK:
    """The k labels of a note with the highest scores; ties go to the first label in label order."""

    k: int

    def decide(self, scores: FloatArray) -> BoolArray:
        """Return which labels are assigned [notes, labels]."""
        decided = np.zeros(scores.shape, dtype=np.bool_)
        for rows in row_chunks(scores):
            highest = np.argsort(-scores[rows], axis=1, kind="stable")[:, : self.k]
            np.put_along_axis(decided[rows], highest, True, axis=1)
        return decided

    def as_json(self) -> dict[str, Any]:
        """Return the rule as a JSON object."""
        return {"kind": "top-k", "k": self.k}

    def describe(self) -> str:
        """Say when a code is assigned."""
        return f"when its score is among the {self.k} highest of the note"


@dataclass(frozen=True)
class ExpectedF1:
    """The set of labels with the highest expected F1 of the note, using Platt-scaled probabilities.

    See `clem_icd.decisions.expected_f1`. Each note gets at least one label.
    """

    slope: float
    intercept: float

    def decide(self, scores: FloatArray) -> BoolArray:
        """Return which labels are assigned [notes, labels]."""
        scaling = Scaling(self.slope, self.intercept)
        decided = np.zeros(scores.shape, dtype=np.bool_)
        # Note by note, so that rounding does not depend on other notes in the array.
        for note, own in zip(decided, scores, strict=True):
            probabilities = np.asarray(scaling.apply(own.astype(np.float64)), dtype=np.float64)
            note[best_labels(probabilities)] = True
        return decided

    def as_json(self) -> dict[str, Any]:
        """Return the rule as a JSON object."""
        return {"kind": "expected-f1", "slope": self.slope, "intercept": self.intercept}

    def describe(self) -> str:
        """Say when a code is assigned."""
        return (
            "when it is in the set with the highest expected F1 of the note, given the probabilities "
            f"sigmoid({self.slope:.4g} logit(score) {self.intercept:+.4g})"
        )


def as_rule(threshold: float | FloatArray | Rule, labels: int | None = None) -> Rule:
    """Return a rule for a threshold, an array of thresholds [labels], or a rule.

    Parameters
    ----------
    labels
        The size of the label space, if known.

    Raises
    ------
    ScoresError
        If ``threshold`` is none of these, is for another number of labels, or contains NaN.

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
            remedy="Pass a number such as 0.5, or the result of `choose_rule`",
        )
    if isinstance(rule, LabelThresholds) and labels is not None and rule.values.shape != (labels,):
        raise ScoresError(
            f"the thresholds have shape {rule.values.shape} for {labels} labels, expected shape ({labels},)",
            remedy="Pass one threshold, or one per label in label order",
        )
    if np.isnan(_thresholds(rule)).any():
        raise ScoresError("a threshold is NaN, expected a number", remedy="Pass a number such as 0.5")
    return rule


def _thresholds(rule: Rule) -> NDArray[np.float64]:
    if isinstance(rule, LabelThresholds):
        return rule.values
    return np.array([rule.value] if isinstance(rule, Threshold | AtLeast) else [])


def single_threshold(rule: Rule) -> float | None:
    """Return the threshold of a rule that assigns every score above a single one, else None."""
    return rule.value if isinstance(rule, Threshold) else None


def rule_from_json(value: Mapping[str, Any], labels: int) -> Rule:
    """Read a rule from the JSON object that its ``as_json`` returned.

    Parameters
    ----------
    labels
        The size of the label space.

    Raises
    ------
    ValueError
        If the object is not a rule for this label space. The caller adds the name of the file.

    """
    kind = value.get("kind")
    if not isinstance(kind, str) or kind not in _READERS:
        raise ValueError(f"the rule has kind {kind!r}, expected one of {', '.join(_READERS)}")
    keys, read = _READERS[kind]
    if value.keys() != {"kind", *keys}:
        raise ValueError(
            f"a rule of kind {kind} has the keys {', '.join(map(str, value))}, "
            f"expected {', '.join(('kind', *keys))}"
        )
    rule = read(value)
    if isinstance(rule, LabelThresholds) and len(rule.values) != labels:
        raise ValueError(f"the number of label thresholds is {len(rule.values)}, expected {labels}")
    return rule


_MAX = sys.float_info.max


def _number(value: Any) -> float:
    # Written with "not", so that NaN is refused too.
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= _MAX:
        raise ValueError(f"the rule has {value!r:.40}, expected a finite number")
    return float(value)


def _numbers(value: Any) -> NDArray[np.float64]:
    if not isinstance(value, list):
        raise ValueError(f"the thresholds of the rule are {value!r:.40}, expected an array")
    return np.array([_number(one) for one in value], dtype=np.float64)


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"the rule has {value!r:.40}, expected a whole number of at least 1")
    return value


_READERS: dict[str, tuple[tuple[str, ...], Callable[[Mapping[str, Any]], Rule]]] = {
    "threshold": (("value",), lambda rule: Threshold(_number(rule["value"]))),
    "at-least": (("value",), lambda rule: AtLeast(_number(rule["value"]))),
    "label-thresholds": (("values",), lambda rule: LabelThresholds(_numbers(rule["values"]))),
    "top-k": (("k",), lambda rule: TopK(_count(rule["k"]))),
    "expected-f1": (
        ("slope", "intercept"),
        lambda rule: ExpectedF1(_number(rule["slope"]), _number(rule["intercept"])),
    ),
}


def check_threshold(threshold: float) -> float:
    """Return the threshold, or raise if no score could be compared with it.

    Raises
    ------
    InputError
        If it is not finite.

    """
    if not math.isfinite(threshold):
        raise InputError(
            f"the threshold is {threshold}, expected a finite number", remedy="Choose one from 0 to 1"
        )
    return threshold
