from __future__ import annotations

import random
import subprocess
import sys
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clem_icd.corpus import split_by_subject
from clem_icd.errors import CorpusError
from clem_icd.icd import Code, CodeSystem

SHARES = {"train": 0.75, "validation": 0.1, "test": 0.15}

Notes = Sequence[tuple[str, Sequence[Hashable]]]

CODES = st.lists(st.sampled_from("ABCDEFG"), max_size=4)
NOTES = st.lists(st.tuples(st.integers(0, 40).map(str), CODES), min_size=40, max_size=70).filter(
    lambda notes: len({subject for subject, _ in notes}) > 20
)


def split(notes: Notes, **options: float) -> dict[str, str]:
    return split_by_subject([one for one, _ in notes], [codes for _, codes in notes], **options)  # type: ignore[arg-type]


@settings(max_examples=50, deadline=None)
@given(NOTES, st.integers(0, 5), st.randoms(use_true_random=False))
def test_every_subject_is_in_one_split_whatever_the_order(
    notes: Notes, seed: int, random_: random.Random
) -> None:
    found = split(notes, seed=seed)

    assert found.keys() == {subject for subject, _ in notes}
    assert set(found.values()) == {"train", "validation", "test"}
    shuffled = [(subject, random_.sample(codes, len(codes))) for subject, codes in notes]
    random_.shuffle(shuffled)
    assert split(shuffled, seed=seed) == found


@settings(max_examples=50, deadline=None)
@given(NOTES, st.integers(0, 5))
def test_shares_are_met_up_to_two_subjects(notes: Notes, seed: int) -> None:
    found = split(notes, validation=0.2, test=0.3, seed=seed)

    largest = max(Counter(subject for subject, _ in notes).values())
    sizes = Counter(found[subject] for subject, _ in notes)
    for name, share in (("validation", 0.2), ("test", 0.3)):
        assert abs(sizes[name] - round(share * len(notes))) < 2 * largest


def test_shares_are_exact_with_one_note_per_subject() -> None:
    found = split(hospital(0, visits=1))

    assert Counter(found.values()) == {"train": 450, "validation": 60, "test": 90}


def hospital(seed: int, visits: int = 5) -> Notes:
    """Return notes of 600 patients with codes of all frequencies; some recur in every note of a patient."""
    random_ = random.Random(seed)
    weights = [1 / rank for rank in range(1, 201)]
    notes: list[tuple[str, Sequence[Hashable]]] = []
    for patient in range(600):
        usual = random_.choices(range(200), weights, k=4)
        for _ in range(random_.randint(1, visits)):
            codes = {*usual, *random_.choices(range(200), weights, k=4)}
            notes.append((f"p{patient}", tuple(f"C{code}" for code in codes)))
    return notes


def drawn_at_random(notes: Notes, seed: int) -> dict[str, str]:
    subjects = sorted({subject for subject, _ in notes})
    random_ = random.Random(seed)
    return {subject: random_.choices(list(SHARES), list(SHARES.values()))[0] for subject in subjects}


def distance(notes: Notes, assignment: Mapping[str, str], rarest: int | None = None) -> float:
    """Return the mean distance between the shares of a code's notes in the splits and those of all notes."""
    total = Counter(code for _, own in notes for code in own)
    counts = Counter((code, assignment[subject]) for subject, own in notes for code in own)
    codes = [code for code, _ in total.most_common()][-(rarest or len(total)) :]
    apart = [
        abs(counts[code, name] / total[code] - share) for code in codes for name, share in SHARES.items()
    ]
    return sum(apart) / len(apart)


@pytest.mark.parametrize(("rarest", "factor"), [(None, 0.75), (60, 0.6)])
def test_codes_are_spread_better_than_at_random(rarest: int | None, factor: float) -> None:
    ours, chance = 0.0, 0.0
    for seed in range(4):
        notes = hospital(seed)
        ours += distance(notes, split(notes, seed=seed), rarest)
        chance += distance(notes, drawn_at_random(notes, seed), rarest)
    assert ours < factor * chance


