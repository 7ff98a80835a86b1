from __future__ import annotations

from collections.abc import Callable, Collection
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from clem_icd.errors import ScoresError
from clem_icd.evaluation import note_weights
from clem_icd.evaluation.areas import AREAS
from clem_icd.evaluation.judgement import Judgement
from clem_icd.evaluation.significance import compare_systems, holm

Matrices = Callable[..., tuple[NDArray[np.bool_], NDArray[np.float32]]]
PROFILE = ["micro_f1", "macro_f1_split_labels", "macro_f1_caml", "map", "exact_match", "roc_auc_macro"]


def draw(
    seed: int,
    *,
    notes: int = 40,
    labels: int = 20,
    noise: tuple[float, float] = (0.3, 0.3),
    profile: Collection[str] = PROFILE,
) -> tuple[Judgement, Judgement]:
    """Judge two systems whose scores are the targets with noise."""
    random = np.random.default_rng(seed)
    targets = random.random((notes, labels)) < 0.2
    scores = [targets + one * random.normal(size=targets.shape) for one in noise]
    one, other = (Judgement.of(targets, own, 0.5, profile=profile) for own in scores)
    return one, other


def test_a_system_does_not_differ_from_itself() -> None:
    one, _ = draw(0)
    for found in compare_systems(one, one, resamples=50).values():
        assert (found.difference, found.low, found.high) == (0, 0, 0)
        assert found.p_bootstrap == 1
        assert found.p_randomisation in (1, None)


def test_a_better_system_is_significantly_better_in_every_metric() -> None:
    one, other = draw(0, noise=(0.2, 0.5))
    found = compare_systems(one, other, resamples=400)
    assert list(found) == list(one.names)
    for name in PROFILE:
        assert 0 < found[name].low <= found[name].difference <= found[name].high
        assert found[name].p_bootstrap == pytest.approx(1 / 401)
        assert found[name].p_randomisation == (None if name in AREAS else pytest.approx(1 / 401))


def test_the_difference_is_the_difference_of_the_values() -> None:
    one, other = draw(1, noise=(0.3, 0.4))
    theirs = other.values()
    for name, found in compare_systems(one, other, resamples=20).items():
        assert found.difference == one.values()[name][0] - theirs[name][0]


@given(seed=st.integers(0, 10_000), notes=st.integers(2, 15))
@settings(max_examples=30, deadline=None)
def test_swapping_the_systems_reverses_the_signs(seed: int, notes: int) -> None:
    one, other = draw(seed, notes=notes, labels=6)
    there, back = compare_systems(one, other, resamples=40), compare_systems(other, one, resamples=40)
    for name, found in there.items():
        turned = back[name]
        assert turned.difference == -found.difference
        assert (turned.low, turned.high) == pytest.approx((-found.high, -found.low), abs=1e-12)
        assert turned.p_bootstrap == pytest.approx(found.p_bootstrap)
        assert turned.p_randomisation == found.p_randomisation
        assert -1 <= found.low <= found.difference <= found.high <= 1


def test_randomisation_covers_all_ways_of_swapping() -> None:
    # Two notes; the first system is right on both, the second on neither. Two of the four ways of swapping
    # give a difference of 1 or -1 in exact match, so the p-value of many draws is close to one half.
    targets = np.array([[1, 0], [0, 1]], dtype=bool)
    right, wrong = targets.astype(float), 1 - targets.astype(float)
    one, other = (Judgement.of(targets, scores, profile=["exact_match"]) for scores in (right, wrong))
    found = compare_systems(one, other, resamples=4000)["exact_match"]
    assert found.difference == 1
    assert found.p_randomisation == pytest.approx(0.5, abs=0.03)


def test_p_values_of_equal_systems_are_uniform() -> None:
    names = ["micro_f1", "macro_f1_caml", "map"]
    found = [
        compare_systems(*draw(seed, labels=12, profile=names), resamples=100, seed=seed)
        for seed in range(100)
    ]
    expected = (np.arange(100) + 0.5) / 100
    for name in names:
        bootstrap = np.sort([one[name].p_bootstrap for one in found])
        randomisation = np.sort([one[name].p_randomisation or 0 for one in found])
        # 1 % of uniform samples are farther from the diagonal (Kolmogorov and Smirnov).
        assert np.abs(bootstrap - expected).max() < 1.63 / np.sqrt(100)
        assert np.abs(randomisation - expected).max() < 1.63 / np.sqrt(100)


