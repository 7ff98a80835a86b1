"""Columns of a table: several of codes, patterns, and what to pass if one is missing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from clem_icd.corpus import Corpus
from clem_icd.errors import SourceError

Prepare = Callable[..., Corpus]

WIDE = "note_id,text,DX1,dx2,dx_10,other\nn1,a,I10,E11.9,,x\nn2,b,J18.9,J18.9,,x\nn3,c,,,I10,x\n"


def codes_of(corpus: Corpus) -> dict[str, list[str]]:
    return {note.note_id: [code.value for code in note.codes] for note in corpus.notes("train")}


@pytest.mark.parametrize("codes", ["dx*", "DX1,dx2,dx_10", "dx1, dx2,dx_*", ["dx1", "dx2", "dx_10"]])
def test_codes_of_several_columns_are_joined_each_once(prepare: Prepare, codes: Any) -> None:
    corpus = prepare(WIDE, codes=codes)
    assert codes_of(corpus) == {"n1": ["I10", "E11.9"], "n2": ["J18.9"], "n3": ["I10"]}


def test_corpus_records_the_columns_that_a_pattern_found(prepare: Prepare) -> None:
    assert prepare(WIDE, codes="dx*").about["options"]["codes_column"] == "DX1,dx2,dx_10"


@pytest.mark.parametrize(
    ("options", "fragments"),
    [
        ({"codes": "diag*"}, ["no column 'diag*'"]),
        ({}, ["no column 'codes'", "several columns hold codes, pass --codes '"]),
        ({"codes": "dx1", "note_id": "noteid"}, ["no column 'noteid'", "Pass --note-id note_id"]),
        (
            {"codes": "dx1", "subject_id": "patient"},
            ["no column 'patient'", "Name the column with --subject-id"],
        ),
        ({"codes": "dx1", "system_column": "othr"}, ["no column 'othr'", "Pass --system-column other"]),
    ],
)
def test_missing_column_is_refused_with_the_option_to_pass(
    prepare: Prepare, refused: Any, options: dict[str, Any], fragments: list[str]
) -> None:
    with refused(SourceError, "t.csv", *fragments):
        prepare(WIDE, **options)


def test_pattern_finds_the_keys_of_all_json_records(prepare: Prepare) -> None:
    records = [{"dx1": "I10"}, {"dx1": "E11.9", "dx2": "J18.9"}, {"DX2": "I10"}, {}]
    corpus = prepare(records, codes="dx*")
    assert codes_of(corpus) == {"n0": ["I10"], "n1": ["E11.9", "J18.9"], "n2": ["I10"], "n3": []}


def test_key_that_was_named_is_required_of_every_json_record(prepare: Prepare, refused: Any) -> None:
    with refused(SourceError, "row 2", "no column 'dx1'"):
        prepare([{"dx1": "I10", "dx2": "I10"}, {"dx2": "I10"}], codes="dx1,dx2")


@pytest.mark.parametrize("line", ["n1,Mr Smith fell,I10,train", "n1,Smith fell,I10,train"])
def test_first_line_of_a_table_without_a_header_is_not_shown(prepare: Prepare, line: str) -> None:
    with pytest.raises(
        SourceError, match=r"no column 'text', and .* does not look like column names"
    ) as caught:
        prepare(f"{line}\n")
    assert "Smith" not in str(caught.value)


def test_names_with_blanks_are_shown_if_one_of_the_columns_is_there(prepare: Prepare, refused: Any) -> None:
    with refused(SourceError, "no column 'codes'; it has note_id, text, ICD codes"):
        prepare("note_id,text,ICD codes\nn1,a,I10\n")


@pytest.mark.parametrize(
    "header",
    [
        "note_id;text;codes",
        "NOTE_ID; Text ;Codes",
        '\ufeff"note_id";"text";"codes"',
        "sep=;\nnote_id;text;codes",
    ],
)
def test_header_is_read_in_any_case_with_blanks_marks_and_a_named_delimiter(
    prepare: Prepare, header: str
) -> None:
    assert codes_of(prepare(f"{header}\nn1;Pneumonia, right.;J18.9\n")) == {"n1": ["J18.9"]}


def test_index_column_is_ignored(prepare: Prepare) -> None:
    for name in ("", "Unnamed: 0"):
        assert codes_of(prepare(f"{name},note_id,text,codes\n0,17,a,J18.9\n")) == {"17": ["J18.9"]}
