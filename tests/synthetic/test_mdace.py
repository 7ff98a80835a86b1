from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from clem_icd.icd import CodeSystem, is_well_formed

Rows = Callable[[Path], list[dict[str, str]]]
MakeTree = Callable[[str], Path]
Notes = dict[str, dict[str, str]]

_SETTINGS = ("Inpatient", "Profee")
_SYSTEMS = {
    "ICD-9-CM": CodeSystem.ICD9CM,
    "ICD-9-PCS": CodeSystem.ICD9PCS,
    "ICD-10-CM": CodeSystem.ICD10CM,
    "ICD-10-PCS": CodeSystem.ICD10PCS,
    "CPT": CodeSystem.CPT,
}


@pytest.fixture(scope="module")
def tree(make_tree: MakeTree) -> Path:
    return make_tree("mdace")


@pytest.fixture(scope="module")
def notes(tree: Path, rows_of: Rows) -> Notes:
    rows = rows_of(tree / "physionet.org/files/mimiciii/1.4/NOTEEVENTS.csv.gz")
    return {row["ROW_ID"]: row for row in rows}


def _files(tree: Path, setting: str, version: int) -> dict[int, dict[str, Any]]:
    folder = tree / "MDACE/data" / setting / f"ICD-{version}" / "1.0"
    found = {}
    for path in sorted(folder.iterdir()):
        value = json.loads(path.read_text(encoding="utf-8"))
        assert path.name == f"{value['hadm_id']}-ICD-{version}.json"
        found[value["hadm_id"]] = value
    return found


def _annotations(tree: Path, setting: str, version: int) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for value in _files(tree, setting, version).values():
        for note in value["notes"]:
            for annotation in note["annotations"]:
                yield note, annotation


@pytest.mark.parametrize("setting", _SETTINGS)
@pytest.mark.parametrize("version", [9, 10])
def test_annotation_files_have_the_official_fields(tree: Path, setting: str, version: int) -> None:
    for value in _files(tree, setting, version).values():
        assert list(value) == ["hadm_id", "comment", "notes"]
        for note in value["notes"]:
            assert list(note) == ["note_id", "category", "description", "annotations"]
    fields = ["begin", "end", "code", "code_system", "description", "type"]
    for _, annotation in _annotations(tree, setting, version):
        assert list(annotation) == fields
        assert is_well_formed(annotation["code"], _SYSTEMS[annotation["code_system"]])


@pytest.mark.parametrize("setting", _SETTINGS)
@pytest.mark.parametrize("version", [9, 10])
def test_offsets_point_into_the_notes(tree: Path, notes: Notes, setting: str, version: int) -> None:
    past_the_end = count = 0
    for note, annotation in _annotations(tree, setting, version):
        row = notes.get(str(note["note_id"]))
        if row is None:
            continue
        assert row["CATEGORY"].rstrip() == note["category"]
        assert row["DESCRIPTION"] == note["description"]
        count += 1
        if annotation["end"] > len(row["TEXT"]):
            past_the_end += 1
            continue
        marked = row["TEXT"][annotation["begin"] : annotation["end"]]
        assert marked
        assert marked == marked.strip()
    assert 0 < past_the_end < count / 20


def test_both_versions_mark_the_same_spans(tree: Path) -> None:
    for setting in _SETTINGS:
        old, new = (
            [
                (note["note_id"], annotation["begin"], annotation["end"])
                for note, annotation in _annotations(tree, setting, version)
            ]
            for version in (9, 10)
        )
        assert old == new


def test_oddities_of_the_real_files_occur(tree: Path, notes: Notes) -> None:
    unknown = empty = twice = unsorted = 0
    for value in _files(tree, "Inpatient", 10).values():
        for note in value["notes"]:
            spans = [tuple(annotation.values()) for annotation in note["annotations"]]
            unknown += str(note["note_id"]) not in notes
            empty += not spans
            twice += len(spans) > len(set(spans))
            unsorted += [span[0] for span in spans] == sorted((span[0] for span in spans), reverse=True)
    assert min(unknown, empty, twice, unsorted) > 0
    systems = Counter(one["code_system"] for _, one in _annotations(tree, "Inpatient", 10))
    assert 0 < systems["ICD-9-CM"] < systems["ICD-10-PCS"] < systems["ICD-10-CM"]
    systems = Counter(one["code_system"] for _, one in _annotations(tree, "Profee", 10))
    assert systems.keys() == {"ICD-9-CM", "ICD-10-CM", "CPT"}
    assert systems["CPT"] > 10
    kinds = {one["type"] for _, one in _annotations(tree, "Inpatient", 9)}
    assert {"Human", "MapType.EXACT"} < kinds


def test_two_longer_codes_collapse_to_one_assigned_code(tree: Path, rows_of: Rows) -> None:
    table = rows_of(tree / "physionet.org/files/mimiciii/1.4/D_ICD_DIAGNOSES.csv.gz")
    used = {row["ICD9_CODE"] for row in table}
    shortened: dict[tuple[int, str], set[str]] = {}
    for note, annotation in _annotations(tree, "Inpatient", 9):
        code = annotation["code"].replace(".", "")
        if annotation["code_system"] == "ICD-9-CM" and code not in used and code[:-1] in used:
            shortened.setdefault((note["note_id"], code[:-1]), set()).add(code)
    assert any(len(codes) == 2 for codes in shortened.values())


def test_categories_are_stripped_and_varied(tree: Path) -> None:
    categories = {note["category"] for note, _ in _annotations(tree, "Inpatient", 9)}
    assert {"Discharge summary", "Physician", "Radiology"} <= categories
    assert {"Radiology", "ECG", "Physician"} <= {n["category"] for n, _ in _annotations(tree, "Profee", 9)}


def _split(tree: Path, setting: str, name: str) -> dict[str, list[int]]:
    folder = tree / "MDACE/splits" / setting
    return {
        part: [int(line) for line in (folder / f"MDace-{name}-{part}.csv").read_text().splitlines()]
        for part in ("train", "val", "test")
    }


@pytest.mark.parametrize("setting", _SETTINGS)
def test_splits_cover_annotated_and_other_admissions_by_subject(
    tree: Path, notes: Notes, setting: str
) -> None:
    evidence, everything = _split(tree, setting, "ev"), _split(tree, setting, "code-ev")
    annotated = sorted(chain.from_iterable(evidence.values()))
    assert annotated == sorted(_files(tree, setting, 9))
    assert all(evidence.values())
    for part in evidence:
        assert set(evidence[part]) <= set(everything[part])
    stays = list(chain.from_iterable(everything.values()))
    assert len(stays) == len(set(stays)) > 3 * len(annotated)
    subjects: dict[str, set[str]] = {}
    by_stay = {row["HADM_ID"]: row["SUBJECT_ID"] for row in notes.values() if row["HADM_ID"]}
    for part, numbers in everything.items():
        subjects[part] = {by_stay[str(number)] for number in numbers}
    assert not subjects["train"] & subjects["test"]
    assert not subjects["train"] & subjects["val"]


def test_the_readme_labels_the_folder_synthetic(tree: Path) -> None:
    assert "cannot show" in (tree / "MDACE/README.md").read_text(encoding="utf-8")
