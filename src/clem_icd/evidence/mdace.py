"""Evidence files in the format of MDACE (Cheng et al. 2023): JSON, by admission and revision of ICD."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from clem_icd.corpus import Corpus, Evidence, Note
from clem_icd.errors import ScoresError, SourceError
from clem_icd.evidence.exported import exported_notes
from clem_icd.files import check_free, new_folder
from clem_icd.icd import CodeSystem
from clem_icd.sources.mdace.annotations import read_annotations
from clem_icd.sources.mdace.files import RELEASE, MdaceFiles, Revision
from clem_icd.tabular.sentences import counted

__all__ = ["export_mdace", "read_mdace"]

_REMEDY = "See docs/reference/formats.md for evidence files of MDACE"
_SETTING = "Inpatient"
_OLD = {CodeSystem.ICD9CM, CodeSystem.ICD9PCS}


def read_mdace(folder: Path) -> dict[str, list[Evidence]]:
    """Read all evidence files of MDACE in a folder and its folders, and return the spans of each note.

    A repeated span counts once.

    Raises
    ------
    ScoresError
        If there is none, one is malformed, a code system is unknown, or a span is empty or has a negative
        offset.

    """
    paths = tuple(sorted(folder.rglob("*.json")))
    if not paths:
        raise ScoresError("contains no evidence files (*.json)", path=folder, remedy=_REMEDY)
    try:
        found = read_annotations(MdaceFiles(folder, {"ICD-10": paths}), set(CodeSystem), "ICD-10")
    except SourceError as problem:
        raise ScoresError(problem.found, path=problem.path, remedy=_REMEDY) from None
    if unknown := found.oddities["unknown"]:
        raise ScoresError(
            f"{counted(unknown, 'annotation has', 'annotations have')} an unknown code system, expected one "
            f"of {', '.join(system.title for system in CodeSystem)}",
            path=folder,
            remedy=_REMEDY,
        )
    for note_id, codes in found.notes.items():
        for begin, end in chain.from_iterable(codes.values()):
            if not 0 <= begin < end:
                raise ScoresError(
                    f"note {note_id} has a span at {begin}:{end}, expected begin < end, counted from 0",
                    path=folder,
                    remedy=_REMEDY,
                )
    return {
        note_id: [Evidence(code, begin, end) for code, spans in codes.items() for begin, end in spans]
        for note_id, codes in found.notes.items()
    }


def export_mdace(
    predicted: Mapping[str, Sequence[Evidence]], corpus: Corpus, out: Path, *, force: bool = False
) -> int:
    """Write evidence in the layout of MDACE, ``Inpatient/ICD-10/1.0/<admission>-ICD-10.json``.

    Codes of ICD-9 are in ``ICD-9``. A corpus has no categories of notes, so these are empty. A note without
    an admission is written as an admission of its own, under its id.

    Parameters
    ----------
    predicted
        Spans by note id.
    corpus
        The notes.
    out
        The output folder.

    Returns
    -------
    int
        The number of spans written. Those of notes outside the corpus are left out.

    Raises
    ------
    ScoresError
        If the id of a note or admission is not a whole number, a span is empty or outside its text, or
        the evidence belongs to another corpus.
    OutputError
        If ``out`` is occupied and ``force`` is false, or the disk is full.

    """
    check_free(out, force=force)
    written = 0
    stays: dict[tuple[Revision, int], list[dict[str, Any]]] = defaultdict(list)
    for note, spans in exported_notes(predicted, corpus):
        for revision, own in _by_revision(spans).items():
            admission = _number(note.admission_id or note.note_id)
            stays[revision, admission].append(_note(note, own))
            written += len(own)
    with new_folder(out, force=force) as temporary:
        for (revision, admission), notes in stays.items():
            folder = temporary / _SETTING / revision / RELEASE
            folder.mkdir(parents=True, exist_ok=True)
            value = {"hadm_id": admission, "comment": "", "notes": notes}
            text = json.dumps(value, ensure_ascii=False)
            (folder / f"{admission}-{revision}.json").write_text(f"{text}\n", encoding="utf-8")
    return written


def _by_revision(spans: Sequence[Evidence]) -> dict[Revision, list[Evidence]]:
    by_revision: dict[Revision, list[Evidence]] = defaultdict(list)
    for span in spans:
        by_revision["ICD-9" if span.code.system in _OLD else "ICD-10"].append(span)
    return by_revision


def _note(note: Note, spans: Sequence[Evidence]) -> dict[str, Any]:
    return {
        "note_id": _number(note.note_id),
        "category": "",
        "description": "",
        "annotations": [
            {
                "begin": span.begin,
                "end": span.end,
                "code": span.code.value,
                "code_system": span.code.system.title,
                "description": "",
                "type": "Predicted",
            }
            for span in spans
        ],
    }


def _number(name: str) -> int:
    if not (name.isascii() and name.isdecimal() and str(int(name)) == name):
        raise ScoresError(
            f"found the id {name!r}, expected a whole number: MDACE files allow no other ids",
            remedy="Keep the evidence as parquet, or choose --format codiesp",
        )
    return int(name)
