from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from clem_icd.errors import ModelError
from clem_icd.modeling import SegmentsReading, WholeReading, learn_tokenizer
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


def read_in_segments(text: str, **fields: object) -> ReadNote:
    reading = SegmentsReading.model_validate({"special_tokens": "segment", **fields})
    [note] = reading.read(TOKENIZER, [text], offsets=True)
    return note


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 200), st.sampled_from([8, 11, 16]), st.integers(1, 6))
def test_every_segment_has_its_own_special_tokens(words: int, length: int, segments: int) -> None:
    text = " ".join(["fever"] * words)
    whole = read(text)
    note = read_in_segments(text, segment_tokens=length, max_tokens=length * segments)
    opening, closing = whole.ids[0], whole.ids[-1]
    content = []
    for begin in range(0, len(note.ids), length):
        segment = note.ids[begin : begin + length]
        assert segment[0] == opening
        assert segment[-1] == closing
        content += segment[1:-1].tolist()
    kept = min(len(whole.ids) - 2, segments * (length - 2))
    assert content == whole.ids[1 : 1 + kept].tolist()
    assert len(note.ids) <= length * segments
    assert note.truncated == (kept < len(whole.ids) - 2)
    assert note.offsets is not None
    assert whole.offsets is not None
    inner = note.offsets[note.offsets[:, 1] > 0]
    assert inner.tolist() == whole.offsets[1 : 1 + kept].tolist()


@settings(max_examples=40, deadline=None)
@given(TEXTS, st.integers(8, 40))
def test_segments_of_a_note_read_the_tokens_of_the_whole_note(text: str, limit: int) -> None:
    whole = read(text, limit)
    [note] = SegmentsReading(segment_tokens=8, max_tokens=limit).read(TOKENIZER, [text])
    assert note.ids.tolist() == whole.ids.tolist()
    assert note.total == whole.total


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(2, 70), min_size=1, max_size=4), st.sampled_from([8, 16]))
def test_segments_are_filled_in_order_and_padded_at_the_end(lengths: list[int], length: int) -> None:
    notes = [np.arange(1, size + 1, dtype=np.int32) for size in lengths]
    batch = SegmentsReading(segment_tokens=length).arrange(notes, 0)
    assert batch["input_ids"].shape == (len(notes), -(-max(lengths) // length), length)
    for ids, row, mask in zip(notes, batch["input_ids"], batch["attention_mask"], strict=True):
        assert row.flatten()[: len(ids)].tolist() == ids.tolist()
        assert mask.flatten().tolist() == [1] * len(ids) + [0] * (mask.numel() - len(ids))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"segment_tokens": 128, "max_tokens": 64}, "max_tokens is 64, less than one segment of 128 tokens"),
        ({"segment_tokens": 100, "max_tokens": 250}, "expected a multiple of the 100 tokens"),
    ],
)
def test_segments_that_do_not_fit_the_note_are_refused(fields: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        SegmentsReading.model_validate({"special_tokens": "segment", **fields})
