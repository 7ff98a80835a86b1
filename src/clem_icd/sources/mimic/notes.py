"""One pass over the notes of MIMIC-III or MIMIC-IV: facts go into a frame, texts to disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hashlib import blake2b
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from clem_icd.sources.mimic.rows import check_note_rows
from clem_icd.sources.text_store import TextStore
from clem_icd.tabular.batches import read_batches

DISCHARGE_SUMMARY = "Discharge summary"

_MIMIC3 = {
    "ROW_ID": "note_id",
    "SUBJECT_ID": "subject",
    "HADM_ID": "admission",
    "DESCRIPTION": "description",
    "CHARTDATE": "chart_date",
    "CHARTTIME": "chart_time",
    "TEXT": "text",
}
_MIMIC4 = {"note_id": "note_id", "subject_id": "subject", "hadm_id": "admission", "text": "text"}

Progress = Callable[[int], None] | None


def stage_mimic3(
    path: Path, texts: TextStore, wanted: npt.NDArray[np.int64], progress: Progress = None
) -> pl.DataFrame:
    """Read the discharge summaries and addenda in NOTEEVENTS.

    Parameters
    ----------
    path
        The file.
    texts
        Receives the texts of the wanted admissions.
    wanted
        The admissions that need their texts [admissions].
    progress
        Called with the number of rows read since the last call.

    Returns
    -------
    pl.DataFrame
        One row per discharge summary: ``row``, ``note_id``, ``subject``, ``admission`` (null if it has
        none), ``missing`` (whether its text is), ``number`` (in ``texts``; null if it is not there),
        ``repeated`` (always false: reports are joined whatever they say), ``description``, ``chart_date``
        and ``chart_time``.

    Raises
    ------
    SourceError
        If the file or a row is malformed (`clem_icd.sources.mimic.rows.check_note_rows`).

    """

    def batches() -> Iterator[tuple[npt.NDArray[np.int64], pa.RecordBatch]]:
        for first, batch in read_batches(path, [*_MIMIC3, "CATEGORY"]):
            places = pc.indices_nonzero(pc.equal(batch.column("CATEGORY"), DISCHARGE_SUMMARY))
            yield first + places.to_numpy().astype(np.int64), batch.take(places).select(list(_MIMIC3))
            if progress:
                progress(batch.num_rows)

    notes = _staged(path, _MIMIC3, batches(), texts, wanted, numbered=True)
    return notes.with_columns(repeated=pl.lit(False))


def stage_mimic4(
    path: Path, texts: TextStore, wanted: npt.NDArray[np.int64], progress: Progress = None
) -> pl.DataFrame:
    """Read the discharge summaries of MIMIC-IV, as `stage_mimic3` does, but without the last three columns.

    A note with the same text as an earlier note of its admission is marked as ``repeated``.
    """

    def batches() -> Iterator[tuple[npt.NDArray[np.int64], pa.RecordBatch]]:
        for first, batch in read_batches(path, list(_MIMIC4)):
            yield np.arange(first, first + batch.num_rows), batch
            if progress:
                progress(batch.num_rows)

    return _mark_repeated(_staged(path, _MIMIC4, batches(), texts, wanted, numbered=False), texts)


def _staged(
    path: Path,
    names: dict[str, str],
    batches: Iterator[tuple[npt.NDArray[np.int64], pa.RecordBatch]],
    texts: TextStore,
    wanted: npt.NDArray[np.int64],
    *,
    numbered: bool,
) -> pl.DataFrame:
    kept = [name for name in names.values() if name != "text"]
    needed = {str(admission) for admission in wanted.tolist()}
    facts: list[pa.RecordBatch] = []
    places: list[npt.NDArray[np.int64]] = []
    staged: list[bool] = []
    missing: list[bool] = []
    for rows, batch in batches:
        named = batch.rename_columns(list(names.values()))
        wanted_here = [admission in needed for admission in named.column("admission").to_pylist()]
        text = named.column("text")
        texts.add(text, np.array(wanted_here, np.bool_))
        facts.append(named.select(kept))
        places.append(rows)
        staged += wanted_here
        missing += pc.equal(pc.binary_length(text), 0).to_pylist()
    schema = pa.schema([(name, pa.string()) for name in kept])
    known = cast("pl.DataFrame", pl.from_arrow(pa.Table.from_batches(facts, schema)))
    number = pl.when("staged").then(pl.col("staged").cum_sum().cast(pl.Int64) - 1)
    row = np.concatenate([np.empty(0, np.int64), *places])
    marked = known.with_columns(row=pl.Series(row), missing=pl.Series(missing, dtype=pl.Boolean))
    notes = marked.with_columns(staged=pl.Series(staged, dtype=pl.Boolean)).with_columns(number=number)
    columns = {name: column for column, name in names.items()}
    return check_note_rows(notes.drop("staged"), path, columns, numbered=numbered)


def _mark_repeated(notes: pl.DataFrame, texts: TextStore) -> pl.DataFrame:
    """Mark the notes with the same text as an earlier note of their admission."""
    written = notes.drop_nulls("number").filter(~pl.col("missing"))
    several = written.filter(pl.len().over("admission") > 1)
    seen: set[tuple[int, bytes]] = set()
    repeated = []
    for row, admission, number in several.select("row", "admission", "number").iter_rows():
        # A digest of the text, since texts do not stay in memory.
        key = admission, blake2b(texts.read(number), digest_size=16).digest()
        if key in seen:
            repeated.append(row)
        seen.add(key)
    return notes.with_columns(repeated=pl.col("row").is_in(repeated))
