"""Columns are found by name, in any case, if there is only one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clem_icd.errors import SourceError
from clem_icd.tabular.headers import cleaned, column_positions, has_column, is_named

PATH = Path("t.csv")


@pytest.mark.parametrize("header", [["x", "text"], ["x", "TEXT"], ["x", " Text "], ["Text", "text"]])
def test_column_is_found_in_any_case_and_the_exact_name_first(header: list[str]) -> None:
    assert column_positions(PATH, header, ["text"]) == [1]
    assert has_column(header, "text")


def test_invisible_characters_and_blanks_are_not_part_of_a_name() -> None:
    assert cleaned("\ufeff note_id\u200b ") == "note_id"
    assert is_named("\ufeffNote_ID ", "note_id")
    assert column_positions(PATH, ["\u200btext"], ["text"]) == [0]


def test_columns_that_are_alike_are_refused(refused: Any) -> None:
    with refused(SourceError, "two columns 'text'", "Rename"):
        column_positions(PATH, ["text", "text"], ["text"])
    with refused(SourceError, "no column 'text'", "TEXT, Text"):
        column_positions(PATH, ["TEXT", "Text"], ["text"])
    assert not has_column(["TEXT", "Text"], "text")
