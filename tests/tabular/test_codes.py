"""Codes of a user's table: spellings, systems, and the cause of every refusal."""

from __future__ import annotations

from typing import Any

import pytest

from clem_icd.errors import SourceError
from clem_icd.icd import Code, CodeSystem, default_codebook
from clem_icd.tabular.codes import CodeReader, with_system
from clem_icd.tabular.values import read_id

NINE, PROCEDURE, CM, PCS, ICD10, CPT = CodeSystem


def reader(system: CodeSystem | None = CM, **options: Any) -> CodeReader:
    return CodeReader(system, default_codebook(), **options)


def read(value: Any, system: CodeSystem | None = CM, **options: Any) -> list[str]:
    return [code.value for code in reader(system, **options).codes(value)]


@pytest.mark.parametrize(
    ("value", "system", "expected"),
    [
        (None, CM, []),
        (float("nan"), CM, []),
        ("", CM, []),
        ([], CM, []),
        ([""], CM, []),
        (["I10", " ", "\u200b"], CM, ["I10"]),
        (["e119", "E11.9", " E11.9\u00a0", "\ufeffE11.9\u200b"], CM, ["E11.9"]),
        ("W22.01xA;w2201xa", CM, ["W22.01XA"]),
        ("0066", PROCEDURE, ["00.66"]),
        ("4019;V1011;E8889", NINE, ["401.9", "V10.11", "E888.9"]),
        ('="0234"', PROCEDURE, ["02.34"]),
        ("I801 ,I802 ,C61X ||I801 ,E119 ", ICD10, ["I80.1", "I80.2", "C61.X", "E11.9"]),
        ("icd10cm:E11.9 ; icd9cm:25000", None, ["E11.9", "250.00"]),
        ([{"code": "E11.9", "system": "ICD-10-CM"}, {"code": "I10"}], CM, ["E11.9", "I10"]),
        ([{"code": "E11.9", "system": " http://hl7.org/fhir/sid/icd-10-cm"}], None, ["E11.9"]),
        (["http://hl7.org/fhir/sid/icd-10-cm|E11.9"], None, ["E11.9"]),
        (["urn:oid:2.16.840.1.113883.6.90|E11.9"], None, ["E11.9"]),
        ([{"code": "S62.32", "system": "http://fhir.de/CodeSystem/dimdi/icd-10-gm"}], None, ["S62.32"]),
    ],
)
def test_codes_are_read_in_their_normal_form_each_once(
    value: Any, system: CodeSystem | None, expected: list[str]
) -> None:
    assert read(value, system) == expected


@pytest.mark.parametrize(
    ("value", "system", "fragments"),
    [
        ("42", NINE, ["42", "leading zeros"]),
        ("E81.40", NINE, ["dot after three characters", "Write E814.0"]),
        ("E11.9", NINE, ["'E11.9'", "one of ICD-10-CM"]),
        ("00.29", NINE, ["one of ICD-9-CM procedures"]),
        ("414.00, I25.10", CM, ["'414.00'", "one of ICD-9-CM", "--system-column"]),
        ("250,00", NINE, ["'250,00'", "spreadsheet reformatted"]),
        ("8.00E+21", CM, ["'8.00E+21'", "spreadsheet reformatted"]),
        ("E11.9;NULL", CM, ["'NULL'", "missing value"]),
        ("\\N", CM, ["missing value"]),
        (".", CM, ["missing value"]),
        ("E10-E14", CM, ["range of codes", "List the codes"]),
        ("I10\u2013I15", CM, ["range of codes"]),
        ("E11.-", CM, ["ends in a dash", "Write the category: E11"]),
        ("E11.9 SECRETPATIENT", CM, ["text after a code"]),
        ("K80.00^SECRETPATIENT^I10", CM, ["HL7", "before the first ^"]),
        ("A17.0\u2020", CM, ["mark", "--system icd10"]),
        ("J21.8+ B95.6*", CM, ["mark", "--system icd10"]),
        ("I20.0+I10", ICD10, ["mark", "between a code and another text", "Divide codes by semicolons"]),
        ("250,00,401,9", NINE, ["a comma", "stand for a dot"]),
        ("I10:E11.9", CM, ["'I10' is a revision of ICD, not a code system"]),
        ("M54.5 V", ICD10, ["ICD-10-GM", "V (suspected)"]),
        ("H25.9GB", ICD10, ["ICD-10-GM"]),
        ("SECRETPATIENT", CM, ["a text of 13 characters", "ICD-10-CM"]),
        ("SECRETPATIENT: has diabetes", CM, ["a text of 27 characters"]),
        ("SECRETPATIENT: fever", CM, ["a text of 20 characters"]),
        ("icd11:E11.9", CM, ["'icd11' is not a code system", "icd10cm"]),
        (["I10", None], CM, ["null among its codes"]),
        ([66], PROCEDURE, ["int", "0066 would become 66"]),
        (250.0, NINE, ["codes as float"]),
        (b"I10", CM, ["codes as bytes"]),
        ({"code": "I10"}, CM, ["codes as dict"]),
        ("E11.9", None, ["without a system", "icd10cm:E11.9"]),
    ],
)
def test_refusal_names_the_cause(
    refused: Any, value: Any, system: CodeSystem | None, fragments: list[str]
) -> None:
    with refused(SourceError, *fragments):
        read(value, system)


