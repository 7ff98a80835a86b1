"""MDACE's annotations and split files, over notes of the MIMIC-III tree."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sources.golden.mimic3 import Note, Oddities, admission, tables

SYSTEMS = {"9": "ICD-9-CM", "9P": "ICD-9-PCS", "10": "ICD-10-CM", "10P": "ICD-10-PCS", "CPT": "CPT"}


@dataclass(frozen=True)
class Span:
    """A stretch of a note, by the words that it covers, with a code."""

    row_id: int
    words: str
    code: str
    system: str  # a key of SYSTEMS
    also: int = 0  # how many characters it covers beyond the words, before them if negative


def _ordinary(index: int) -> int:
    return 2000 + 3 * index


# A note of each kind, by its ROW_ID.
REPORT, ADDENDUM = _ordinary(0), 10
PHYSICIAN, RADIOLOGY, ECG = 33, 34, 35
UNKNOWN_NOTE = 999_999
EMPTY_NOTE = _ordinary(6)

INPATIENT_9 = [
    Span(REPORT, "Patient", "401.9", "9"),
    Span(REPORT, "admitted", "401.9", "9"),
    Span(REPORT, "admitted", "428.01", "9"),  # shortened to 428.0 ...
    Span(REPORT, "went", "428.0", "9"),  # ... and equal to it
    Span(REPORT, "home", "38.93", "9P"),  # its end is the full stop
    Span(ADDENDUM, "patient 0", "V45.81", "9"),  # MIMIC-IV has V45 only, MIMIC-III has V45.81
    Span(ADDENDUM, "patient 0", "999.99", "9"),  # nowhere, at any length
    Span(_ordinary(1), "was ad", "250.001", "9"),  # ends in the middle of a word
    Span(_ordinary(1), "day 1", "38.931", "9P"),  # shortened to 38.93
    Span(_ordinary(2), " on day", "E888.9", "9"),  # begins with a blank
    Span(_ordinary(2), "home", "401.9", "9"),
    Span(_ordinary(2), "home", "401.9", "9"),  # exactly twice
    Span(PHYSICIAN, "HTN", "401.9", "9"),
    Span(PHYSICIAN, "COPD", "496", "9"),
    Span(RADIOLOGY, "effusion", "511.9", "9"),
    Span(_ordinary(14), "smiled", "311", "9"),
    Span(_ordinary(14), "then", "41.07", "9P"),
    Span(_ordinary(12), "line ends", "272.4", "9"),
    Span(_ordinary(13), "café au", "038.9", "9"),
    Span(_ordinary(70), "admitted", "00.66", "9P"),  # procedures only
    Span(_ordinary(81), "admitted", "401.9", "9"),  # in no split
    Span(UNKNOWN_NOTE, "nobody", "401.9", "9"),
]
INPATIENT_10 = [
    Span(REPORT, "Patient", "I10", "10"),
    Span(REPORT, "admitted", "I10.9", "10"),  # shortened to I10: the first pair
    Span(REPORT, "went", "E11.9", "10"),
    Span(REPORT, "home", "E11.91", "10"),  # shortened to E11.9: the second pair
    Span(REPORT, "was", "N17.9", "10"),
    Span(REPORT, "home", "02HV33Z", "10P"),
    Span(ADDENDUM, "patient 0", "F32.A", "10"),  # shortened to F32; fixed to F32.9 in profee
    Span(ADDENDUM, "Addendum", "S02.122A", "10"),
    Span(_ordinary(1), "was", "D75.839", "10"),  # fixed to D75.89, though MIMIC-IV knows it
    Span(_ordinary(1), "admitted", "F10.139", "10"),
    Span(_ordinary(1), "home", "G90.511", "10"),  # shortened to G90.51, and that is fixed
    Span(_ordinary(1), "went", "M79.60", "10"),  # fixed in profee only
    Span(_ordinary(1), "day 1", "I50.3", "10"),  # fixed in profee only
    Span(_ordinary(2), "Patient", "J44.9", "10"),
    Span(_ordinary(2), "admitted", "J44.91", "10"),
    Span(_ordinary(2), "home", "J44.92", "10"),  # three that become one
    Span(_ordinary(2), "day", "02HV33Z", "10P"),
    Span(_ordinary(2), "went", "02HV33ZX", "10P"),
    Span(PHYSICIAN, "HTN", "I10", "10"),
    Span(PHYSICIAN, "COPD", "860.0", "9"),  # a stray code system
    Span(_ordinary(14), "smiled", "R05", "10"),
    Span(_ordinary(70), "admitted", "5A1955Z", "10P"),
]
PROFEE_10 = [
    Span(RADIOLOGY, "effusion", "I10", "10"),
    Span(RADIOLOGY, "CHEST", "71045", "CPT"),
    Span(RADIOLOGY, "small", "F32.A", "10"),
    Span(RADIOLOGY, "PORTABLE", "M79.60", "10"),
    Span(REPORT, "home", "I50.3", "10"),
    Span(ECG, "Sinus", "I10.9", "10"),  # a note that no inpatient coder annotated
    Span(ECG, "80 bpm", "93010", "CPT"),
    Span(_ordinary(1), "home", "99223", "CPT"),  # nothing but CPT
    Span(_ordinary(12), "Windows", "E11.91", "10"),
    Span(_ordinary(30), "admitted", "G90.51", "10"),  # the same
]
PROFEE_9 = [Span(RADIOLOGY, "effusion", "401.9", "9"), Span(ECG, "Sinus", "401.9", "9")]

# Spans at or past the end of their note, which not every pipeline can read.
PAST_THE_END = [
    Span(_ordinary(14), "times", "412", "9", also=9),
    Span(_ordinary(22), "50%", "305.1", "9"),
]

FOLDERS = {
    "Inpatient/ICD-9": INPATIENT_9,
    "Inpatient/ICD-10": INPATIENT_10,
    "Profee/ICD-9": PROFEE_9,
    "Profee/ICD-10": PROFEE_10,
}


def write_mdace(root: Path, odd: Oddities, *, past_the_end: bool = False) -> None:
    """Write the annotations as MDACE's repository holds them."""
    notes = {note.row_id: note for note in tables(odd).notes}
    for name, spans in FOLDERS.items():
        more = PAST_THE_END if past_the_end and name == "Inpatient/ICD-9" else []
        for admission_id, document in _documents([*spans, *more], notes):
            if name.startswith("Inpatient") and admission_id == admission(6):
                continue
            revision = name.partition("/")[2]
            path = root / "data" / name / "1.0" / f"{admission_id}-{revision}.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(document), encoding="utf-8")
    empty = {
        "note_id": EMPTY_NOTE,
        "category": "Discharge summary",
        "description": "Report",
        "annotations": [],
    }
    path = root / "data/Inpatient/ICD-9/1.0" / f"{admission(6)}-ICD-9.json"
    path.write_text(json.dumps({"hadm_id": admission(6), "comment": "", "notes": [empty]}), encoding="utf-8")