def test_copies_of_a_note_in_one_group_are_no_additional_evidence() -> None:
    one, other = draw(5, notes=10, noise=(0.3, 0.36))
    copies = [
        Judgement.of(
            np.repeat(judged.targets, 12, 0),
            np.repeat(judged.scores, 12, 0),
            0.5,
            profile=["micro_f1", "map"],
        )
        for judged in (one, other)
    ]
    single = compare_systems(one, other, resamples=300)["map"]
    grouped = compare_systems(*copies, resamples=300, groups=[i // 12 for i in range(120)])["map"]
    ungrouped = compare_systems(*copies, resamples=300)["map"]
    assert grouped.p_randomisation == single.p_randomisation
    assert grouped.p_bootstrap == pytest.approx(single.p_bootstrap)
    assert ungrouped.p_randomisation is not None
    assert single.p_randomisation is not None
    assert ungrouped.p_randomisation < single.p_randomisation
    assert ungrouped.p_bootstrap < single.p_bootstrap


def test_results_depend_on_the_seed_but_not_on_the_block_size(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = draw(2)
    whole = compare_systems(one, other, resamples=60, seed=3)
    assert compare_systems(one, other, resamples=60, seed=3) == whole
    assert compare_systems(one, other, resamples=60, seed=4) != whole
    monkeypatch.setattr(note_weights, "_CELLS_PER_BLOCK", 40 * 11)
    for name, found in compare_systems(one, other, resamples=60, seed=3).items():
        assert (found.low, found.high) == pytest.approx((whole[name].low, whole[name].high), rel=1e-6)
        assert found.p_randomisation == whole[name].p_randomisation
        assert found.p_bootstrap == whole[name].p_bootstrap


def test_progress_reports_every_resample_of_both_tests() -> None:
    reported: list[int] = []
    compare_systems(*draw(0), resamples=30, progress=reported.append)
    assert sum(reported) == 60


# --- refusals ---------------------------------------------------------------------------------------------


def judge(targets: NDArray[np.bool_], profile: list[str] | str = "mdace") -> Judgement:
    return Judgement.of(targets, np.full(targets.shape, 0.4), profile=profile)


def test_judgements_of_other_notes_labels_codes_or_metrics_are_refused() -> None:
    targets = np.eye(4, 5, dtype=bool)
    changed = targets.copy()
    changed[2, 4] = True
    refused = {
        "evaluated on 4 of 4 notes and the other on 3 of 3, and these notes differ": judge(targets[:3]),
        "has 5 labels and the other 4": judge(targets[:, :4]),
        "the codes of 1 of 4 notes differ": judge(changed),
        "has the metrics macro_f1_all_labels, .*, micro_recall": judge(targets, ["micro_f1"]),
    }
    for found, other in refused.items():
        with pytest.raises(ScoresError, match=found):
            compare_systems(judge(targets), other)


def test_equally_many_but_different_notes_are_refused() -> None:
    # The profile excludes a different note of each judgement, so three different notes are left.
    one, other = np.eye(4, 5, dtype=bool), np.eye(4, 5, dtype=bool)
    one[0], other[1] = False, False
    with pytest.raises(ScoresError, match="on 3 of 4 notes and the other on 3 of 4, and these notes differ"):
        compare_systems(judge(one, "edin2024"), judge(other, "edin2024"))


def test_a_single_note_or_subject_is_refused() -> None:
    one = judge(np.ones((1, 3), dtype=bool))
    with pytest.raises(ScoresError, match="expected at least two"):
        compare_systems(one, one)
    both = judge(np.ones((2, 3), dtype=bool))
    with pytest.raises(ScoresError, match="expected at least two"):
        compare_systems(both, both, groups=["a", "a"])


def test_a_level_above_one_is_refused() -> None:
    with pytest.raises(ScoresError, match="the confidence level is 95, expected a number between 0 and 1"):
        compare_systems(*draw(0), level=95)


# --- multiple testing -------------------------------------------------------------------------------------


def test_holm_by_hand() -> None:
    # 4 x 0.01; 3 x 0.03 = 0.09; 2 x 0.04 = 0.08, not below 0.09; 1 x 0.5
    corrected = holm({"d": 0.5, "b": 0.03, "a": 0.01, "c": 0.04})
    assert corrected == pytest.approx({"d": 0.5, "b": 0.09, "a": 0.04, "c": 0.09})
    assert list(corrected) == ["d", "b", "a", "c"]
    assert holm({}) == {}


@given(st.lists(st.floats(0.0001, 1), min_size=1, max_size=12))
@settings(max_examples=50)
def test_holm_preserves_the_order_and_never_lowers_a_p_value(values: list[float]) -> None:
    uncorrected = {str(number): value for number, value in enumerate(values)}
    corrected = holm(uncorrected)
    assert all(value <= corrected[name] <= 1 for name, value in uncorrected.items())
    order = sorted(uncorrected, key=lambda name: uncorrected[name])
    assert all(corrected[one] <= corrected[two] for one, two in pairwise(order))
    assert min(corrected.values()) == pytest.approx(min(1, len(values) * min(values)))
