from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from clem_icd.reporting.explained import excerpts

LINES = [f"line {number}" for number in range(1, 21)]
TEXT = "\n".join(LINES)


def shown(text: str, *words: str) -> list[tuple[int, str]]:
    spans = [(text.index(word), text.index(word) + len(word)) for word in words]
    return [(one.line, text[one.begin : one.end]) for one in excerpts(text, spans)]


def test_lines_with_spans_have_a_line_before_and_after() -> None:
    assert shown(TEXT, "line 5", "line 15") == [
        (4, "line 4\nline 5\nline 6"),
        (14, "line 14\nline 15\nline 16"),
    ]


def test_neighbouring_excerpts_are_one() -> None:
    assert shown(TEXT, "line 5", "line 8") == [(4, "\n".join(LINES[3:9]))]


def test_the_first_and_the_last_line_have_one_neighbour() -> None:
    assert shown(TEXT, "line 1", "line 20") == [(1, "line 1\nline 2"), (19, "line 19\nline 20")]


def test_of_a_very_long_line_only_the_neighbourhood_of_a_span_is_shown() -> None:
    text = "word " * 1_000 + "pneumonia " + "word " * 1_000
    [(line, found)] = shown(text, "pneumonia")
    assert line == 1
    assert "pneumonia" in found
    assert 400 < len(found) < 500
    assert set(found.split()) == {"word", "pneumonia"}


def test_a_long_neighbouring_line_is_left_out() -> None:
    assert shown(f"{'x' * 999}\npneumonia\n{'y' * 999}", "pneumonia") == [(2, "pneumonia")]


# A few parts, of which one is longer than the neighbourhood of a span.
TEXTS = st.lists(st.sampled_from(["word ", "\n", "x" * 300]), max_size=8).map("".join)


@given(TEXTS, st.data())
def test_every_span_is_inside_one_excerpt(text: str, data: st.DataObject) -> None:
    places = st.integers(0, len(text))
    spans = data.draw(st.lists(st.tuples(places, places).map(sorted).map(tuple), max_size=4))
    found = excerpts(text, [(begin, end) for begin, end in spans])
    for begin, end in spans:
        assert [one for one in found if one.begin <= begin and end <= one.end]
    assert [one.line for one in found] == [text.count("\n", 0, one.begin) + 1 for one in found]
    assert all(one.end < after.begin for one, after in pairwise(found))
