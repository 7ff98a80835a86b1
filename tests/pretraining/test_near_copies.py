from __future__ import annotations

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clem_icd.pretraining.near_copies import NearCopies


def words(seed: str, count: int) -> list[str]:
    """Return words that no other seed gives; the seed is part of each word."""
    random_ = random.Random(seed)
    return [f"{seed}{random_.randrange(10**9)}" for _ in range(count)]


def text(seed: str, count: int) -> str:
    return " ".join(words(seed, count))


EXCLUDED = text("held", 300)
COPIES = NearCopies([text("other", 200), EXCLUDED, text("third", 50)])


def paragraph(begin: int, end: int) -> str:
    return " ".join(EXCLUDED.split()[begin:end])


@pytest.mark.parametrize(
    "copy",
    [
        EXCLUDED,
        EXCLUDED.upper(),
        "* " + EXCLUDED.replace(" ", ",\n\t") + "!",
        paragraph(120, 160),
        paragraph(0, 8),
        f"{text('before', 400)} {EXCLUDED} {text('after', 400)}",
        f"{text('before', 30)} {paragraph(100, 200)}",
        " ".join(word if place % 20 else "___" for place, word in enumerate(EXCLUDED.split())),
    ],
    ids=["same", "case", "punctuation", "extract", "line", "inside", "most from it", "names blanked"],
)
def test_copies_extracts_and_enclosing_texts_are_found(copy: str) -> None:
    assert copy in COPIES


@pytest.mark.parametrize(
    "other",
    [
        text("new", 300),
        "",
        "... --- !",
        paragraph(0, 7),
        f"{text('before', 300)} {paragraph(100, 200)}",
        " ".join(sorted(EXCLUDED.split())),
        " ".join(word if place % 8 else "___" for place, word in enumerate(EXCLUDED.split())),
    ],
    ids=["unrelated", "empty", "no words", "seven words", "a part of it", "its words", "no run of eight"],
)
def test_unrelated_and_barely_overlapping_texts_are_not_copies(other: str) -> None:
    assert other not in COPIES


@pytest.mark.parametrize(("shared", "is_copy"), [(65, True), (45, False)])
def test_half_of_the_shingles_of_the_shorter_text_make_a_copy(shared: int, is_copy: bool) -> None:
    begin, end = text("begin", shared), text("end", 100 - shared)
    assert (f"{begin} {end}" in NearCopies([f"{begin} {text('else', 500)}"])) is is_copy


@pytest.mark.parametrize("excluded", ["No acute distress.", "stable", "a b c d e f g"])
def test_a_short_text_is_a_copy_only_of_the_same_words(excluded: str) -> None:
    copies = NearCopies([excluded, text("long", 100)])
    assert excluded.upper() in copies
    for other in (f"{excluded} today", excluded.rsplit(" ", 1)[0] + " x", text("long", 100).split()[0]):
        assert other not in copies
    assert excluded not in NearCopies([f"{text('long', 50)} {excluded} {text('more', 50)}"])


def test_empty_texts_have_no_copies() -> None:
    for copies in (NearCopies([]), NearCopies(["", " ", "--"])):
        assert "" not in copies
        assert "pain" not in copies
        assert EXCLUDED not in copies


FORM = text("form", 80)
FILLED = [f"{FORM} {text(f'patient{number}x', 30)}" for number in range(25)]


def test_sharing_a_common_form_does_not_make_copies() -> None:
    copies = NearCopies(FILLED)
    assert f"{FORM} {text('patientnew', 30)}" not in copies
    assert FORM not in copies


@pytest.mark.parametrize(
    "copy",
    [FILLED[3], FILLED[3].removeprefix(FORM), f"{text('before', 300)} {FILLED[3]} {text('after', 300)}"],
    ids=["same", "without the form", "inside"],
)
def test_copies_of_filled_in_forms_are_found(copy: str) -> None:
    assert copy in NearCopies(FILLED)


TEXTS = st.lists(st.sampled_from("abc"), max_size=40).map(" ".join)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60).filter(lambda some: re.search(r"\w", some)), st.lists(TEXTS, max_size=5))
def test_a_text_is_a_copy_of_itself(some: str, others: list[str]) -> None:
    assert some in NearCopies([*others, some])


@settings(max_examples=200, deadline=None)
@given(TEXTS, TEXTS)
def test_being_a_copy_is_symmetric(one: str, other: str) -> None:
    assert (one in NearCopies([other])) == (other in NearCopies([one]))


@settings(max_examples=200, deadline=None)
@given(TEXTS, st.lists(TEXTS, max_size=6))
def test_a_copy_of_a_set_is_a_copy_of_one_of_its_texts(one: str, excluded: list[str]) -> None:
    assert (one in NearCopies(excluded)) == any(one in NearCopies([other]) for other in excluded)
