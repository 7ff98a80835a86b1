from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clem_icd.errors import SourceError
from clem_icd.icd import Code, CodeSystem
from clem_icd.sources.mdace.annotations import Annotations, read_annotations
from clem_icd.sources.mdace.files import MdaceFiles, Revision

ICD9 = (CodeSystem.ICD9CM, CodeSystem.ICD9PCS)
ICD10 = (CodeSystem.ICD10CM, CodeSystem.ICD10PCS)

HYPERTENSION = Code("401.9", CodeSystem.ICD9CM)
FALL = Code("E888.9", CodeSystem.ICD9CM)
STENT = Code("00.66", CodeSystem.ICD9PCS)

Read = Callable[..., Annotations]


def mark(begin: Any, end: Any, code: Any, system: Any = "ICD-9-CM") -> dict[str, Any]:
    return {"begin": begin, "end": end, "code": code, "code_system": system, "type": "Human"}


def chart(admission: Any, **notes: list[dict[str, Any]]) -> dict[str, Any]:
    own = [{"note_id": int(note[1:]), "annotations": marks} for note, marks in notes.items()]
    return {"hadm_id": admission, "comment": "", "notes": own}


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Write charts to the folders of both revisions, and read them for one revision."""

    def run(
        revision: Revision, icd9: list[dict[str, Any]], icd10: list[dict[str, Any]] | None = None
    ) -> Annotations:
        for name, charts in (("ICD-9", icd9), ("ICD-10", icd10 or [])):
            for number, content in enumerate(charts):
                path = tmp_path / "Inpatient" / name / "1.0" / f"{number}-{name}.json"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(json.dumps(content), encoding="utf-8")
        files = MdaceFiles.find(tmp_path, tmp_path, "Inpatient", revision)
        return read_annotations(files, ICD9 if revision == "ICD-9" else ICD10, revision)

    return run


def test_codes_and_spans_of_every_note(read: Read) -> None:
    found = read(
        "ICD-9",
        [
            chart(1, n7=[mark(5, 8, "401.9"), mark(0, 3, "0066", "ICD-9-PCS"), mark(1, 2, "401.9")]),
            chart(2, n9=[mark(0, 1, "E8889")]),
        ],
    )

    assert found.notes == {"7": {HYPERTENSION: [(5, 8), (1, 2)], STENT: [(0, 3)]}, "9": {FALL: [(0, 1)]}}
    assert found.admissions == {"7": {"1"}, "9": {"2"}}
    assert found.codes() == {HYPERTENSION, STENT, FALL}
    assert found.notices() == []


def test_code_in_the_wrong_file_belongs_to_its_own_revision(read: Read) -> None:
    icd9 = [chart(1, n7=[mark(0, 3, "401.9")])]
    icd10 = [chart(1, n7=[mark(0, 3, "I10", "ICD-10-CM"), mark(4, 6, "E888.9"), mark(0, 3, "401.9")])]

    nine, ten = read("ICD-9", icd9, icd10), read("ICD-10", icd9, icd10)

    assert nine.notes == {"7": {HYPERTENSION: [(0, 3)], FALL: [(4, 6)]}}
    assert nine.notices() == [
        "2 annotations from files of the other revision of ICD were kept, since their codes are of this one",
        "1 duplicate annotation was left out",
    ]
    assert ten.notes == {"7": {Code("I10", CodeSystem.ICD10CM): [(0, 3)]}}
    assert ten.notices() == ["2 annotations in ICD-9-CM, which is not part of this set"]


def test_oddities_are_counted_without_an_error(read: Read) -> None:
    found = read(
        "ICD-9",
        [
            chart(
                1,
                n7=[
                    mark(0, 3, "401.9"),
                    mark(0, 3, "401.9"),
                    mark(0, 3, "99223", "CPT"),
                    mark(0, 3, "C0020538", "UMLS"),
                ],
                n8=[],
            )
        ],
    )

    assert found.notes == {"7": {HYPERTENSION: [(0, 3)]}}
    assert found.notices() == [
        "1 note has an empty list of annotations",
        "1 annotation names an unknown code system and was left out",
        "1 duplicate annotation was left out",
        "1 annotation in CPT, which is not part of this set",
    ]


@pytest.mark.parametrize(
    ("content", "fragments"),
    [
        ({"notes": []}, ["the file has no whole number 'hadm_id'"]),
        ({"hadm_id": True, "notes": []}, ["the file has no whole number 'hadm_id'"]),
        ({"hadm_id": 1}, ["the file has no list 'notes'"]),
        ({"hadm_id": 1, "notes": [1]}, ["the file has no list 'notes'"]),
        ({"hadm_id": 1, "notes": [{"annotations": []}]}, ["note 1 has no whole number 'note_id'"]),
        ({"hadm_id": 1, "notes": [{"note_id": 7}]}, ["note 7 has no list 'annotations'"]),
        (chart(1, n7=[mark(0, 3, "401.9"), mark("0", 3, "I10")]), ["annotation 2 of note 7", "'begin'"]),
        (chart(1, n7=[mark(0, None, "401.9")]), ["annotation 1 of note 7", "'end'"]),
        (chart(1, n7=[mark(0, 3, 401.9)]), ["annotation 1 of note 7", "no text 'code'"]),
        (chart(1, n7=[mark(0, 3, "401.9", None)]), ["annotation 1 of note 7", "'code_system'"]),
        (chart(1, n7=[mark(0, 3, " ")]), ["annotation 1 of note 7 has an empty code"]),
    ],
)
def test_files_of_another_shape_are_refused(
    read: Read, content: Any, fragments: list[str], refused: Any
) -> None:
    with refused(SourceError, "0-ICD-9.json", "Use release 1.0 of MDACE", *fragments):
        read("ICD-9", [content])


def test_malformed_json_is_refused(read: Read, tmp_path: Path, refused: Any) -> None:
    read("ICD-9", [chart(1, n7=[])])
    path = tmp_path / "Inpatient/ICD-9/1.0/0-ICD-9.json"
    path.write_text(path.read_text(encoding="utf-8")[:-9], encoding="utf-8")

    with refused(SourceError, "0-ICD-9.json", "not readable as json"):
        read_annotations(MdaceFiles.find(tmp_path, tmp_path, "Inpatient", "ICD-9"), ICD9, "ICD-9")
