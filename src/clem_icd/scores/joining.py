"""One scores file from the scores files of parts of the notes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pyarrow.parquet as pq

from clem_icd.files import new_file
from clem_icd.scores.file import rows_per_group, scores_schema
from clem_icd.scores.ranked_file import notes_per_group
from clem_icd.scores.table import KEY, is_ranked
from clem_icd.tabular.joining import join_parquet


def join_scores(parts: Sequence[Path], path: Path, *, force: bool = False) -> None:
    """Write the scores of some files, in order, into one; it equals one that was written at once.

    Parameters
    ----------
    parts
        At least one file of `write_scores` or of `write_ranked`, all with the same header.

    Raises
    ------
    OutputError
        If ``path`` is occupied and ``force`` is false, or the disk is full.

    """
    schema = pq.read_schema(parts[0])
    header = json.loads(schema.metadata[KEY])
    if is_ranked(parts[0]):
        group = notes_per_group(header["top"], header["label_space"]["size"])
    else:
        labels = len(header["labels"])
        group = rows_per_group(labels)
        # A reader of parquet renames the elements of lists.
        schema = scores_schema(labels, schema.metadata[KEY])
    with new_file(path, force=force) as temporary:
        join_parquet(parts, temporary, schema, group=group, checksums=True)