def test_named_delimiter_is_obeyed() -> None:
    assert read("I10/E11.9", delimiter="/") == ["I10", "E11.9"]
    assert read("37,23", PROCEDURE, delimiter=",") == ["37", "23"]
    assert read("I10,E11.9,", delimiter=",") == ["I10", "E11.9"]
    assert read('="I10";="E11.9"', delimiter=";") == ["I10", "E11.9"]
    assert read("I10\tE11.9", delimiter="\\t") == ["I10", "E11.9"]


@pytest.mark.parametrize("cell", ["I10|E11.9", "I10, E11.9", "['I10', 'E11.9']"])
def test_other_divider_than_the_named_one_is_refused_by_name(refused: Any, cell: str) -> None:
    mark = "|" if "|" in cell else ","
    with refused(SourceError, f"divided by {mark!r}, expected ';'", f"--delimiter {mark!r}"):
        read(cell, delimiter=";")


def test_marks_of_icd10_are_removed_and_counted() -> None:
    found = reader(ICD10)
    codes = found.codes("S62.32 Z33! O09.1! Z34") + found.codes(["A17.0\u2020", "G01*"])
    assert [code.value for code in codes] == ["S62.32", "Z33", "O09.1", "Z34", "A17.0", "G01"]
    assert found.marks == 4


@pytest.mark.parametrize(
    ("value", "named", "expected"),
    [
        (9, CM, NINE),
        ("10", CM, CM),
        ("10.0", PCS, PCS),
        (9.0, PCS, PROCEDURE),
        ("ICD-9", NINE, NINE),
        ("ICD10", CM, CM),
        ("ICD_10", PCS, PCS),
        ("ICD10", ICD10, ICD10),
        ("I9", CM, NINE),
        ("I10", CM, CM),
        ("I10C", None, CM),
        ("I9CP", None, PROCEDURE),
        ("ICD10", None, ICD10),
        (" icd-10-cm ", None, CM),
        ("http://fhir.de/CodeSystem/bfarm/icd-10-gm", None, ICD10),
    ],
)
def test_system_or_revision_in_a_column_is_read(
    value: Any, named: CodeSystem | None, expected: CodeSystem
) -> None:
    found = reader(named)
    assert found.system_of(value) is expected
    # An object and a prefix name the same system, unless the prefix may be a code itself.
    code = {NINE: "250.00", PROCEDURE: "37.23", PCS: "02703ZZ"}.get(expected, "E11.9")
    assert found.code({"code": code, "system": value}) == Code(code, expected)
    if str(value).startswith(("I9", "ICD")):
        assert found.code(f"{value}:{code}") == Code(code, expected)


@pytest.mark.parametrize(
    ("value", "named", "fragments"),
    [
        (10, None, ["revision 10", "--system icd10cm"]),
        ("9", ICD10, ["revision 9"]),
        (None, CM, ["names no code system"]),
        (float("nan"), CM, ["names no code system"]),
        (" ", CM, ["names no code system"]),
        ("snomed", CM, ["'snomed' is not a code system"]),
    ],
)
def test_column_without_a_system_is_refused(
    refused: Any, value: Any, named: CodeSystem | None, fragments: list[str]
) -> None:
    with refused(SourceError, *fragments):
        reader(named).system_of(value)


def test_codes_that_do_not_exist_are_kept_dropped_or_refused(refused: Any) -> None:
    unknown = Code("W21.89A", CM)
    assert reader().keeps(unknown)
    dropping = reader(unknown="drop")
    assert [dropping.keeps(code) for code in (unknown, Code("I10", CM), unknown)] == [False, True, False]
    assert dropping.dropped == {unknown: 2}
    with refused(SourceError, "W21.89A", "does not exist in ICD-10-CM", "W21.89XA", "--unknown-codes"):
        reader(unknown="refuse").keeps(unknown)


def test_a_category_exists(refused: Any) -> None:
    assert reader(unknown="refuse").keeps(Code("E11", CM))
    assert reader(NINE, unknown="refuse").keeps(Code("250.0", NINE))


def test_unknown_codes_need_a_list_of_the_known_ones(refused: Any) -> None:
    with refused(SourceError, "CPT", "--titles"):
        reader(CPT, unknown="drop").keeps(Code("99291", CPT))
    with refused(SourceError, "'some'", "keep, drop, refuse"):
        reader(unknown="some")


def test_id_in_scientific_notation_is_refused(refused: Any) -> None:
    for value in ("1E+05", "1.2E+05", "1,2e+05"):
        with refused(SourceError, "scientific notation"):
            read_id(value, "note_id")
    assert read_id("1E05", "note_id") == "1E05"


def test_prefix_names_the_system_of_a_code() -> None:
    assert with_system("icd10cm:E11.9") == (CM, "E11.9")
    assert with_system("E11.9") == (None, "E11.9")
