from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clem_icd.reporting.explained import visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\ttext\n", "plain\ttext\n"),
        ("caf\u00e9 \U0001f469 \u05d0", "caf\u00e9 \U0001f469 \u05d0"),
        ("\x1b[2Jgone", "\N{SYMBOL FOR ESCAPE}[2Jgone"),
        ("a\x07\x7f", "a\N{SYMBOL FOR BELL}\N{SYMBOL FOR DELETE}"),
        ("a\x9bb", "a\N{WHITE SQUARE}b"),
        ("a\u202eb\u2066", "a\N{WHITE SQUARE}b\N{WHITE SQUARE}"),
        ("a\r\nb\rc", "a \nb\N{SYMBOL FOR CARRIAGE RETURN}c"),
    ],
)
def test_characters_that_control_a_display_are_shown(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text(max_size=20))
def test_offsets_stay_the_same(text: str) -> None:
    assert len(visible(text)) == len(text)
