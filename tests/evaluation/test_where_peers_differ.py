"""Metrics that published evaluations compute differently under one name, worked out by hand."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from clem_icd.evaluation.metrics import evaluate

# Four notes and four labels; no note has d, and the last note has no codes.
TARGETS = np.array(
    [
        # a  b  c  d
        [1, 1, 0, 0],
        [0, 0, 1, 0],
        [1, 0, 0, 0],
        [0, 0, 0, 0],
    ],
    dtype=bool,
)
SCORES = np.array(
    [
        [0.9, 0.6, 0.1, 0.8],  # assigned a, b, d; ranks: a d b c
        [0.2, 0.7, 0.4, 0.9],  # assigned b, d;    ranks: d b c a
        [0.8, 0.1, 0.3, 0.2],  # assigned a;       ranks: a c d b
        [0.1, 0.2, 0.3, 0.6],  # assigned d;       ranks: d c b a
    ]
)
# label  TP FP FN  F1    precision  recall  Jaccard  FP/(FP+TN)
# a       2  0  0  1     1          1       1        0/2
# b       1  1  0  2/3   1/2        1       1/2      1/3
# c       0  0  1  0     0          0       0        0/3
# d       0  3  0  0     0          0       0        3/4

BY_HAND = {
    # Pooled over all labels, or without the three wrong d.
    "micro_f1": Fraction(6, 6 + 4 + 1),
    "micro_f1_split_labels": Fraction(6, 6 + 1 + 1),
    "micro_precision": Fraction(3, 7),
    "micro_precision_split_labels": Fraction(3, 4),
    "jaccard_micro": Fraction(3, 3 + 4 + 1),
    "fpr_micro": Fraction(4, 12),  # 16 cells, 4 of them positive
    "fpr_micro_split_labels": Fraction(1, 8),
    # The three macro-F1s.
    "macro_f1_all_labels": Fraction(5, 3) / 4,
    "macro_f1_split_labels": Fraction(5, 3) / 3,
    "macro_f1_caml": 2 * Fraction(3, 8) * Fraction(1, 2) / (Fraction(3, 8) + Fraction(1, 2)),
    "jaccard_macro": Fraction(3, 2) / 4,
    "fpr_macro": (Fraction(1, 3) + Fraction(3, 4)) / 4,
    "fpr_macro_split_labels": Fraction(1, 3) / 3,
    # Exact match: the third note; without d also the first, and the last, which has no codes.
    "exact_match": Fraction(1, 4),
    "exact_match_split_labels": Fraction(3, 4),
    # Per note: precision 2/3, 0, 1, 0; recall 1, 0, 1, 0; F1 4/5, 0, 1, 0.
    "instance_precision": Fraction(5, 3) / 4,
    "instance_recall": Fraction(2, 4),
    "instance_f1": (Fraction(4, 5) + 1) / 4,
    "instance_f1_caml": 2 * Fraction(5, 12) * Fraction(1, 2) / (Fraction(5, 12) + Fraction(1, 2)),
    # P@5 divides by 4 over all labels and by 3 over those of the split; the last note counts as 0.
    "precision_at_5": Fraction(2 + 1 + 1, 4) / 4,
    "precision_at_5_split_labels": Fraction(2 + 1 + 1, 3) / 4,
    "recall_at_5": Fraction(1),  # over the three notes with codes
    "f1_at_5": 2 * Fraction(1, 4) * 1 / (Fraction(1, 4) + 1),
    # Of the n highest: a d / d / a; without d: a b / b / a.
    "r_precision": (Fraction(1, 2) + 0 + 1) / 3,
    "r_precision_split_labels": Fraction(1 + 0 + 1, 3),
    # Ranks of the codes: 1 and 3 / 3 / 1; without d: 1 and 2 / 2 / 1.
    "map": (Fraction(1, 2) * (1 + Fraction(2, 3)) + Fraction(1, 3) + 1) / 3,
    "map_split_labels": (1 + Fraction(1, 2) + 1) / 3,
    "map_codiesp": (Fraction(1, 2) * (1 + Fraction(2, 3)) + Fraction(1, 3) + 1) / 4,
    "map_at_30": (Fraction(1, 2) * (1 + Fraction(2, 3)) + Fraction(1, 3) + 1) / 3,
    # a: both notes with it score above both without; b: 0.6 is above 0.1 and 0.2, not 0.7; c: 0.4 is highest.
    "roc_auc_macro": (1 + Fraction(2, 3) + 1) / 3,
    # Precision at each note with the label: a: 1, 1; b: 1/2; c: 1.
    "pr_auc_macro": (1 + Fraction(1, 2) + 1) / 3,
    "never_correct_split_labels": Fraction(1, 3),  # c
}


@pytest.mark.parametrize(("name", "expected"), BY_HAND.items(), ids=BY_HAND.keys())
def test_disputed_metrics_by_hand(name: str, expected: Fraction) -> None:
    assert evaluate(TARGETS, SCORES)[name] == pytest.approx(float(expected), abs=1e-12)


def test_pooled_areas_by_hand() -> None:
    """Cells in descending order of score: + - - + - - + …, including ties."""
    cells = sorted(zip(SCORES.ravel(), TARGETS.ravel(), strict=True), reverse=True)
    pairs = [(own, other) for own, is_own in cells if is_own for other, is_other in cells if not is_other]
    wins = sum(Fraction(int(own > other) * 2 + int(own == other), 2) for own, other in pairs)
    values = evaluate(TARGETS, SCORES)
    assert values["roc_auc_micro"] == pytest.approx(float(wins / len(pairs)), abs=1e-12)
    # Positives at 0.9, 0.8, 0.6 and 0.4; at least as high: 2, 4, 7 and 8 cells, with 1, 2, 3 and 4 positives.
    expected = (Fraction(1, 2) + Fraction(2, 4) + Fraction(3, 7) + Fraction(4, 8)) / 4
    assert values["pr_auc_micro"] == pytest.approx(float(expected), abs=1e-12)


def test_ties_are_ranked_in_label_order_not_reversed_as_in_caml() -> None:
    """CAML reverses an ascending sort, which puts the last label first."""
    targets, scores = np.array([[True, False]]), np.array([[0.5, 0.5]])
    assert evaluate(targets, scores)["map"] == 1.0
    assert evaluate(~targets, scores)["map"] == 0.5
    both_ways = evaluate(np.vstack([targets, ~targets]), np.vstack([scores, scores]))
    assert both_ways["roc_auc_macro"] == both_ways["roc_auc_micro"] == 0.5


def test_uncoded_notes_count_for_caml_and_are_excluded_for_edin() -> None:
    coded = TARGETS.any(axis=1)
    assert evaluate(TARGETS, SCORES, profile="edin2024") == evaluate(
        TARGETS[coded], SCORES[coded], profile="edin2024"
    )
    # CAML counts all three false positives of d; without the fourth note there are two.
    assert evaluate(TARGETS, SCORES, profile="caml")["micro_precision"] == pytest.approx(3 / 7)
    assert evaluate(TARGETS[coded], SCORES[coded], profile="caml")["micro_precision"] == pytest.approx(3 / 6)
