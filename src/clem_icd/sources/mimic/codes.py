"""Reading the code tables of MIMIC-III and MIMIC-IV into a frame."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import polars as pl

from clem_icd.errors import SourceError
from clem_icd.sources.mimic.rows import with_admissions
from clem_icd.tabular.batches import read_batches
from clem_icd.tabular.sentences import counted

_VERSIONS = ("9", "10")
_MIMIC3 = {"SUBJECT_ID": "subject", "HADM_ID": "admission", "ICD9_CODE": "text"}
_MIMIC4 = {"hadm_id": "admission", "icd_code": "text", "icd_version": "version"}

_NO_CODE = "row of codes has no code and was left out", "rows of codes have no code and were left out"
_NO_ADMISSION = (
    "row of codes has no hadm_id and was left out",
    "rows of codes have no hadm_id and were left out",
)


def read_code_tables(tables: Mapping[str, Path], *, upper: bool) -> tuple[pl.DataFrame, list[str]]:
    """Read tables of codes.

    Parameters
    ----------
    tables
        ``diagnosis`` and ``procedure``, with their files.
    upper
        Whether they belong to MIMIC-III: column names are upper case, and all codes are ICD-9.

    Returns
    -------
    pl.DataFrame
        One row per code, tables in the order given: ``admission`` (a number), the categorical ``text``,
        ``kind`` and ``version``, and ``blank`` (whether the text is); for MIMIC-III also ``subject``. Rows
        without an admission are left out.
    list
        Sentences about what was left out, and about rows without a code.

    Raises
    ------
    SourceError
        If a table is malformed, an admission is not a whole number, or a version is neither 9 nor 10.

    """
    codes = pl.concat(frame for kind, path in tables.items() for frame in _read(path, kind, upper=upper))
    present = codes.drop_nulls("admission")
    present = present.with_columns(blank=pl.col("text").cast(pl.String).str.strip_chars() == "")
    uncoded = int(present["blank"].sum())
    lost = codes.height - present.height
    notices = [counted(uncoded, *_NO_CODE)] if uncoded else []
    return present, notices + ([counted(lost, *_NO_ADMISSION)] if lost else [])


def _read(path: Path, kind: str, *, upper: bool) -> Iterator[pl.DataFrame]:
    names = _MIMIC3 if upper else _MIMIC4
    yield _compact(pl.DataFrame(schema=dict.fromkeys(["row", *names.values()], pl.String)), path, kind)
    for first, batch in read_batches(path, list(names)):
        rows = pl.DataFrame(batch.rename_columns(list(names.values())))
        yield _compact(rows.with_row_index("row", first), path, kind)


def _compact(rows: pl.DataFrame, path: Path, kind: str) -> pl.DataFrame:
    """Check rows and make them small: a few thousand distinct texts occur in millions of rows."""
    if "version" in rows.columns:
        for row in rows.filter(~pl.col("version").is_in(_VERSIONS))["row"].head(1):
            raise SourceError(
                "has an icd_version that is neither 9 nor 10",
                path=path,
                row=row,
                remedy="Download the file from PhysioNet again",
            )
    else:
        rows = rows.with_columns(version=pl.lit("9"))
    return (
        with_admissions(rows, path)
        .drop("row")
        .with_columns(pl.col("text", "version").cast(pl.Categorical), kind=pl.lit(kind, dtype=pl.Categorical))
    )
