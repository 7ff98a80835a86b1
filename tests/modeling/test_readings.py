from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clem_icd.errors import ModelError
from clem_icd.modeling import WholeReading, learn_tokenizer
from clem_icd.modeling.readings import ReadNote
from support import make_note
from toys import SegmentReading

TOKENIZER = learn_tokenizer([make_note(number).text for number in range(40)], vocabulary=400, max_tokens=64)
TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=80)


def read(text: str, max_tokens: int = 8192) -> ReadNote:
    [note] = WholeReading(max_tokens=max_tokens).read(TOKENIZER, [text], offsets=True)
    return note


@settings(max_examples=80, deadline=None)
@given(TEXTS)
def test_offsets_cover_the_raw_text_in_order(text: str) -> None:
    note = read(text)
    assert note.offsets is not None
    assert note.offsets.shape == (len(note.ids), 2)
    begins, ends = note.offsets[1:-1].T
    assert (begins <= ends).all()
    assert (np.diff(begins) >= 0).all()
    assert ends.max(initial=0) <= len(text)
    covered = {place for begin, end in note.offsets for place in range(begin, end)}
    assert {place for place, character in enumerate(text) if character.isalnum()} <= covered


@settings(max_examples=40, deadline=None)
@given(TEXTS, st.integers(8, 20))
def test_truncation_keeps_ids_and_offsets_aligned(text: str, limit: int) -> None:
    whole, cut = read(text), read(text, limit)
    assert whole.offsets is not None
    assert cut.offsets is not None
    kept = WholeReading(max_tokens=limit).kept(len(whole.ids))
    assert cut.ids.tolist() == whole.ids[kept].tolist()
    assert cut.offsets.tolist() == whole.offsets[kept].tolist()
    assert cut.truncated == (len(whole.ids) > limit)


def test_special_tokens_have_empty_offsets() -> None:
    note = read("fever")
    assert note.offsets is not None
    assert note.offsets[[0, -1]].tolist() == [[0, 0], [0, 0]]


def test_offsets_are_only_returned_on_request() -> None:
    [note] = WholeReading().read(TOKENIZER, ["fever"])
    assert note.offsets is None


def test_a_tokenizer_without_offsets_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(TOKENIZER), "is_fast", False)
    with pytest.raises(ModelError, match=r"the positions of its tokens in the text.*tokenizer\.json"):
        next(WholeReading().read(TOKENIZER, ["fever"], offsets=True))


def test_a_reading_in_pieces_arranges_the_same_tokens() -> None:
    notes = [read(make_note(number).text).ids for number in range(3)]
    batch = SegmentReading(segment_tokens=16).arrange(notes, 9)
    assert batch["input_ids"].shape == batch["attention_mask"].shape
    assert batch["input_ids"].shape[0] == 3
    assert batch["input_ids"].shape[2] == 16
    for ids, row, mask in zip(notes, batch["input_ids"], batch["attention_mask"], strict=True):
        assert row[mask.bool()].tolist() == ids.tolist()