def test_notes_without_codes_are_spread_too() -> None:
    notes: Notes = [(str(number), ("A",) if number < 100 else ()) for number in range(200)]

    found = split(notes)
    for group in (notes[:100], notes[100:]):
        assert Counter(found[subject] for subject, _ in group) == {"train": 75, "validation": 10, "test": 15}


def test_code_of_one_subject_is_in_train() -> None:
    notes: Notes = [
        (str(number), ("common", f"own{number}") if number < 50 else ("common",)) for number in range(100)
    ]

    assert {split(notes)[str(number)] for number in range(50)} == {"train"}


def test_subject_with_many_notes_does_not_fill_a_small_split() -> None:
    notes = [("heavy", ["A"])] * 60 + [(str(number), ["A"]) for number in range(40)]

    found = split(notes)
    assert found["heavy"] == "train"
    assert Counter(found[subject] for subject, _ in notes) == {"train": 75, "validation": 10, "test": 15}


def test_three_subjects_are_enough_for_three_splits() -> None:
    notes: Notes = [("a", ("A",))] * 30 + [("b", ("A",))] * 2 + [("c", ("A",))] * 2

    assert sorted(split(notes).values()) == ["test", "train", "validation"]
    assert split(notes)["a"] == "train"


def test_duplicate_code_of_a_note_counts_once() -> None:
    notes: Notes = [(str(number), ("A", "B")) for number in range(60)]

    assert split([(subject, [*codes, *codes]) for subject, codes in notes]) == split(notes)


def test_split_depends_on_the_seed() -> None:
    notes = hospital(0)

    assert split(notes, seed=1) == split(notes, seed=1) != split(notes, seed=2)


_PROGRAM = """
from clem_icd.corpus import split_by_subject
from clem_icd.icd import Code, CodeSystem
notes = [(str(n), {f"C{n % 7}", f"D{n % 5}", Code("I10", CodeSystem.ICD10CM)}) for n in range(80)]
print(sorted(split_by_subject([s for s, _ in notes], [c for _, c in notes]).items()))
"""


def test_every_process_draws_the_same_split() -> None:
    printed = {
        subprocess.run(
            [sys.executable, "-c", _PROGRAM],
            env={"PYTHONHASHSEED": str(seed), "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in (1, 2)
    }
    assert len(printed) == 1


def test_codes_of_two_systems_are_two_codes() -> None:
    dealt = Code("66", CodeSystem.ICD9CM), Code("66", CodeSystem.ICD9PCS)
    notes: Notes = [(str(number), (dealt[number % 2],)) for number in range(200)]

    found = split(notes)
    for rest in range(2):
        assert Counter(found[str(n)] for n in range(rest, 200, 2)) == {
            "train": 75,
            "validation": 10,
            "test": 15,
        }


def test_share_of_zero_makes_no_split() -> None:
    found = split([(str(number), ("A",)) for number in range(10)], validation=0, test=0.2)

    assert Counter(found.values()) == {"train": 8, "test": 2}


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        ({"validation": 0.5, "test": 0.5}, "leave nothing for training"),
        ({"validation": -0.1}, "leave nothing for training"),
        ({"validation": 0.01, "test": 0.2}, "no notes for validation"),
        ({"validation": 0.4, "test": 0.59}, "2 subjects are too few"),
    ],
)
def test_impossible_shares_are_refused(shares: dict[str, float], message: str) -> None:
    subjects = range(2) if "0.59" in str(shares) else range(10)
    with pytest.raises(CorpusError, match=message):
        split([(str(number), ("A",)) for number in subjects], **shares)


def test_no_notes_are_refused() -> None:
    with pytest.raises(CorpusError, match="0 subjects are too few"):
        split([])


def test_fewer_subjects_than_splits_are_refused() -> None:
    with pytest.raises(CorpusError, match="2 subjects are too few: no notes for test"):
        split([(subject, ["A"]) for subject in "ab" * 20])


def test_codes_and_subjects_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        split_by_subject(list("abcdefghijklmnopqrst"), [("A",)])
