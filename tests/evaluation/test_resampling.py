from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from clem_icd.errors import ScoresError
from clem_icd.evaluation import note_weights
from clem_icd.evaluation.judgement import Judgement
from clem_icd.evaluation.note_weights import bootstrap_weights
from clem_icd.evaluation.resampling import Interval, deviations, intervals, intervals_document

Matrices = Callable[..., tuple[NDArray[np.bool_], NDArray[np.float32]]]
PROFILE = ["micro_f1", "macro_f1_all_labels", "macro_f1_split_labels", "macro_f1_caml", "map", "pr_auc_micro"]


@pytest.fixture
def judgement(matrices: Matrices) -> Judgement:
    return Judgement.of(*matrices(1, notes=60), 0.8, profile=PROFILE)


def test_deviations_of_a_mean_have_the_textbook_standard_error() -> None:
    values = np.random.default_rng(0).normal(size=50)

    def mean(weights: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        return {"mean": weights @ values / weights.sum(axis=1)}

    moved = deviations(mean, np.arange(50), resamples=500, seed=0)["mean"]
    assert moved.mean() == pytest.approx(0, abs=1e-12)
    assert moved.std() == pytest.approx(values.std(ddof=1) / np.sqrt(50), rel=1e-9)


def test_deviations_preserve_the_skew_of_the_bootstrap() -> None:
    values = np.zeros(100)
    values[:3] = 1

    def mean(weights: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        return {"mean": weights @ values / weights.sum(axis=1)}

    moved = deviations(mean, np.arange(100), resamples=2000, seed=0)["mean"]
    # A mean of rare events is skewed to the right, like a Poisson count of three: 1/sqrt(3).
    assert (moved**3).mean() / moved.std() ** 3 == pytest.approx(3**-0.5, abs=0.15)


def test_intervals_contain_the_value_and_stay_within_bounds(judgement: Judgement) -> None:
    found = intervals(judgement, resamples=200)
    assert list(found) == list(judgement.names)
    for name, value in judgement.values().items():
        assert 0 <= found[name].low <= value[0] <= found[name].high <= 1
        assert found[name].sd > 0


@given(seed=st.integers(0, 1000), notes=st.integers(2, 12), level=st.floats(0.05, 0.999))
@settings(max_examples=50, deadline=None)
def test_small_splits_have_intervals_for_every_metric(seed: int, notes: int, level: float) -> None:
    random = np.random.default_rng(seed)
    targets, scores = random.random((notes, 5)) < 0.3, random.integers(4, size=(notes, 5)) / 4
    judgement = Judgement.of(targets, scores, 0.5)
    found = intervals(judgement, resamples=20, level=level)
    for name, value in judgement.values().items():
        assert 0 <= found[name].low <= value[0] <= found[name].high <= 1


def test_the_interval_of_a_macro_f1_contains_the_value_despite_bootstrap_bias(matrices: Matrices) -> None:
    # With most labels on one or two notes, the whole plain percentile interval is below the value.
    random = np.random.default_rng(0)
    targets = random.random((80, 300)) < 0.015
    judgement = Judgement.of(targets, np.where(targets, 0.9, 0.1), 0.5, profile=["macro_f1_all_labels"])
    estimate = judgement.values()["macro_f1_all_labels"][0]
    resampled = np.concatenate(
        [
            judgement.values(weights)["macro_f1_all_labels"]
            for weights in bootstrap_weights(np.arange(80), 200, 0)
        ]
    )
    assert np.quantile(resampled, 0.975) < estimate
    found = intervals(judgement, resamples=200)["macro_f1_all_labels"]
    assert found.low < estimate - found.sd
    assert found.high > estimate + found.sd


def test_the_seed_determines_the_intervals(judgement: Judgement) -> None:
    assert intervals(judgement, resamples=50, seed=4) == intervals(judgement, resamples=50, seed=4)
    assert intervals(judgement, resamples=50, seed=4) != intervals(judgement, resamples=50, seed=5)


def test_intervals_do_not_depend_on_the_block_size(
    judgement: Judgement, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = intervals(judgement, resamples=50)
    monkeypatch.setattr(note_weights, "_CELLS_PER_BLOCK", 60 * 7)
    for name, interval in intervals(judgement, resamples=50).items():
        # Sums of floats in another order are not bit-identical.
        assert (interval.low, interval.high, interval.sd) == pytest.approx(
            (whole[name].low, whole[name].high, whole[name].sd), rel=1e-6
        )


def test_intervals_widen_with_the_level_and_narrow_with_more_notes(matrices: Matrices) -> None:
    targets, scores = matrices(2, notes=40)
    few = Judgement.of(targets, scores, 0.8, profile=["micro_f1"])
    many = Judgement.of(np.tile(targets, (9, 1)), np.tile(scores, (9, 1)), 0.8, profile=["micro_f1"])
    narrow, wide = (intervals(few, level=level)["micro_f1"] for level in (0.8, 0.99))
    assert wide.low < narrow.low < narrow.high < wide.high
    assert narrow.sd == wide.sd
    assert few.values()["micro_f1"] == many.values()["micro_f1"]
    assert intervals(many)["micro_f1"].sd == pytest.approx(narrow.sd / 3, rel=0.1)


def test_copies_of_a_note_in_one_group_add_no_certainty(matrices: Matrices) -> None:
    targets, scores = matrices(2, notes=40)
    single = Judgement.of(targets, scores, 0.8, profile=["micro_f1"])
    copies = Judgement.of(np.repeat(targets, 4, 0), np.repeat(scores, 4, 0), 0.8, profile=["micro_f1"])
    subjects = [f"subject-{number // 4}" for number in range(160)]
    clustered = intervals(copies, groups=subjects)["micro_f1"]
    assert clustered.sd == pytest.approx(intervals(single)["micro_f1"].sd, rel=1e-6)
    assert intervals(copies)["micro_f1"].sd < 0.6 * clustered.sd


def test_notes_without_a_known_subject_are_resampled_one_by_one(judgement: Judgement) -> None:
    assert intervals(judgement, resamples=50, groups=[None] * 60) == intervals(judgement, resamples=50)


def test_groups_are_matched_to_the_notes_that_a_profile_keeps(matrices: Matrices) -> None:
    targets, scores = matrices(3)
    coded = targets.any(axis=1)
    assert not coded.all()
    subjects = np.arange(len(targets)) // 2
    of_all = Judgement.of(targets, scores, 0.8, profile="edin2024")
    of_coded = Judgement.of(targets[coded], scores[coded], 0.8, profile="edin2024")
    found = intervals(of_all, resamples=40, groups=subjects.tolist())
    assert found == intervals(of_coded, resamples=40, groups=subjects[coded].tolist())


@pytest.mark.parametrize("groups", [None, ["one"] * 5])
def test_a_single_note_or_subject_has_no_intervals(groups: list[str] | None) -> None:
    notes = 1 if groups is None else len(groups)
    judgement = Judgement.of(np.ones((notes, 2), dtype=bool), np.full((notes, 2), 0.7))
    assert intervals(judgement, resamples=10, groups=groups) == {}


@pytest.mark.parametrize(
    ("score", "value", "low", "high"), [(0.7, 1.0, 0.6915, 1.0), (0.3, 0.0, 0.0, 0.3085)]
)
def test_values_of_zero_and_one_have_clopper_pearson_intervals(
    score: float, value: float, low: float, high: float
) -> None:
    # The Clopper-Pearson interval of 0 of 10 is 0 to 0.3085.
    judgement = Judgement.of(np.ones((10, 2), dtype=bool), np.full((10, 2), score), profile=["exact_match"])
    found = intervals(judgement, resamples=10)["exact_match"]
    assert judgement.values()["exact_match"][0] == value
    assert (found.low, found.high, found.sd) == pytest.approx((low, high, 0), abs=1e-4)


def test_a_constant_value_inside_the_range_has_an_interval_of_zero_width() -> None:
    targets = np.tile([True, True, True, False], (6, 1))
    judgement = Judgement.of(targets, np.full((6, 4), 0.7), profile=["micro_precision"])
    assert intervals(judgement, resamples=10) == {"micro_precision": Interval(0.75, 0.75, 0.0)}


def test_progress_reports_every_resample(judgement: Judgement, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(note_weights, "_CELLS_PER_BLOCK", 60 * 8)
    reported: list[int] = []
    intervals(judgement, resamples=20, progress=reported.append)
    assert reported == [8, 8, 4]


def test_the_document_states_level_resamples_seed_and_unit(judgement: Judgement) -> None:
    document = intervals_document(judgement, resamples=30, seed=7, groups=list(range(60)))
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert {key: document[key] for key in ("level", "resamples", "seed", "unit")} == {
        "level": 0.95,
        "resamples": 30,
        "seed": 7,
        "unit": "subjects",
    }
    assert intervals_document(judgement, resamples=30)["unit"] == "notes"
    found = intervals(judgement, resamples=30, seed=7)
    assert document["metrics"]["map"] == {
        "low": found["map"].low,
        "high": found["map"].high,
        "sd": found["map"].sd,
    }


@pytest.mark.parametrize(
    ("settings_", "found"),
    [
        ({"resamples": 1}, "found 1 resamples, expected at least 2"),
        ({"level": 1.0}, "the confidence level is 1.0, expected a number between 0 and 1"),
        ({"level": 95}, "the confidence level is 95, expected a number between 0 and 1"),
        ({"groups": [1, 2]}, "found 2 groups for 60 notes, expected one per note"),
    ],
)
def test_settings_out_of_range_are_refused(
    judgement: Judgement, settings_: dict[str, object], found: str
) -> None:
    with pytest.raises(ScoresError, match=found):
        intervals(judgement, **settings_)  # type: ignore[arg-type]
