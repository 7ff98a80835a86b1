from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clem_icd.corpus import split_by_subject
from clem_icd.errors import CorpusError

SUBJECTS = st.lists(st.integers(0, 40).map(str), min_size=40, max_size=120).filter(lambda s: len(set(s)) > 20)


@settings(max_examples=50)
@given(SUBJECTS, st.integers(0, 5), st.randoms())
def test_every_subject_is_in_one_split_whatever_the_order(
    subjects: list[str], seed: int, random: object
) -> None:
    split = split_by_subject(subjects, seed=seed)

    assert split.keys() == set(subjects)
    assert set(split.values()) == {"train", "validation", "test"}
    assert split_by_subject(subjects[::-1], seed=seed) == split


@settings(max_examples=50)
@given(SUBJECTS, st.integers(0, 5))
def test_shares_are_met_up_to_one_subject(subjects: list[str], seed: int) -> None:
    split = split_by_subject(subjects, validation=0.2, test=0.3, seed=seed)

    notes = Counter(subjects)
    sizes = Counter(split[subject] for subject in subjects)
    for name, share in (("validation", 0.2), ("test", 0.3)):
        excess = sizes[name] - round(share * len(subjects))
        assert 0 <= excess < max(notes.values())


def test_the_seed_decides() -> None:
    subjects = [str(number) for number in range(200)]

    assert split_by_subject(subjects, seed=1) == split_by_subject(subjects, seed=1)
    assert split_by_subject(subjects, seed=1) != split_by_subject(subjects, seed=2)


def test_a_share_of_nothing_makes_no_split() -> None:
    split = split_by_subject([str(number) for number in range(10)], validation=0, test=0.2)

    assert Counter(split.values()) == {"train": 8, "test": 2}


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        ({"validation": 0.5, "test": 0.5}, "leave nothing for training"),
        ({"validation": -0.1}, "leave nothing for training"),
        ({"validation": 0.01, "test": 0.2}, "no notes for validation"),
        ({"validation": 0.4, "test": 0.59}, "2 subjects are too few"),
    ],
)
def test_impossible_shares(shares: dict[str, float], message: str) -> None:
    subjects = ["1", "2"] if "0.59" in str(shares) else [str(number) for number in range(10)]
    with pytest.raises(CorpusError, match=message):
        split_by_subject(subjects, **shares)  # type: ignore[arg-type]