def split_files() -> dict[str, list[int]]:
    """Return the admissions of each csv file, by its path below the folder of the splits."""
    annotated = {
        "train": [admission(index) for index in (0, 1, 2, 6, 12)] + [400_001],
        "val": [admission(index) for index in (7, 13)],
        "test": [admission(index) for index in (14, 22, 70)],
    }
    everyone = {one for split in annotated.values() for one in split}
    rest = [admission(index) for index in range(80) if admission(index) not in everyone]
    cut = {"train": rest[:-20], "val": rest[-20:-8], "test": rest[-8:]}
    profee = {"train": [0, 1], "val": [7], "test": [12, 30]}
    files = {}
    for split in ("train", "val", "test"):
        files[f"inpatient/MDace-ev-{split}.csv"] = annotated[split]
        files[f"inpatient/MDace-code-ev-{split}.csv"] = annotated[split] + cut[split]
        files[f"profee/MDace-ev-{split}.csv"] = [admission(index) for index in profee[split]]
    return files


def _documents(spans: Iterable[Span], notes: dict[int, Note]) -> Iterator[tuple[int, dict[str, object]]]:
    by_admission: dict[int, dict[int, list[Span]]] = {}
    for span in spans:
        owner = notes[span.row_id].admission if span.row_id in notes else admission(2)
        assert owner is not None
        by_admission.setdefault(owner, {}).setdefault(span.row_id, []).append(span)
    for admission_id, by_note in by_admission.items():
        entries = [_entry(row_id, notes.get(row_id), own) for row_id, own in by_note.items()]
        yield admission_id, {"hadm_id": admission_id, "comment": "", "notes": entries}


def _entry(row_id: int, note: Note | None, spans: list[Span]) -> dict[str, object]:
    """Describe a note: its category is given without the trailing blank that some have in NOTEEVENTS."""
    text = (note.text if note else None) or "nobody has this note"
    return {
        "note_id": row_id,
        "category": (note.category if note else "General").strip(),
        "description": note.description if note else "Generic Note",
        "annotations": [_annotation(span, text) for span in spans],
    }


def _annotation(span: Span, text: str) -> dict[str, object]:
    begin = text.index(span.words)
    return {
        "begin": begin + min(span.also, 0),
        "end": begin + len(span.words) + max(span.also, 0),
        "code": span.code,
        "code_system": SYSTEMS[span.system],
        "description": f"Title of {span.code}",
        "type": "Human",
    }
