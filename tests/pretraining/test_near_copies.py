from __future__ import annotations

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clem_icd.pretraining.near_copies import NearCopies


def words(seed: str, count: int) -> list[str]:
    """Return words that no other seed gives; a seed is a word itself."""
    random_ = random.Random(seed)
    return [f"{seed}{random_.randrange(10**9)}" for _ in range(count)]


def text(seed: str, count: int) -> str:
    return " ".join(words(seed, count))


HELD_OUT = text("held", 300)
KEPT_OUT = NearCopies([text("other", 200), HELD_OUT, text("third", 50)])


def paragraph(begin: int, end: int) -> str:
    return " ".join(HELD_OUT.split()[begin:end])


@pytest.mark.parametrize(
    "copy",
    [
        HELD_OUT,
        HELD_OUT.upper(),
        "* " + HELD_OUT.replace(" ", ",\n\t") + "!",
        paragraph(120, 160),
        paragraph(0, 8),
        f"{text('before', 400)} {HELD_OUT} {text('after', 400)}",
        f"{text('before', 30)} {paragraph(100, 200)}",
        " ".join(word if place % 20 else "___" for place, word in enumerate(HELD_OUT.split())),
    ],
    ids=["same", "case", "punctuation", "extract", "line", "inside", "most from it", "names blanked"],
)
def test_what_comes_from_a_held_out_text_is_found(copy: str) -> None:
    assert copy in KEPT_OUT


@pytest.mark.parametrize(
    "other",
    [
        text("new", 300),
        "",
        "... --- !",
        paragraph(0, 7),
        f"{text('before', 300)} {paragraph(100, 200)}",
        " ".join(sorted(HELD_OUT.split())),
        " ".join(word if place % 8 else "___" for place, word in enumerate(HELD_OUT.split())),
    ],
    ids=["unrelated", "empty", "no words", "seven words", "a part of it", "its words", "no run of eight"],
)
def test_what_does_not_is_not(other: str) -> None:
    assert other not in KEPT_OUT


@pytest.mark.parametrize(("shared", "is_copy"), [(65, True), (45, False)])
def test_half_of_the_runs_of_the_shorter_one_make_a_copy(shared: int, is_copy: bool) -> None:
    begin, end = text("begin", shared), text("end", 100 - shared)
    assert (f"{begin} {end}" in NearCopies([f"{begin} {text('else', 500)}"])) is is_copy


@pytest.mark.parametrize("held_out", ["No acute distress.", "stable", "a b c d e f g"])
def test_a_text_of_few_words_is_a_copy_of_the_same_words_only(held_out: str) -> None:
    copies = NearCopies([held_out, text("long", 100)])
    assert held_out.upper() in copies
    for other in (f"{held_out} today", held_out.rsplit(" ", 1)[0] + " x", text("long", 100).split()[0]):
        assert other not in copies
    assert held_out not in NearCopies([f"{text('long', 50)} {held_out} {text('more', 50)}"])


def test_nothing_is_a_copy_of_nothing() -> None:
    for copies in (NearCopies([]), NearCopies(["", " ", "--"])):
        assert "" not in copies
        assert "pain" not in copies
        assert HELD_OUT not in copies


FORM = text("form", 80)
FILLED = [f"{FORM} {text(f'patient{number}x', 30)}" for number in range(25)]


def test_a_form_that_many_have_filled_in_makes_no_copies() -> None:
    copies = NearCopies(FILLED)
    assert f"{FORM} {text('patientnew', 30)}" not in copies
    assert FORM not in copies


@pytest.mark.parametrize(
    "copy",
    [FILLED[3], FILLED[3].removeprefix(FORM), f"{text('before', 300)} {FILLED[3]} {text('after', 300)}"],
    ids=["same", "without the form", "inside"],
)
def test_a_form_that_many_have_filled_in_hides_no_copies(copy: str) -> None:
    assert copy in NearCopies(FILLED)


TEXTS = st.lists(st.sampled_from("abc"), max_size=40).map(" ".join)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60).filter(lambda some: re.search(r"\w", some)), st.lists(TEXTS, max_size=5))
def test_a_text_is_a_copy_of_itself(some: str, others: list[str]) -> None:
    assert some in NearCopies([*others, some])


@settings(max_examples=200, deadline=None)
@given(TEXTS, TEXTS)
def test_of_two_texts_both_are_copies_or_none(one: str, other: str) -> None:
    assert (one in NearCopies([other])) == (other in NearCopies([one]))


@settings(max_examples=200, deadline=None)
@given(TEXTS, st.lists(TEXTS, max_size=6))
def test_a_copy_of_several_is_a_copy_of_one(one: str, held_out: list[str]) -> None:
    assert (one in NearCopies(held_out)) == any(one in NearCopies([other]) for other in held_out)
