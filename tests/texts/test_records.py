"""Texts that are records: tables, JSON, SQL, several reports."""

from __future__ import annotations

import json

import pytest

from clem_icd.texts import PlainText, plain_text, records
from refusals import CANARY, assert_refused

REFUSED = {
    "csv": (f"note_id,text\n1,{CANARY}\n", "is a table", "as a table"),
    "csv with quotes": (f'"HADM_ID","TEXT","CODES"\n"1","{CANARY},\nx","I10"\n', "is a table", "as a table"),
    "csv with a long note": (f"id,text\n1,{'x' * 200_000}\n", "is a table", "as a table"),
    "tsv": (f"subject_id\ttext\n1\t{CANARY}\n", "is a table", "as a table"),
    "semicolons": (f"\nid;text\n1;{CANARY}\n", "is a table", "as a table"),
    "bars": (f"note id|text|label\n1|{CANARY}|x\n", "is a table", "as a table"),
    "JSON": (json.dumps({"text": CANARY}), "is JSON", "as a table"),
    "a JSON array": (json.dumps([{"text": CANARY}]), "is JSON", "as a table"),
    "an array of texts": (json.dumps([CANARY]), "is JSON", "as a table"),
    "JSON lines": (f'{{"text": "{CANARY}"}}\n\n{{"text": "x"}}\n', "is a table (JSON lines)", "as a table"),
    "FHIR": (json.dumps({"resourceType": "DocumentReference", "x": CANARY}), "is a FHIR resource", "Extract"),
    "SQL": (
        f"-- dump\nSET x = 1;\nINSERT INTO `notes` (id, text) VALUES (1, '{CANARY}');",
        "an SQL dump",
        "csv",
    ),
    "SQL without columns": ("insert into public.notes\nvalues (1, '" + CANARY, "an SQL dump", "csv"),
    "a definition of SQL": ('CREATE TABLE IF NOT EXISTS "notes" (id int)', "an SQL dump", "csv"),
    "a copy of PostgreSQL": (f"COPY notes (id, text) FROM stdin;\n1\t{CANARY}\n", "an SQL dump", "csv"),
    "i2b2": (f"{CANARY}\n[report_end]\nx\n[report_end]\n", "several reports", "Split"),
    "De-ID": (f"{CANARY}\nE_O_R\nx\nE_O_R\n", "several reports", "Split"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_records_are_refused_by_name(name: str) -> None:
    assert_refused(*REFUSED[name])


def test_a_json_string_is_read() -> None:
    assert plain_text('"Pneumonia.\\nBP \\u003c 90"\n') == PlainText(
        "Pneumonia.\nBP < 90", ("a JSON string",)
    )


@pytest.mark.parametrize("text", ['"Pneumonia."', '"a" and "b\\n"', '"a\\n', '"\\d"', '"', '""', "'a\\nb'"])
def test_quotations_are_not_json_strings(text: str) -> None:
    assert not records.is_json_text(text)


@pytest.mark.parametrize(
    "text", ["{stable}", "[x] pain", "[1, 2]", '{"a": b}', "{", "[" * 100_000, "[**1**]", "3"]
)
def test_braces_and_brackets_are_not_json(text: str) -> None:
    assert not records.is_json(text)
    assert not records.is_json_lines(text)
    assert not records.is_fhir(text)


@pytest.mark.parametrize(
    "text",
    [
        "CHF, COPD, CKD\nHTN, DM2, OSA\n",
        "Date\tWBC\n01/02\t7.1\n",
        "note,text\n",
        "Patient, Diagnosis\nDoe, CHF\n",
        "id,text\n1,a\nand a line without commas\n",
        "Report, note, plan of the day\nDoe\n",
        "id,id\n1,2\n",
    ],
)
def test_lists_and_laboratory_tables_are_not_tables_of_notes(text: str) -> None:
    assert not records.is_table(text)


@pytest.mark.parametrize(
    "text",
    [
        "Insert into left nostril daily",
        "INSERT INTO WOUND BED (daily)",
        "Create table of intake and output",
        "Copy of report from stdin",
        "SET goals with the patient.\nInsert into chart.",
        "Select one (a)",
    ],
)
def test_instructions_are_not_sql(text: str) -> None:
    assert not records.is_sql(text)


@pytest.mark.parametrize("text", ["[report_end]\n", "the [report_end]\nthe [report_end]\n", "E_O_R E_O_R"])
def test_one_mark_of_an_end_is_one_report(text: str) -> None:
    assert not records.is_several(text)
