from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from clem_icd.icd import Code, CodeSystem
from clem_icd.synthetic.writer import Writer, wrap_lines

_CODE = Code("I10", CodeSystem.ICD10CM)
_TEXT = st.text(alphabet="ab é\n°😷", min_size=1, max_size=30)
_PIECES = st.lists(st.tuples(_TEXT, st.booleans()), max_size=25)


def _written(pieces: list[tuple[str, bool]]) -> Writer:
    writer = Writer()
    for text, is_mention in pieces:
        if is_mention:
            writer.mention(text, _CODE)
        else:
            writer.add(text)
    return writer


@settings(max_examples=60)
@given(first=_PIECES, second=_PIECES)
def test_mention_offsets_survive_concatenation(
    first: list[tuple[str, bool]], second: list[tuple[str, bool]]
) -> None:
    whole = _written(first)
    whole.extend(_written(second))
    assert whole.text() == "".join(text for text, _ in first + second)
    assert len(whole) == len(whole.text())
    assert [one.surface for one in whole.mentions] == [text for text, marked in first + second if marked]
    assert all(whole.text()[one.begin : one.end] == one.surface for one in whole.mentions)


@settings(max_examples=60)
@given(pieces=_PIECES, width=st.integers(5, 40))
def test_wrapping_moves_no_offset_and_breaks_no_mention(pieces: list[tuple[str, bool]], width: int) -> None:
    writer = _written(pieces)
    before, after = writer.text(), wrap_lines(writer.text(), writer.mentions, width)
    assert len(after) == len(before)
    assert {(a, b) for a, b in zip(before, after, strict=True) if a != b} <= {(" ", "\n")}
    assert all(after[one.begin : one.end] == one.surface for one in writer.mentions)


def test_wrapping_keeps_lines_short() -> None:
    text = "word " * 50
    assert max(map(len, wrap_lines(text, [], 30).split("\n"))) <= 30


def test_end_line_begins_a_line_once() -> None:
    writer = Writer()
    writer.end_line()
    writer.add("a")
    writer.end_line()
    writer.end_line()
    assert writer.text() == "a\n"
