from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    f1_score,
    jaccard_score,
    precision_recall_fscore_support,
    precision_score,
    recall_score,
    roc_auc_score,
)

from clem_icd.decisions import arrays
from clem_icd.evaluation.definitions import DEFINITIONS
from clem_icd.evaluation.metrics import evaluate

Matrices = Callable[..., tuple[NDArray[np.bool_], NDArray[np.float32]]]

TARGETS = np.array(
    [
        # a  b  c  d
        [1, 1, 0, 0],
        [1, 0, 0, 0],
        [1, 0, 0, 0],
        [0, 0, 0, 0],
    ],
    dtype=bool,
)
SCORES = np.array(
    [
        [0.9, 0.4, 0.3, 0.1],  # predicted a: right, b missed
        [0.8, 0.2, 0.7, 0.1],  # predicted a and c: c is wrong
        [0.5, 0.3, 0.2, 0.1],  # 0.5 is not above 0.5: nothing predicted, a missed
        [0.6, 0.4, 0.3, 0.2],  # predicted a: wrong
    ]
)
# label  TP FP FN  precision  recall  F1
# a       2  1  1        2/3     2/3  4/6
# b       0  0  1          0       0    0
# c       0  1  0          0       0    0
# d       0  0  0          0       0    0   (undefined, counted as 0)
# all     2  2  2        2/4     2/4  4/8


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("micro_precision", 2 / 4),
        ("micro_recall", 2 / 4),
        ("micro_f1", 4 / 8),
        ("micro_f1_split_labels", 4 / (4 + 1 + 2)),  # labels a and b: TP 2, FP 1, FN 2
        ("macro_precision", (2 / 3) / 4),
        ("macro_recall", (2 / 3) / 4),
        ("macro_f1_all_labels", (4 / 6) / 4),
        ("macro_f1_split_labels", (4 / 6) / 2),  # labels a and b
        ("macro_f1_caml", (2 / 3) / 4),  # harmonic mean of two equal numbers
        ("exact_match", 0 / 4),
    ],
)
def test_thresholded_metrics_by_hand(name: str, expected: float) -> None:
    assert evaluate(TARGETS, SCORES)[name] == pytest.approx(expected, abs=1e-15)


def test_the_three_macro_f1s_differ_by_hand() -> None:
    """Three labels; the third is not in the split and is never predicted.

    label 1: TP 1, FP 0, FN 3   P = 1    R = 1/4   F1 = 2/5
    label 2: TP 1, FP 1, FN 0   P = 1/2  R = 1     F1 = 2/3
    label 3: TP 0, FP 0, FN 0   P = 0    R = 0     F1 = 0
    """
    targets = np.array([[1, 1, 0], [1, 0, 0], [1, 0, 0], [1, 0, 0]], dtype=bool)
    predicted = np.array([[1, 1, 0], [0, 1, 0], [0, 0, 0], [0, 0, 0]], dtype=np.float64)
    values = evaluate(targets, predicted)
    assert values["macro_f1_all_labels"] == pytest.approx((2 / 5 + 2 / 3) / 3)  # 0.356
    assert values["macro_f1_split_labels"] == pytest.approx((2 / 5 + 2 / 3) / 2)  # 0.533
    precision, recall = (1 + 1 / 2) / 3, (1 / 4 + 1) / 3  # 1/2 and 5/12
    assert values["macro_f1_caml"] == pytest.approx(2 * precision * recall / (precision + recall))  # 0.455


def test_no_predictions_score_zero_without_a_warning() -> None:
    values = evaluate(TARGETS, np.zeros(TARGETS.shape))
    thresholded = [
        name for name in values if name.startswith(("micro", "macro", "jaccard", "fpr", "instance"))
    ]
    assert {values[name] for name in thresholded} == {0.0}
    assert values["never_correct_split_labels"] == 1.0
    assert values["exact_match"] == 1 / 4  # the note without codes


def test_no_codes_score_zero_without_a_warning() -> None:
    values = evaluate(np.zeros((3, 4), bool), np.full((3, 4), 0.1))
    assert {name for name, value in values.items() if value} == {"exact_match", "exact_match_split_labels"}


def test_a_perfect_system_scores_one_except_in_error_rates_and_cutoffs() -> None:
    targets = np.eye(4, dtype=bool)
    values = evaluate(targets, targets.astype(np.float32))
    zero = {name for name, value in values.items() if value == 0.0}
    assert zero == {
        f"fpr_{average}{labels}" for average in ("micro", "macro") for labels in ("", "_split_labels")
    } | {"never_correct_split_labels"}
    # One code per note and four labels: a quarter of the first k is right for every k.
    at_k = {name for name in values if name.startswith("precision_at_")}
    assert {values[name] for name in at_k} == {1 / 4}
    assert {values[name] for name in values if name.startswith("f1_at_")} == {2 * (1 / 4) / (1 / 4 + 1)}
    rest = values.keys() - zero - at_k - {name for name in values if name.startswith("f1_at_")}
    assert {values[name] for name in rest} == {1.0}


