"""From the synthetic hospital to a corpus, with the steps of a user."""

from __future__ import annotations

import json
import re
from pathlib import Path

import polars as pl
import pytest

from clem_icd.corpus import Corpus
from clem_icd.sources import prepare_mimic4
from clem_icd.synthetic import synthesize


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("hospital") / "raw"
    synthesize(out, admissions=60, seed=3, words=120)
    return out


@pytest.fixture(scope="module")
def corpus(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    out = tmp_path_factory.mktemp("prepared") / "corpus"
    return prepare_mimic4(raw, out, evidence=raw / "evidence.parquet", min_count=1)


def test_synthetic_corpus_is_labelled_synthetic(corpus: Corpus, raw: Path) -> None:
    assert corpus.synthetic
    label = json.loads((raw / "SYNTHETIC.json").read_text(encoding="utf-8"))
    assert corpus.about["notices"][0] == label["notice"]
    assert corpus.warnings == ()


def test_every_code_of_every_note_has_its_evidence(corpus: Corpus, raw: Path) -> None:
    spans = pl.read_parquet(raw / "evidence.parquet")
    for split in corpus.splits:
        for note in corpus.notes(split):
            assert {span.code for span in note.evidence} == set(note.codes)
            expected = spans.filter(pl.col("note_id") == note.note_id).unique(["code", "begin", "end"])
            assert len(note.evidence) == expected.filter(pl.col("system") != "icd9cm").height


def test_every_note_is_kept_or_counted_as_left_out(corpus: Corpus, raw: Path) -> None:
    notes = sum(corpus.size(split) for split in corpus.splits)
    left_out = [notice for notice in corpus.about["notices"] if re.match(r"[\d,]+ notes? .*left out", notice)]
    rows = pl.read_csv(raw / "physionet.org/files/mimic-iv-note/2.2/note/discharge.csv.gz").height

    assert notes + sum(int(notice.split()[0]) for notice in left_out) == rows
    assert notes >= 45
