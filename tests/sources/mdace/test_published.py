"""The published annotations of MDACE, on invented notes that fit them."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

import pytest

from clem_icd.icd import CodeSystem, is_well_formed
from clem_icd.sources.mdace.annotations import Annotations, read_annotations
from clem_icd.sources.mdace.clinical_notes import ClinicalNote
from clem_icd.sources.mdace.code_map import SYSTEMS
from clem_icd.sources.mdace.documents import annotated, by_admission
from clem_icd.sources.mdace.files import MdaceFiles, Revision, Setting
from clem_icd.sources.published.splits import find_split
from support import SHARED

DATA = SHARED / "data"

pytestmark = [
    pytest.mark.shared_data,
    pytest.mark.skipif(not DATA.is_dir(), reason="the real annotations are not next to the checkout"),
]


def read(setting: Setting, revision: Revision) -> Annotations:
    files = MdaceFiles.find(DATA, DATA / "mdace", setting, revision)
    return read_annotations(files, SYSTEMS[revision], revision)


def spans_of(annotations: Annotations) -> int:
    return sum(len(spans) for codes in annotations.notes.values() for spans in codes.values())


def filled(annotations: Annotations, note_id: str) -> ClinicalNote:
    """Return a note just long enough for its spans."""
    end = max(end for spans in annotations.notes[note_id].values() for _, end in spans)
    (admission,) = annotations.admissions[note_id]
    return ClinicalNote(note_id, "1", admission, "Nursing", "", "", "\N{DEGREE SIGN}" * end)


@pytest.mark.parametrize(
    ("setting", "revision", "notes", "admissions", "spans", "codes"),
    [
        # E860 and E861 from the files of ICD-10, added to 3,934 spans of 918 codes. In one note, such a code
        # is the only annotation in the ICD-10 file.
        ("Inpatient", "ICD-9", 604, 302, 3936, 920),
        ("Inpatient", "ICD-10", 603, 302, 3934, 1022),
        # Of 5,563 spans in 588 notes, 346 are in CPT, and one in ICD-9 is a duplicate.
        ("Profee", "ICD-9", 578, 52, 5216, 591),
        ("Profee", "ICD-10", 578, 52, 5217, 673),
    ],
)
def test_annotations_have_the_published_size(
    setting: Setting, revision: Revision, notes: int, admissions: int, spans: int, codes: int
) -> None:
    annotations = read(setting, revision)

    assert len(annotations.notes) == notes
    assert len(set().union(*annotations.admissions.values())) == admissions
    assert spans_of(annotations) == spans
    assert len(annotations.codes()) == codes
    assert all(is_well_formed(code.value, code.system) for code in annotations.codes())


@pytest.mark.parametrize(
    ("setting", "revision", "notices"),
    [
        (
            "Inpatient",
            "ICD-9",
            [
                "2 annotations from files of the other revision of ICD were kept, since their codes are "
                "of this one"
            ],
        ),
        ("Inpatient", "ICD-10", ["2 annotations in ICD-9-CM, which is not part of this set"]),
        (
            "Profee",
            "ICD-9",
            [
                "1 duplicate annotation was left out",
                "346 annotations in CPT, which is not part of this set",
            ],
        ),
        ("Profee", "ICD-10", ["346 annotations in CPT, which is not part of this set"]),
    ],
)
def test_oddities_of_the_release_are_counted(
    setting: Setting, revision: Revision, notices: list[str]
) -> None:
    assert read(setting, revision).notices() == notices


def test_icd9_codes_in_icd10_files_are_kept_as_icd9() -> None:
    annotations = read("Inpatient", "ICD-9")

    for note_id, code in (("48367", "E860"), ("606211", "E861")):
        assert code in {code.value for code in annotations.notes[note_id]}


def test_splits_have_the_published_numbers_of_notes_and_codes() -> None:
    files = MdaceFiles.find(DATA, DATA / "mdace", "Inpatient", "ICD-9")
    annotations = read_annotations(files, SYSTEMS["ICD-9"], "ICD-9")
    split_of = find_split("mdace-inpatient-icd9", also=files.split_folders()).read()

    notes: Counter[str] = Counter()
    codes: dict[str, set[str]] = defaultdict(set)
    for note_id, own in annotations.notes.items():
        (admission,) = annotations.admissions[note_id]
        notes[split_of[admission]] += 1
        codes[split_of[admission]] |= {code.value for code in own} - {"E860", "E861"}

    assert Counter(split_of.values()) == {"train": 181, "validation": 60, "test": 61}
    assert notes == {"train": 355, "validation": 122, "test": 127}
    assert {split: len(own) for split, own in codes.items()} == {"train": 705, "validation": 313, "test": 345}


def test_the_professional_fee_splits_cover_its_admissions() -> None:
    files = MdaceFiles.find(DATA, DATA / "mdace", "Profee", "ICD-10")
    annotations = read_annotations(files, (CodeSystem.ICD10CM,), "ICD-10")
    split_of = find_split("mdace-profee-icd10", also=files.split_folders()).read()

    assert set().union(*annotations.admissions.values()) == split_of.keys()
    assert Counter(split_of.values()) == {"train": 31, "validation": 10, "test": 11}


@pytest.mark.parametrize("setting", ["Inpatient", "Profee"])
def test_every_span_fits_a_note_and_an_admission(setting: Any) -> None:
    annotations = read(setting, "ICD-10")
    oddities: Counter[str] = Counter()
    notes = [filled(annotations, note_id) for note_id in annotations.notes]

    pairs = [(note, annotated(note, annotations.notes[note.note_id], oddities)) for note in notes]
    whole = list(by_admission(pairs))

    assert +oddities == Counter()
    assert sum(len(spans) for one in whole for spans in one.codes.values()) == spans_of(annotations)
    for document in whole:
        for spans in document.codes.values():
            # A span that was moved by a wrong distance would include the blank between two notes.
            assert all(" " not in document.text[begin:end] and begin < end for begin, end in spans)
