"""The rows of codes of MIMIC-III and MIMIC-IV, as a frame."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from clem_icd.errors import SourceError
from clem_icd.sources.batches import read_frame
from clem_icd.sources.inputs import counted
from clem_icd.sources.refusals import check_admissions

_VERSIONS = ("9", "10")

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
        Whether they are of MIMIC-III: the names of columns are upper case, and all codes are ICD-9.

    Returns
    -------
    pl.DataFrame
        A row a code, tables in the order given: ``row`` in its file, ``subject``, ``admission`` (a number),
        ``text`` (may be empty), ``kind`` and ``version``. Rows without an admission are left out.
    list
        Sentences about what was left out, and about rows without a code.

    Raises
    ------
    SourceError
        If a table is malformed, an admission is no number, or a version neither 9 nor 10.

    """
    frames = [_read(path, kind, upper=upper) for kind, path in tables.items()]
    codes = pl.concat(frames)
    present = codes.drop_nulls("admission")
    uncoded = present.filter(pl.col("text").str.strip_chars() == "").height
    lost = codes.height - present.height
    notices = [counted(uncoded, *_NO_CODE)] if uncoded else []
    return present, notices + ([counted(lost, *_NO_ADMISSION)] if lost else [])


def _read(path: Path, kind: str, *, upper: bool) -> pl.DataFrame:
    if upper:
        frame = read_frame(path, ["SUBJECT_ID", "HADM_ID", "ICD9_CODE"]).with_columns(version=pl.lit("9"))
    else:
        frame = read_frame(path, ["subject_id", "hadm_id", "icd_code", "icd_version"])
    frame.columns = ["row", "subject", "admission", "text", "version"]
    for row in frame.filter(~pl.col("version").is_in(_VERSIONS))["row"].head(1):
        raise SourceError("has an icd_version that is neither 9 nor 10", path=path, row=row)
    return check_admissions(frame, path).with_columns(kind=pl.lit(kind))
