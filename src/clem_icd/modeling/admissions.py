"""``admissions.parquet``: the admissions that a model was trained and selected on.

It is written only for public data sets such as MIMIC, whose admission ids mean the same to everyone, so that
scoring a model on notes that it has seen can be detected. A hospital's own ids stay in its corpus.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from clem_icd.errors import ModelError
from clem_icd.files import new_file
from clem_icd.modeling.model_files import COPY_AGAIN

if TYPE_CHECKING:
    from clem_icd.corpus import Corpus

FILE = "admissions.parquet"

SEEN = ("train", "validation")
"""The splits that training uses."""

_SCHEMA = pa.schema(
    [pa.field("split", pa.string(), nullable=False), pa.field("admission_id", pa.string(), nullable=False)]
)

Admissions = Mapping[str, frozenset[str]]


def seen_admissions(corpus: Corpus) -> Admissions:
    """Return the admissions that training on a corpus sees, by split; empty without a population."""
    if corpus.population is None:
        return {}
    return {split: admissions_of(corpus, split) for split in SEEN if split in corpus.splits}


def admissions_of(corpus: Corpus, split: str) -> frozenset[str]:
    """Return the admission ids of the notes of a split that have one."""
    ids = corpus.frame(split).select("admission_id").collect().to_series()
    return frozenset(ids.drop_nulls())


def write_admissions(folder: Path, admissions: Admissions) -> None:
    """Write ``admissions.parquet`` into a model folder."""
    rows = [(split, one) for split, ids in admissions.items() for one in sorted(ids)]
    table = pa.table([[row[column] for row in rows] for column in (0, 1)], schema=_SCHEMA)
    with new_file(folder / FILE) as temporary:
        pq.write_table(table, temporary, compression="zstd", write_page_checksum=True)


def read_admissions(folder: Path) -> Admissions:
    """Read ``admissions.parquet`` from a model folder.

    Raises
    ------
    ModelError
        If it is missing, or this release cannot read it.

    """
    path = folder / FILE
    try:
        table = pq.read_table(path, page_checksum_verification=True)
    except FileNotFoundError:
        raise ModelError("is missing from the model", path=path, remedy=COPY_AGAIN) from None
    except (pa.ArrowException, OSError) as problem:
        raise ModelError("is not readable as parquet", path=path, remedy=COPY_AGAIN) from problem
    if not table.schema.equals(_SCHEMA):
        raise ModelError(
            f"has the columns {', '.join(table.column_names)}, expected split and admission_id",
            path=path,
            remedy=COPY_AGAIN,
        )
    by_split: dict[str, set[str]] = {split: set() for split in SEEN}
    for split, admission in zip(*(column.to_pylist() for column in table.columns), strict=True):
        if split not in by_split:
            raise ModelError(f"names the split {split!r}, expected {' or '.join(SEEN)}", path=path)
        by_split[split].add(admission)
    return {split: frozenset(ids) for split, ids in by_split.items()}
