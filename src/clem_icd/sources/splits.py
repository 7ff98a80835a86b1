"""Published splits: files that say which admission belongs to which split."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.feather as feather

from clem_icd.errors import SourceError
from clem_icd.sources.delimited import read_rows
from clem_icd.sources.refusals import missing_column

# The names that the field uses, and ours.
SPLIT_NAMES = {
    "train": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "dev": "validation",
    "test": "test",
}

_COLUMNS = ["_id", "split"]


def split_file(splits: Path, name: str) -> Path:
    """Return the split file: ``splits`` itself, or ``name`` in the folder ``splits``.

    Raises
    ------
    SourceError
        If there is no such file.

    """
    path = splits / name if splits.is_dir() else splits
    if not path.is_file():
        raise SourceError(
            "there is no such file", path=path, remedy=f"Name {name}, or the folder that holds it"
        )
    return path


def read_split(path: Path) -> dict[str, str]:
    """Read which admission belongs to which split.

    Parameters
    ----------
    path
        A feather or csv file with the columns ``_id`` (the admission) and ``split`` (train, val or
        test), as Edin et al. publish them (2023; 2024).

    Returns
    -------
    dict
        Admission to split, in file order.

    Raises
    ------
    SourceError
        If the file is malformed, or puts an admission into two splits.

    """
    assignment: dict[str, str] = {}
    for row, admission, name in _rows(path):
        if not admission.isdecimal():
            raise SourceError("has an _id that is no whole number", path=path, row=row)
        split = SPLIT_NAMES.get(name)
        if split is None:
            raise SourceError(
                f"names an unknown split, expected one of {', '.join(SPLIT_NAMES)}", path=path, row=row
            )
        if assignment.setdefault(admission, split) != split:
            raise SourceError(
                f"puts the admission {admission} into {split} and {assignment[admission]}",
                path=path,
                row=row,
                remedy="Every admission belongs to one split",
            )
    if not assignment:
        raise SourceError("has no rows", path=path, remedy="Check that it is the right file")
    return assignment


def _rows(path: Path) -> Iterator[tuple[int, str, str]]:
    if path.suffix == ".feather":
        yield from _feather_rows(path)
        return
    for row, (admission, split) in read_rows(path, _COLUMNS):
        yield row, admission, split


def _feather_rows(path: Path) -> Iterator[tuple[int, str, str]]:
    try:
        table = feather.read_table(path)
    except (pa.ArrowException, OSError):
        raise SourceError("is not readable as feather", path=path, remedy="Download it again") from None
    for column in _COLUMNS:
        if column not in table.column_names:
            raise missing_column(path, column, table.column_names)
    pairs = zip(table["_id"].to_pylist(), table["split"].to_pylist(), strict=True)
    for row, (admission, split) in enumerate(pairs, start=1):
        yield row, str(admission), str(split)
