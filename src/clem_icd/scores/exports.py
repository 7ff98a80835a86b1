"""Scores for other tools: a long table, or NumPy arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow.parquet as pq

from clem_icd.errors import OutputError, ScoresError
from clem_icd.files import new_file
from clem_icd.icd import Code
from clem_icd.scores.file import Scores
from clem_icd.scores.opening import AnyScores
from clem_icd.scores.ranked import RankedScores

EXPORTS = (".csv", ".parquet", ".npz")
"""The supported suffixes."""

_ENTRIES_AT_ONCE = 4_000_000
"""Rows of a long table held in memory at once."""

_LONG = {"note_id": pl.String, "code": pl.String, "system": pl.String, "score": pl.Float32}

_Write = Callable[[pl.DataFrame], None]


def export_scores(scores: AnyScores, out: Path | str, *, top: int | None = None, force: bool = False) -> int:
    """Write scores as a long table (CSV, Parquet) or as arrays (npz), by the suffix of the file.

    A long table has the columns ``note_id``, ``code``, ``system`` and ``score``. The rows of a note are in
    label order; with ``top``, from the highest score down, equal scores in label order. An npz file has
    ``scores`` [notes, labels], ``note_ids`` [notes], ``labels`` and ``systems`` [labels]. `import_scores`
    reads all of them.

    Of ranked scores, a long table has the listed codes of each note, from the highest score down; the labels
    of an npz file are those listed for any note.

    Parameters
    ----------
    top
        Write only this many scores per note; readers take the others as 0.

    Returns
    -------
    int
        The number of scores written.

    Raises
    ------
    OutputError
        If ``out`` exists and ``force`` is false, its suffix is not supported, or the disk is full.
    ScoresError
        If ``top`` is less than 1, or given for an npz file, which always holds all scores.

    """
    out = Path(out)
    if out.suffix not in EXPORTS:
        raise OutputError(
            f"has the suffix {out.suffix!r}, expected one of {', '.join(EXPORTS)}",
            path=out,
            remedy="Choose the format by the suffix of the file name",
        )
    if top is not None and (top < 1 or out.suffix == ".npz"):
        remedy = "Write all scores, or a .csv or .parquet file" if top >= 1 else "Request at least one"
        raise ScoresError(f"cannot hold only the {top} highest scores per note", path=out, remedy=remedy)
    with new_file(out, force=force) as temporary:
        if out.suffix == ".npz":
            return _write_arrays(scores, temporary)
        writer = _csv if out.suffix == ".csv" else _parquet
        with writer(temporary) as write:
            if isinstance(scores, RankedScores):
                return _write_listed(scores, top, write)
            return _write_long(scores, top, write)


def _write_arrays(scores: AnyScores, path: Path) -> int:
    if isinstance(scores, RankedScores):
        scores = scores.only(scores.labels)
    np.savez(
        path,
        scores=scores.values,
        note_ids=np.array(scores.note_ids, dtype=np.str_),
        labels=np.array([label.value for label in scores.labels], dtype=np.str_),
        systems=np.array([label.system.value for label in scores.labels], dtype=np.str_),
    )
    return scores.values.size


def _write_listed(scores: RankedScores, top: int | None, write: _Write) -> int:
    lengths = np.diff(scores.begins)
    note = np.repeat(np.arange(len(scores.note_ids)), lengths)
    rank = np.arange(len(note)) - scores.begins[note]
    kept = np.flatnonzero(rank < (scores.space.top if top is None else top))
    codes, systems = _label_columns(scores.labels)
    notes = pl.Series(scores.note_ids, dtype=pl.String)
    for start in range(0, max(1, len(kept)), _ENTRIES_AT_ONCE):
        part = kept[start : start + _ENTRIES_AT_ONCE]
        columns = scores.columns[part]
        write(
            pl.DataFrame(
                {
                    "note_id": notes[note[part]],
                    "code": codes[columns],
                    "system": systems[columns],
                    "score": scores.values[part],
                },
                schema=_LONG,
            )
        )
    return len(kept)


def _write_long(scores: Scores, top: int | None, write: _Write) -> int:
    labels = len(scores.labels)
    count = labels if top is None else min(top, labels)
    codes, systems = _label_columns(scores.labels)
    notes = pl.Series(scores.note_ids, dtype=pl.String)
    step = max(1, _ENTRIES_AT_ONCE // max(1, labels))
    # Runs once even without notes, so that the file has a header.
    for start in range(0, max(1, len(notes)), step):
        part = scores.values[start : start + step]
        columns = _written_labels(part, top)
        flat = columns.reshape(-1)
        write(
            pl.DataFrame(
                {
                    "note_id": notes[np.arange(start, start + len(part)).repeat(count)],
                    "code": codes[flat],
                    "system": systems[flat],
                    "score": np.take_along_axis(part, columns, axis=1).reshape(-1),
                },
                schema=_LONG,
            )
        )
    return len(notes) * count


def _label_columns(labels: Sequence[Code]) -> tuple[pl.Series, pl.Series]:
    """Return the codes and the code systems of labels as columns [labels]."""
    codes = pl.Series([label.value for label in labels], dtype=pl.String)
    return codes, pl.Series([label.system.value for label in labels], dtype=pl.String)


def _written_labels(values: npt.NDArray[np.float32], top: int | None) -> npt.NDArray[np.int64]:
    """Return the labels to write for each note, in order [notes, labels written]."""
    if top is None:
        return np.broadcast_to(np.arange(values.shape[1]), values.shape)
    return np.argsort(-values, axis=1, kind="stable")[:, :top]


@contextmanager
def _csv(path: Path) -> Iterator[_Write]:
    with path.open("wb") as file:

        def write(frame: pl.DataFrame) -> None:
            frame.write_csv(file, include_header=file.tell() == 0)

        yield write


@contextmanager
def _parquet(path: Path) -> Iterator[_Write]:
    schema = pl.DataFrame(schema=_LONG).to_arrow().schema
    with pq.ParquetWriter(path, schema) as file:
        yield lambda frame: file.write_table(frame.to_arrow())
