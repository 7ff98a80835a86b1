"""One evidence file from the evidence files of parts of the notes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from clem_icd.evidence.writing import GROUP_SPANS, SPANS
from clem_icd.files import new_file
from clem_icd.tabular.joining import join_parquet


def join_evidence(parts: Sequence[Path], path: Path, *, force: bool = False) -> None:
    """Write the spans of some files of `evidence_writer`, in order, into one.

    Raises
    ------
    OutputError
        If ``path`` is occupied and ``force`` is false, or the disk is full.

    """
    with new_file(path, force=force) as temporary:
        join_parquet(parts, temporary, SPANS, group=GROUP_SPANS, checksums=False)
