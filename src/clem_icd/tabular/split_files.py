"""Reading split files: which split each admission belongs to."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.feather as feather

from clem_icd.corpus import SPLITS
from clem_icd.errors import SourceError
from clem_icd.tabular.delimited import read_rows
from clem_icd.tabular.opening import open_text
from clem_icd.tabular.refusals import READ_ERRORS, missing_column, unreadable

# From the names in use to those of a corpus.
SPLIT_NAMES = {
    "train": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "dev": "validation",
    "test": "test",
}

_COLUMNS = ["_id", "split"]
_MOST_LISTED = 100  # absent admissions per split

# A file, a row in it, an admission, and its split.
_Row = tuple[Path, int, str, str]


@dataclass(frozen=True, slots=True)
class SplitFiles:
    """The files that define a split, found but not read.

    Attributes
    ----------
    paths
        One file with the columns ``_id`` and ``split``, or one file of admissions for each of ``parts``.
    parts
        The split of each file; empty where one file names the splits.
    notices
        Sentences that users of the corpus should read.

    """

    paths: tuple[Path, ...]
    parts: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()

    def read(self) -> dict[str, str]:
        """Read the split of every admission.

        Returns
        -------
        dict
            Admission to split, in file order.

        Raises
        ------
        SourceError
            If a file is missing, malformed or empty, or an admission is in two splits.

        """
        if not self.parts:
            return read_split(*self.paths)
        rows = (_listed(path, part) for path, part in zip(self.paths, self.parts, strict=True))
        return _assigned(row for part in rows for row in part)


def read_split(path: Path) -> dict[str, str]:
    """Read the split of every admission from one file.

    Parameters
    ----------
    path
        A feather or csv file with the columns ``_id`` (the admission) and ``split`` (train, val or test),
        as published by Edin et al. (2023; 2024).

    Returns
    -------
    dict
        Admission to split, in file order.

    Raises
    ------
    SourceError
        If the file is missing, malformed or empty, or puts an admission into two splits.

    """
    assignment = _assigned(_named(path))
    if not assignment:
        raise SourceError("has no rows", path=path, remedy="Check that this is the right file")
    return assignment


def absent_admissions(split_of: Mapping[str, str], present: Container[str]) -> dict[str, Any]:
    """Return, for each split, the ``count`` of its admissions without a note, and the first of them.

    Parameters
    ----------
    split_of
        Admission to split.
    present
        The admissions with a note.

    """
    missing: dict[str, list[str]] = {}
    for admission, split in split_of.items():
        if admission not in present:
            missing.setdefault(split, []).append(admission)
    return {
        split: {"count": len(missing[split]), "admissions": sorted(missing[split], key=int)[:_MOST_LISTED]}
        for split in SPLITS
        if split in missing
    }


def _assigned(rows: Iterable[_Row]) -> dict[str, str]:
    assignment: dict[str, str] = {}
    for path, row, admission, split in rows:
        if not (admission.isascii() and admission.isdecimal()):
            raise SourceError(
                "has an admission that is not a whole number",
                path=path,
                row=row,
                remedy="Write hadm_ids as integers",
            )
        if assignment.setdefault(admission, split) != split:
            raise SourceError(
                f"puts admission {admission} into {split}, an earlier row into {assignment[admission]}",
                path=path,
                row=row,
                remedy="Put every admission into one split",
            )
    return assignment


def _listed(path: Path, split: str) -> Iterator[_Row]:
    """Yield the rows of a file without a header, one admission per line."""
    row = 0
    with open_text(path) as lines:
        try:
            for row, line in enumerate(lines, start=1):
                if line.strip():
                    yield path, row, line.strip(), split
        except READ_ERRORS as problem:
            raise unreadable(path, problem, row) from None
    if not row:
        raise SourceError("is empty, expected one admission per line", path=path, remedy="Download it again")


def _named(path: Path) -> Iterator[_Row]:
    """Yield the rows of a file that names the split of every admission."""
    rows = _feather_rows(path) if path.suffix == ".feather" else _csv_rows(path)
    for row, admission, name in rows:
        if name not in SPLIT_NAMES:
            raise SourceError(
                "names an unknown split",
                path=path,
                row=row,
                remedy=f"Use one of {', '.join(SPLIT_NAMES)}",
            )
        yield path, row, admission, SPLIT_NAMES[name]


def _csv_rows(path: Path) -> Iterator[tuple[int, str, str]]:
    for row, (admission, name) in read_rows(path, _COLUMNS):
        yield row, admission, name


def _feather_rows(path: Path) -> Iterator[tuple[int, str, str]]:
    try:
        table = feather.read_table(path)
    except FileNotFoundError as problem:
        raise unreadable(path, problem) from None
    except (pa.ArrowException, OSError):
        raise SourceError("is not readable as feather", path=path, remedy="Download it again") from None
    for column in _COLUMNS:
        if column not in table.column_names:
            raise missing_column(path, column, table.column_names)
    pairs = zip(table["_id"].to_pylist(), table["split"].to_pylist(), strict=True)
    for row, (admission, name) in enumerate(pairs, start=1):
        yield row, str(admission), str(name)
