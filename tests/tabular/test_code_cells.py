"""Cells of codes: what divides them, and when a comma or blank is refused."""

from __future__ import annotations

import contextlib
import time
from typing import Any

import pytest

from clem_icd.errors import SourceError
from clem_icd.icd import CodeSystem, default_codebook, is_well_formed
from clem_icd.tabular.code_cells import divide, divider_in, exists_in_any_system, looks_like_code
from clem_icd.tabular.codes import CodeReader

CM, NINE, PROCEDURE = CodeSystem.ICD10CM, CodeSystem.ICD9CM, CodeSystem.ICD9PCS


def divided(cell: str, system: CodeSystem = CM) -> list[Any]:
    return list(
        divide(
            cell,
            lambda text: is_well_formed(text, system),
            lambda text: default_codebook().exists(text, system),
        )
    )


@pytest.mark.parametrize(
    "cell",
    [
        "I10;E11.9",
        " I10 ; E11.9 ;",
        "I10|E11.9",
        "I10 || E11.9",
        "I10\nE11.9",
        "I10\r\nE11.9\r\n",
        "I10\tE11.9",
        "I10:::E11.9",
        "I10, E11.9",
        "I10 ,E11.9,",
        "I10 E11.9",
        "I10,, E11.9",
        '["I10", "E11.9"]',
        "['I10', 'E11.9']",
        "['I10' 'E11.9']",
        "['I10'\n 'E11.9']",
        "('I10', 'E11.9')",
        "{I10,E11.9}",
        '{"I10",E11.9}',
        "[I10, E11.9]",
        '"I10", "E11.9"',
        "'I10','E11.9'",
        '="I10",="E11.9"',
        '="I10";="E11.9"',
        "'I10;'E11.9",
        '```json\n["I10", "E11.9"]\n```',
        "```\nI10\nE11.9\n```",
        "```I10\nE11.9```",
        "```text I10;E11.9 ```",
    ],
)
def test_two_codes_are_read_however_they_are_divided(cell: str) -> None:
    assert divided(cell) == ["I10", "E11.9"]


@pytest.mark.parametrize("cell", ["", " ", ";", ", ", "[]", "{}", "()", "\n", "||"])
def test_cell_without_codes_is_empty(cell: str) -> None:
    assert divided(cell) == []


@pytest.mark.parametrize("cell", ["I10", ' ="I10" ', "'I10", "'I10'", "='I10'", '"I10"', "[I10]", "I10,"])
def test_wrapping_of_a_single_code_is_removed(cell: str) -> None:
    assert divided(cell) == ["I10"]


def test_list_of_objects_keeps_its_objects() -> None:
    assert divided('[{"code": "I10", "system": "icd10cm"}]') == [{"code": "I10", "system": "icd10cm"}]


def test_fhir_tokens_are_divided_by_blanks_commas_or_semicolons() -> None:
    uri = "http://hl7.org/fhir/sid/icd-10-cm"
    for mark in (" ", ", ", ";"):
        assert divided(f"{uri}|I10{mark}{uri}|E11.9") == [f"{uri}|I10", f"{uri}|E11.9"]


@pytest.mark.parametrize(
    ("cell", "system"),
    [
        ("37,23", PROCEDURE),
        ("37 23", PROCEDURE),
        ("39, 50", PROCEDURE),
        ("38 91 99 04", PROCEDURE),
        ("38,91,99,04", PROCEDURE),
        ("38.91 99 04", PROCEDURE),
        ("38,91 99,04", PROCEDURE),
        ("250,00,401,9", NINE),
        ("486, 428,0", NINE),
        ("E11,9, I10", CM),
        ("027 03ZZ", CodeSystem.ICD10PCS),
        ("0270 3ZZ 3E03 317", CodeSystem.ICD10PCS),
    ],
)
def test_mark_that_may_be_a_dot_is_refused(refused: Any, cell: str, system: CodeSystem) -> None:
    with refused(SourceError, "may divide two codes or stand for a dot", "Write the dot"):
        divided(cell, system)


@pytest.mark.parametrize(("cell", "system"), [("250,00", NINE), ("E11,9", CM), ("250 00", NINE)])
def test_decimal_comma_of_a_code_stays_for_the_reader_to_refuse(cell: str, system: CodeSystem) -> None:
    assert divided(cell, system) == [cell]


def test_procedures_without_a_dot_are_divided_if_they_cannot_be_one_code() -> None:
    assert divided("3723 3950", PROCEDURE) == ["3723", "3950"]
    assert divided("37.23, 39.50", PROCEDURE) == ["37.23", "39.50"]


@pytest.mark.parametrize(
    ("cell", "codes"),
    [
        ("E11.9, Z9Z", ["E11.9", "Z9Z"]),
        ("I10, I1O", ["I10", "I1O"]),
        ("I10 Z9Z", ["I10", "Z9Z"]),
        ("I10, E11, I48", ["I10", "E11", "I48"]),
    ],
)
def test_codes_that_do_not_exist_are_divided_where_no_two_parts_can_be_one(
    cell: str, codes: list[str]
) -> None:
    assert divided(cell) == codes


def test_codes_of_any_system_are_divided_where_no_two_parts_can_be_one(refused: Any) -> None:
    for cell in ("I10, I48, 486, 0066", "I10 I48 486 0066"):
        assert divide(cell, looks_like_code, exists_in_any_system) == ["I10", "I48", "486", "0066"]
    with refused(SourceError, "stand for a dot"):
        divide("I10, 37, 23", looks_like_code, exists_in_any_system)


def test_part_that_is_not_a_code_is_singled_out() -> None:
    assert divided("I10, banana") == ["I10", "banana"]
    assert divided("I10, SECRETPATIENT has diabetes") == ["I10, SECRETPATIENT has diabetes"]


def test_divider_is_named_if_a_cell_holds_several_codes() -> None:
    marks = {"I10;I48.91": ";", "I10|I48.91": "|", "I10\nI48.91": "\n", "I10, I48.91": ",", "I10 I48.91": " "}
    for cell, mark in marks.items():
        assert divider_in(cell, looks_like_code, lambda _: None) == mark
    assert divider_in("I10", looks_like_code, lambda _: None) is None
    assert divider_in("banana", looks_like_code, lambda _: None) is None


def test_words_are_no_codes_though_some_have_the_shape() -> None:
    assert [
        text for text in ("fever", "chest", "GZFZZZZ", "02703ZZ", "e11.9", "") if looks_like_code(text)
    ] == [
        "GZFZZZZ",
        "02703ZZ",
        "e11.9",
    ]


BLANKS = " " * 20_000
URN = "urn:a|" + "burn:c" * 4


@pytest.mark.parametrize(
    "cell",
    [
        f"```{BLANKS}I10{BLANKS}",
        f"I10{BLANKS}E11.9",
        f"I10{BLANKS},{BLANKS}x{BLANKS}y",
        "I10 " * 5000 + "x",
        "I10," * 5000 + "x",
        "I-" * 10_000,
        "I10-" * 5000 + " x",
        "'" * 19_999,
        '"I10 ' * 4000 + "'",
        '="' * 10_000,
        "I10.+" * 4000,
        "I10." * 5000 + "\u2020x",
        URN * 600,
        "I10" + "^" * 20_000,
        "E11.9" + "A" * 20_000,
        "1" * 20_000 + "-",
    ],
    ids=range(16),
)
def test_long_cell_takes_no_time(cell: str) -> None:
    begin = time.process_time()
    for system in CodeSystem:
        with contextlib.suppress(SourceError):
            CodeReader(system, default_codebook()).codes(cell)
    assert time.process_time() - begin < 2
