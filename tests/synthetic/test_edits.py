from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from clem_icd.icd import Code, CodeSystem
from clem_icd.synthetic.edits import Edit, apply_edits
from clem_icd.synthetic.writer import Mention

_CODE = Code("I10", CodeSystem.ICD10CM)
_WORDS = st.text(alphabet="ab \n\u00e9\U0001f637", max_size=6)


def _mention(text: str, begin: int, end: int) -> Mention:
    return Mention(begin, end, _CODE, text[begin:end], "evidence")


@settings(max_examples=60)
@given(pieces=st.lists(st.tuples(_WORDS, _WORDS, st.booleans()), max_size=12))
def test_edits_between_mentions_leave_their_text_unchanged(
    pieces: list[tuple[str, str, bool]],
) -> None:
    text, mentions, edits = "", [], []
    for old, new, is_mention in pieces:
        begin, text = len(text), text + old
        if is_mention and old:
            mentions.append(_mention(text, begin, len(text)))
        else:
            edits.append(Edit(begin, len(text), new))
    changed, moved = apply_edits(text, mentions, edits)
    assert changed == "".join(old if is_mention and old else new for old, new, is_mention in pieces)
    assert [one.surface for one in moved] == [one.surface for one in mentions]
    assert all(changed[one.begin : one.end] == one.surface for one in moved)


@settings(max_examples=60)
@given(text=st.text(alphabet="ab\n", min_size=1, max_size=30), data=st.data())
def test_a_replacement_inside_a_mention_becomes_part_of_it(text: str, data: st.DataObject) -> None:
    begin = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(begin + 1, len(text)))
    edits = [Edit(at, at + 1, "\r\n") for at, character in enumerate(text) if character == "\n"]
    changed, [moved] = apply_edits(text, [_mention(text, begin, end)], edits)
    assert changed == text.replace("\n", "\r\n")
    assert moved.surface == text[begin:end].replace("\n", "\r\n")
    assert changed[moved.begin : moved.end] == moved.surface


def test_text_inserted_at_an_edge_stays_outside_the_mention() -> None:
    text, [moved] = apply_edits("a pain b", [_mention("a pain b", 2, 6)], [Edit(2, 2, "<"), Edit(6, 6, ">")])
    assert (text, moved.surface) == ("a <pain> b", "pain")


def test_an_overlapping_edit_becomes_part_of_the_mention() -> None:
    text, [moved] = apply_edits("no pain now", [_mention("no pain now", 3, 7)], [Edit(1, 5, "___")])
    assert (text, moved.surface) == ("n___in now", "___in")
