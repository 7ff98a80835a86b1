from __future__ import annotations

import polars as pl

from clem_icd.sources.mimic.pipelines.steps import add_codes, first_of_each, first_of_runs


def rows(*pairs: tuple[int, str]) -> pl.DataFrame:
    frame = pl.DataFrame(pairs, {"admission": pl.Int64, "code": pl.String}, orient="row")
    return frame.with_columns(pl.col("code").cast(pl.Categorical), system=pl.lit("icd9cm"))


def added(codes: pl.DataFrame) -> list[list[str]]:
    documents = add_codes(pl.DataFrame({"admission": [2, 3, 1]}), codes)
    return [[code["code"] for code in one] for one in documents["codes"]]


def test_a_document_has_each_code_of_its_admission_once_in_order_of_the_rows() -> None:
    once = rows((1, "b"), (2, "c"), (1, "a"))
    assert added(once) == [["c"], [], ["b", "a"]]

    twice = rows((1, "b"), (2, "c"), (1, "a"), (1, "b"), (2, "c"))
    assert added(twice) == [["c"], [], ["b", "a"]]


def test_first_rows_are_those_that_polars_finds() -> None:
    frame = rows((1, "b"), (2, "b"), (1, "a"), (1, "b"), (2, "b"), (2, "a"))
    expected = frame.unique(["admission", "code"], keep="first", maintain_order=True)
    assert first_of_each(frame, "admission", "code").equals(expected)


def test_first_rows_of_runs_have_every_combination_and_a_null_starts_a_run() -> None:
    frame = pl.DataFrame({"a": [None, None, 1, 1, None, 1], "b": [1, 1, 1, 1, 1, 2], "c": [9] * 6})
    assert first_of_runs(frame, "a", "b").rows() == [(None, 1), (1, 1), (None, 1), (1, 2)]
