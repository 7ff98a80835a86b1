"""What is odd about the records of a table is counted, and said in the corpus's notices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from clem_icd.corpus import Corpus
from clem_icd.icd import CodeSystem

Prepare = Callable[..., Corpus]

PCS, ICD10 = CodeSystem.ICD10PCS, CodeSystem.ICD10
NINE, PROCEDURES = CodeSystem.ICD9CM, CodeSystem.ICD9PCS


def notices(corpus: Corpus) -> list[str]:
    return [line for line in corpus.about["notices"] if "drawn by note" not in line]


def test_ordinary_table_has_no_notices(prepare: Prepare) -> None:
    corpus = prepare([{"codes": "I10;E11.9"}, {"codes": None, "text": "caf\u00e9 \u2013 na\u00efve"}])
    assert (notices(corpus), corpus.warnings) == ([], ())


@pytest.mark.parametrize("header", ["note_id,text,codes", "Note_ID,Text,Codes", "\ufeffnote_id,text,codes"])
def test_repeated_header_is_left_out_and_counted(prepare: Prepare, header: str) -> None:
    corpus = prepare(f"note_id,text,codes\n1,a,I10\n{header}\n2,b,I10\n{header}\n")
    assert corpus.note_ids("train") == ["1", "2"]
    assert notices(corpus) == ["2 records repeat the header and were left out"]


def test_repeated_header_is_counted_once_if_rows_are_merged(prepare: Prepare) -> None:
    table = "note_id,text,codes\n1,a,I10\nnote_id,text,codes\n1,a,E11.9\n"
    corpus = prepare(table, merge_rows=True)
    assert [len(note.codes) for note in corpus.notes("train")] == [2]
    assert notices(corpus) == ["1 record repeats the header and was left out"]


def test_texts_as_long_as_a_cell_are_counted(prepare: Prepare) -> None:
    texts = ["x" * 32_767, "y" * 4_000, "z" * 4_000, "w" * 65_535]
    corpus = prepare([{"text": text, "codes": "I10"} for text in texts])
    assert notices(corpus) == [
        "2 notes have exactly 4,000 characters, the limit of a VARCHAR2 column: probably cut off",
        "1 note has exactly 32,767 characters, the limit of an Excel cell: probably it is cut off",
    ]


def test_broken_characters_are_counted(prepare: Prepare) -> None:
    texts = ("\u00c3\u2013deme", "\u00c3\u00a9", "K\ufffdnig")
    corpus = prepare([{"text": text, "codes": "I10"} for text in texts])
    assert len(notices(corpus)) == 2
    assert [line for line in notices(corpus) if line.startswith("2 notes have") and "decoded twice" in line]
    assert [line for line in notices(corpus) if line.startswith("1 note has") and "\ufffd" in line]


def test_patients_that_differ_only_in_zeros_are_counted(prepare: Prepare) -> None:
    ids = ["0014629281", "14629281", "123.0", "123", "0123", "5", "5"]
    corpus = prepare([{"patient": one, "codes": "I10"} for one in ids], subject_id="patient")
    assert notices(corpus) == [
        "5 ids in the column 'patient' differ only in leading zeros or a final .0: they may be the same "
        "patients, in two splits"
    ]


@pytest.mark.parametrize(
    ("codes", "system", "expected"),
    [
        ("A17.0\u2020;G01*;I10", ICD10, "2 marks (\u2020, *, + or !) after a code removed"),
        (
            "F32.1G;C50.9A;I10.90",
            ICD10,
            "2 codes end in a letter, like C50.9A, F32.1G: in ICD-10-GM, V says suspected and A excluded, "
            "and neither is part of the code",
        ),
        (
            "I10X;I10;C61X",
            ICD10,
            "1 code occurs with a final X and without it, as two labels: I10.X",
        ),
        (
            "250.1;401.9;390;V10",
            NINE,
            "1 code is a category, which may have lost a zero or be of an earlier edition: "
            "250.1 (may be 250.10 (trailing zero lost))",
        ),
        (
            "66;37.23",
            PROCEDURES,
            "1 code is a category, which may have lost a zero or be of an earlier edition: "
            "66 (may be 06.6 (leading zero lost) or 00.66 (leading zero lost))",
        ),
        (
            "B20;F15;02703ZZ",
            PCS,
            "2 codes have fewer than the seven characters of ICD-10-PCS, like B20, F15",
        ),
    ],
)
def test_odd_codes_are_kept_and_counted(
    prepare: Prepare, codes: str, system: CodeSystem, expected: str
) -> None:
    corpus = prepare([{"codes": codes}, {"codes": codes}], system=system)
    assert notices(corpus) == [expected.replace("2 marks", "4 marks")]
    assert len(corpus.labels) == len(codes.split(";"))


def test_dropped_codes_are_named(prepare: Prepare) -> None:
    rows: list[dict[str, Any]] = [{"codes": "I10;E80.15"}, {"codes": "I10"}]
    assert notices(prepare(rows, unknown_codes="drop")) == [
        "1 code does not exist in its system and was dropped: E80.15"
    ]
