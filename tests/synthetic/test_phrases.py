from __future__ import annotations

import re
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clem_icd.synthetic.phrases import Frame, Phrase, number


@pytest.mark.parametrize(
    ("source", "shape"),
    [
        ("furosemide {20|40} mg", r"furosemide (20|40) mg"),
        ("Na {118-128}", r"Na 1[12]\d"),
        ("K {5.8-6.9}", r"K [56]\.\d"),
        ("0.{05-09} ng", r"0\.[5-9] ng"),
        ("{home |}meds", r"(home )?meds"),
        ("plain (25-100) text", r"plain \(25-100\) text"),
    ],
)
def test_phrase_renders_its_choices(source: str, shape: str) -> None:
    rng = Random(0)
    rendered = {Phrase(source).render(rng) for _ in range(60)}
    assert all(re.fullmatch(shape, text) for text in rendered)
    assert len(rendered) > 1 or "{" not in source


@settings(max_examples=50)
@given(low=st.integers(0, 500), width=st.integers(0, 300), seed=st.integers())
def test_whole_numbers_stay_in_their_range(low: int, width: int, seed: int) -> None:
    assert low <= int(number(Random(seed), low, low + width, 0)) <= low + width


@settings(max_examples=50)
@given(low=st.integers(0, 500), width=st.integers(0, 300), seed=st.integers())
def test_decimals_stay_in_their_range(low: int, width: int, seed: int) -> None:
    text = number(Random(seed), low / 10, (low + width) / 10, 1)
    assert re.fullmatch(r"\d+\.\d", text)
    assert low / 10 <= float(text) <= (low + width) / 10


def test_frame_renders_the_text_around_its_slot() -> None:
    frame = Frame("No {evidence|sign} of @ on exam.")
    assert frame.before.render(Random(1)) in ("No evidence of ", "No sign of ")
    assert frame.after.render(Random(1)) == " on exam."
