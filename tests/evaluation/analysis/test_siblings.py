from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from clem_icd.evaluation.analysis import Confusion, Outcomes, confusions
from clem_icd.evaluation.analysis.siblings import missed_codes, wrong_codes
from clem_icd.icd import Code, category


def siblings(codes: tuple[Code, ...], label: int) -> list[int]:
    own = category(codes[label].value, codes[label].system)
    return [
        other
        for other, code in enumerate(codes)
        if other != label and code.system == codes[label].system and category(code.value, code.system) == own
    ]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_errors_are_grouped_by_siblings_in_the_same_note(
    draw: Callable[..., Any], codes: tuple[Code, ...], seed: int
) -> None:
    targets, decided = draw(seed)
    missed, wrong = [0, 0, 0], [0, 0, 0]
    for note, label in np.argwhere(targets != decided):
        others = siblings(codes, label)
        mine, theirs = (targets, decided) if targets[note, label] else (decided, targets)
        parts = missed if targets[note, label] else wrong
        if any(theirs[note, other] and not mine[note, other] for other in others):
            parts[0] += 1
        elif any(theirs[note, other] for other in others):
            parts[1] += 1
        else:
            parts[2] += 1
    outcomes = Outcomes.of(targets, decided)
    for table, expected in ((missed_codes(outcomes, codes), missed), (wrong_codes(outcomes, codes), wrong)):
        assert [group["codes"] for group in table["groups"]] == expected
        shares = [group["share"] for group in table["groups"]]
        assert np.isclose(sum(shares), 1 if sum(expected) else 0)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_confusions_are_all_pairs_of_a_missed_code_and_a_wrong_sibling(
    draw: Callable[..., Any], codes: tuple[Code, ...], seed: int
) -> None:
    targets, decided = draw(seed)
    expected = Counter(
        (codes[label].value, codes[other].value)
        for note, label in np.argwhere(targets & ~decided)
        for other in siblings(codes, label)
        if decided[note, other] and not targets[note, other]
    )
    found = confusions(Outcomes.of(targets, decided), codes, [None] * len(codes))
    assert {(one.gold, one.given): one.notes for one in found} == expected
    assert [one.notes for one in found] == sorted(expected.values(), reverse=True)


def test_the_most_frequent_confusion_comes_first_with_its_titles(codes: tuple[Code, ...]) -> None:
    column = {code.value: position for position, code in enumerate(codes)}
    targets, decided = np.zeros((2, 3, len(codes)), dtype=np.bool_)
    targets[:2, column["E11.65"]] = decided[:2, column["E11.9"]] = True
    targets[2, column["I48.0"]] = decided[2, column["I48.91"]] = True
    titles = [f"title of {code.value}" for code in codes]
    outcomes = Outcomes.of(targets, decided)
    first, second = confusions(outcomes, codes, titles)
    assert first == Confusion(
        *("E11.65", "title of E11.65", "E11.9", "title of E11.9"), system="icd10cm", notes=2
    )
    assert (second.gold, second.given, second.notes) == ("I48.0", "I48.91", 1)
    assert confusions(outcomes, codes, titles, most=1) == [first]


def test_a_perfect_system_has_no_confusions(draw: Callable[..., Any], codes: tuple[Code, ...]) -> None:
    targets, _ = draw(3)
    outcomes = Outcomes.of(targets, targets)
    assert confusions(outcomes, codes, [None] * len(codes)) == []
    assert {group["codes"] for group in missed_codes(outcomes, codes)["groups"]} == {0}
