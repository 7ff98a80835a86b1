from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from clem_icd.reporting.explained import ExplainedCode, MarkedSpan, segments_of

# Letters, an accent of its own, an emoji of several characters, a letter beyond the BMP, a newline.
ALPHABET = "ab \ne\u0301\U0001f469\u200d\u2695\ufe0f\U0001f3fd\U00020000"


def code(*spans: tuple[int, int]) -> ExplainedCode:
    return ExplainedCode("I10", "icd10cm", None, 0.5, True, tuple(MarkedSpan(*span, 1.0) for span in spans))


def pieces(text: str, *codes: ExplainedCode) -> list[tuple[str, tuple[int, ...]]]:
    return [(text[one.begin : one.end], one.codes) for one in segments_of(text, codes)]


@st.composite
def marked_texts(draw: st.DrawFn) -> tuple[str, list[ExplainedCode]]:
    text = draw(st.text(ALPHABET, min_size=1, max_size=30))
    places = st.integers(0, len(text))
    offsets = st.tuples(places, places).filter(lambda span: span[0] < span[1])
    spans = st.lists(offsets, max_size=4)
    return text, [code(*one) for one in draw(st.lists(spans, max_size=4))]


def test_overlapping_spans_are_cut_where_they_overlap() -> None:
    text = "acute on chronic heart failure"
    assert pieces(text, code((0, 22)), code((9, 30))) == [
        ("acute on ", (0,)),
        ("chronic heart", (0, 1)),
        (" failure", (1,)),
    ]


def test_nested_equal_and_adjoining_spans_keep_their_codes() -> None:
    assert pieces("abcd", code((0, 4)), code((1, 2)), code((1, 2), (2, 4))) == [
        ("a", (0,)),
        ("b", (0, 1, 2)),
        ("cd", (0, 2)),
    ]


def test_a_character_is_not_cut_from_its_accents_and_an_emoji_not_into_parts() -> None:
    assert pieces("cafe\u0301 x", code((0, 4))) == [("cafe\u0301", (0,)), (" x", ())]
    doctor = "\U0001f469\U0001f3fd\u200d\u2695\ufe0f"
    assert pieces(f"{doctor} ok", code((2, 3))) == [(doctor, (0,)), (" ok", ())]


@given(marked_texts())
def test_segments_cover_the_text_once_and_each_span_exactly(
    marked: tuple[str, list[ExplainedCode]],
) -> None:
    text, codes = marked
    segments = segments_of(text, codes)

    assert "".join(text[one.begin : one.end] for one in segments) == text
    assert all(one.begin < one.end for one in segments)
    assert not any(unicodedata.combining(text[one.begin]) for one in segments if one.begin)
    for place, one in enumerate(codes):
        for number, span in enumerate(one.spans):
            covered = [
                (segment, part)
                for segment in segments
                for part in segment.parts
                if (part.code, part.span) == (place, number)
            ]
            begin, end = covered[0][0].begin, covered[-1][0].end
            assert begin <= span.begin < span.end <= end
            # Only characters that belong to their neighbours were added, such as those after a joiner.
            joined = not text[begin + 1 : span.begin + 1].isalpha() or "\u200d" in text[begin : span.begin]
            assert begin == span.begin or joined
            assert [part.begins for _, part in covered] == [True] + [False] * (len(covered) - 1)
            assert [part.ends for _, part in covered] == [False] * (len(covered) - 1) + [True]


def test_a_text_is_cut_where_asked() -> None:
    assert [(one.begin, one.end) for one in segments_of("abcdef", [code((0, 2))], (4,))] == [
        (0, 2),
        (2, 4),
        (4, 6),
    ]
