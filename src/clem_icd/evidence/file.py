"""Evidence files: predicted spans, from this package or any other system, in any of their formats."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from clem_icd.corpus import Evidence
from clem_icd.errors import ScoresError
from clem_icd.evidence.codiesp import read_codiesp
from clem_icd.evidence.mdace import read_mdace
from clem_icd.icd import Code, CodeSystem
from clem_icd.tabular.spans import read_spans

__all__ = ["read_evidence"]

_REMEDY = "See docs/reference/formats.md for the columns of an evidence file"


def read_evidence(path: Path) -> dict[str, list[Evidence]]:
    """Read an evidence file, and return the spans of each note in file order.

    A folder is read as evidence files of MDACE, a file that ends in ``.tsv`` as one of CodiEsp, and any other
    as parquet. Codes may be written with or without their dot. Columns of parquet other than ``note_id``,
    ``code``, ``system``, ``begin`` and ``end`` are ignored.

    Raises
    ------
    ScoresError
        If the file is missing or malformed, a value is null, a span is empty or has a negative offset, or a
        code system is unknown.

    """
    if path.is_dir():
        return read_mdace(path)
    if path.suffix == ".tsv":
        return read_codiesp(path)
    by_note: dict[str, list[Evidence]] = defaultdict(list)
    for note_id, code, system, begin, end in read_spans(path, ScoresError, _REMEDY).iter_rows():
        by_note[note_id].append(Evidence(Code(code, CodeSystem(system)), begin, end))
    return dict(by_note)