def test_the_threshold_is_strict_in_the_precision_of_the_scores() -> None:
    targets = np.ones((1, 1), dtype=bool)
    for number in (0.1, 0.3, 0.7):
        for precision in (np.float16, np.float32, np.float64):
            scores = np.full((1, 1), number, dtype=precision)
            assert evaluate(targets, scores, number)["micro_f1"] == 0.0
            assert evaluate(targets, np.nextafter(scores, precision(1)), number)["micro_f1"] == 1.0


@pytest.mark.filterwarnings("ignore:No positive class found")  # scikit-learn warns about notes without codes
@pytest.mark.parametrize("seed", range(25))
def test_metrics_equal_scikit_learn_where_definitions_coincide(matrices: Matrices, seed: int) -> None:
    targets, scores = matrices(seed)
    predicted, threshold = scores > np.float32(0.8), 0.8
    values = evaluate(targets, scores, threshold)
    coded, in_split = targets.any(axis=1), np.flatnonzero(targets.any(axis=0))
    expected = {
        "exact_match": accuracy_score(targets, predicted),
        "micro_f1_split_labels": f1_score(
            targets, predicted, labels=in_split, average="micro", zero_division=0
        ),
        "macro_f1_all_labels": f1_score(targets, predicted, average="macro", zero_division=0),
        "macro_f1_split_labels": f1_score(
            targets, predicted, labels=in_split, average="macro", zero_division=0
        ),
        "map": average_precision_score(targets[coded], scores[coded], average="samples"),
        "jaccard_micro": jaccard_score(targets, predicted, average="micro", zero_division=0),
        "jaccard_macro": jaccard_score(targets, predicted, average="macro", zero_division=0),
        "instance_precision": precision_score(targets, predicted, average="samples", zero_division=0),
        "instance_recall": recall_score(targets, predicted, average="samples", zero_division=0),
        "instance_f1": f1_score(targets, predicted, average="samples", zero_division=0),
        "roc_auc_micro": roc_auc_score(targets.ravel(), scores.ravel()),
        "roc_auc_macro": roc_auc_score(targets[:, in_split], scores[:, in_split], average="macro"),
        "pr_auc_micro": average_precision_score(targets.ravel(), scores.ravel()),
        "pr_auc_macro": average_precision_score(targets[:, in_split], scores[:, in_split], average="macro"),
    }
    for average in ("micro", "macro"):
        expected[f"{average}_precision"] = precision_score(
            targets, predicted, average=average, zero_division=0
        )
        expected[f"{average}_recall"] = recall_score(targets, predicted, average=average, zero_division=0)
    expected["micro_f1"] = precision_recall_fscore_support(
        targets, predicted, average="micro", zero_division=0
    )[2]
    assert {name: values[name] for name in expected} == pytest.approx(expected, abs=1e-12)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1))
def test_the_order_of_notes_and_labels_does_not_matter(matrices: Matrices, seed: int) -> None:
    targets, scores = matrices(seed, notes=12, labels=17)
    random = np.random.default_rng(seed)
    notes, labels = random.permutation(12), random.permutation(17)
    train_counts = random.integers(0, 700, 17)
    values = evaluate(targets, scores, 0.7, train_counts=train_counts)
    shuffled = evaluate(
        targets[notes][:, labels], scores[notes][:, labels], 0.7, train_counts=train_counts[labels]
    )
    assert shuffled == pytest.approx(values, abs=1e-12)


@pytest.mark.parametrize("cells", [1, 100, 333])
def test_metrics_do_not_depend_on_the_chunk_size(
    matrices: Matrices, monkeypatch: pytest.MonkeyPatch, cells: int
) -> None:
    targets, scores = matrices(5)
    whole = evaluate(targets, scores, 0.7)
    monkeypatch.setattr(arrays, "_CELLS_PER_CHUNK", cells)
    assert evaluate(targets, scores, 0.7) == whole


def test_metrics_and_definitions_have_the_same_names() -> None:
    counts = np.array([0, 3, 8, 20, 100, 1000])
    targets = np.eye(6, dtype=bool)
    assert evaluate(targets, targets.astype(float), train_counts=counts).keys() == DEFINITIONS.keys()


def test_values_are_floats_from_zero_to_one(matrices: Matrices) -> None:
    targets, scores = matrices(0)
    values = evaluate(targets, scores, train_counts=np.arange(40) * 20)
    assert all(type(value) is float and 0 <= value <= 1 for value in values.values())
