"""No real or synthetic note is taken for something else."""

from __future__ import annotations

import pytest

from clem_icd.synthetic.charting import complete_chart, summary_chart
from clem_icd.synthetic.hospital import admissions
from clem_icd.texts import note_files, read_note, remarks_on
from clem_icd.texts.hypertext import html_text
from clem_icd.texts.wrappings import wrapping_of
from support import SHARED

CODIESP = SHARED / "data" / "codiesp"

_ADMISSIONS = 2500  # with four notes each, in about five seconds


@pytest.mark.shared_data
@pytest.mark.skipif(not CODIESP.is_dir(), reason="CodiEsp is not next to the checkout")
def test_no_text_of_codiesp_is_taken_for_something_else() -> None:
    files = note_files(CODIESP)
    changed = []
    for path in files:
        note = read_note(path, wrapped="keep")
        if note.wrappings or note.text.encode() != path.read_bytes().removeprefix(b"\xef\xbb\xbf"):
            changed.append((path.name, note.wrappings))

    assert len(files) > 2000
    assert changed == []


def test_no_synthetic_note_is_taken_for_something_else() -> None:
    texts = [
        document.text
        for admission in admissions(_ADMISSIONS, seed=11, words=150)
        for chart in (summary_chart(admission), complete_chart(admission, 2.0))
        for document in chart.documents
    ]

    assert len(texts) > 3 * _ADMISSIONS
    assert [found.name for found in map(wrapping_of, texts) if found] == []
    assert [text for text in texts if html_text(f"{text}<b>!</b>") != f"{text}!"] == []
    assert {remark for text in texts for remark in remarks_on(text)} == set()
