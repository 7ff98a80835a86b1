from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clem_icd.synthetic.chart import Document
from clem_icd.synthetic.hospital import admissions
from clem_icd.synthetic.note import BANNER, write_note
from clem_icd.synthetic.text_quirks import with_crlf, with_foreign_characters, with_mimic3_marks, with_quotes

Change = Callable[[Document], Document]

CHANGES: dict[str, Change] = {
    "crlf": with_crlf,
    "foreign": lambda document: with_foreign_characters(document, Random(1)),
    "quotes": lambda document: with_quotes(document, Random(2)),
    "marks": lambda document: with_mimic3_marks(document, "seed"),
}


def _document(seed: int) -> Document:
    [stay] = admissions(1, seed=seed, words=100)
    note = write_note(stay)
    return Document("Discharge summary", "Report", note.text, note.evidence, datetime(2150, 1, 1))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), names=st.lists(st.sampled_from(sorted(CHANGES)), max_size=5))
def test_evidence_offsets_follow_every_change(seed: int, names: list[str]) -> None:
    before = after = _document(seed)
    for name in names:
        after = CHANGES[name](after)
    for old, new in zip(before.evidence, after.evidence, strict=True):
        assert after.text[new.begin : new.end] == new.surface
        assert (new.code, new.sense) == (old.code, old.sense)
        if "___" not in old.surface:
            assert new.surface.replace("\r", "") == old.surface
    assert after.text.startswith(BANNER)


def test_each_quirk_inserts_its_characters() -> None:
    document = _document(3)
    first = document.evidence[0].begin
    crlf = with_crlf(document).text
    assert crlf.count("\r\n") == crlf.count("\n") > 3
    foreign = CHANGES["foreign"](document)
    head = foreign.text[: foreign.evidence[0].begin]
    assert max(map(ord, head)) > 0xFFFF
    assert len(head.encode()) > len(head) > first
    quoted = CHANGES["quotes"](document)
    assert quoted.text.endswith('"signed"')
    assert '"' in quoted.text[: quoted.evidence[0].begin]
    marked = CHANGES["marks"](document).text
    assert "___" not in marked
    assert marked.count("[**") == document.text.count("___") > 0


def test_equal_texts_get_equal_marks() -> None:
    assert CHANGES["marks"](_document(3)) == CHANGES["marks"](_document(3))


@pytest.mark.parametrize("name", sorted(CHANGES))
def test_an_empty_text_stays_empty(name: str) -> None:
    empty = Document("Discharge summary", "Report", "", (), datetime(2150, 1, 1))
    assert CHANGES[name](empty) == empty
