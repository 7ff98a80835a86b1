from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from clem_icd.corpus import Corpus, Evidence, Note, corpus_writer
from clem_icd.icd import Code, Codebook, CodeSystem

HEART = Code("I50.9", CodeSystem.ICD10CM)
SUGAR = Code("E11.9", CodeSystem.ICD10CM)

MakeCorpus = Callable[..., Corpus]


@pytest.fixture
def make_corpus(tmp_path: Path) -> MakeCorpus:
    def make(notes: Mapping[str, Sequence[Note]], out: Path | None = None, **options: Any) -> Corpus:
        out = out or tmp_path / "corpus"
        about: dict[str, Any] = {
            "name": "ours",
            "source": "test",
            "options": {},
            "inputs": [],
            "codebook": Codebook({HEART: "Heart failure"}),
        }
        with corpus_writer(out, **{**about, **options}) as writer:
            for split, rows in notes.items():
                writer.write(split, rows)
        return Corpus.open(out)

    return make


@pytest.fixture
def notes() -> dict[str, list[Note]]:
    return {
        "train": [
            Note(
                "a",
                "CHF and T2DM",
                (HEART, SUGAR),
                (Evidence(HEART, 0, 3), Evidence(SUGAR, 8, 12)),
                "1",
                "11",
            ),
            Note("b", "T2DM\r\nonly \U0001f600", (SUGAR,), (), "2", "12"),
            Note("c", "nothing to code here", (), (), "2", "13"),
        ],
        "test": [Note("d", "CHF", (HEART,), (Evidence(HEART, 0, 3),), "3", "14")],
    }
