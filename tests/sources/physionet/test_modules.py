from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clem_icd.errors import SourceError
from clem_icd.sources.physionet import MIMIC3, MIMIC4_CODES, MIMIC4_NOTES, Module, find_file, require_file


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


@pytest.mark.parametrize(
    ("module", "folder"),
    [
        (MIMIC3, "physionet.org/files/mimiciii/1.4"),
        (MIMIC3, "physionet.org/files/mimiciii-demo/1.4"),
        (MIMIC3, "files/mimiciii/1.4"),
        (MIMIC3, "mimiciii/1.4"),
        (MIMIC3, "mimic-iii-clinical-database-1.4"),
        (MIMIC3, "mimic-iii-clinical-database-1.4/mimic-iii-clinical-database-1.4"),
        (MIMIC3, "mimic-iii-clinical-database-demo-1.4"),
        (MIMIC3, "1.4"),
        (MIMIC3, "."),
        (MIMIC4_CODES, "physionet.org/files/mimiciv/2.2/hosp"),
        (MIMIC4_CODES, "physionet.org/files/mimiciv/3.0/hosp"),
        (MIMIC4_CODES, "physionet.org/files/mimic-iv-demo/2.2/hosp"),
        (MIMIC4_CODES, "mimic-iv-2.2/hosp"),
        (MIMIC4_CODES, "mimic-iv-3.0/hosp"),
        (MIMIC4_CODES, "mimic-iv-3.1/mimic-iv-3.1/hosp"),
        (MIMIC4_CODES, "mimic-iv-clinical-database-demo-2.2/hosp"),
        (MIMIC4_CODES, "3.1/hosp"),
        (MIMIC4_CODES, "hosp"),
        (MIMIC4_NOTES, "physionet.org/files/mimic-iv-note/2.2/note"),
        (MIMIC4_NOTES, "mimic-iv-note-deidentified-free-text-clinical-notes-2.2/note"),
        (MIMIC4_NOTES, "mimic-iv-note-2.2/note"),
        (MIMIC4_NOTES, "note"),
    ],
)
def test_release_is_found_where_a_download_puts_it(tmp_path: Path, module: Module, folder: str) -> None:
    path = tmp_path / folder / f"{module.table}.csv.gz"
    touch(path)

    assert find_file(tmp_path, module, module.table) == path
    assert [one.name for one in (MIMIC3, MIMIC4_CODES, MIMIC4_NOTES) if one.folders(tmp_path)] == [
        module.name
    ]


@pytest.mark.parametrize(
    "name",
    ["NOTEEVENTS.csv.gz", "NOTEEVENTS.csv", "noteevents.csv", "NoteEvents.CSV.gz", "NOTEEVENTS.csv.GZ"],
)
def test_file_is_found_in_any_case_compressed_or_not(tmp_path: Path, name: str) -> None:
    touch(tmp_path / name)

    assert require_file(tmp_path, MIMIC3, "NOTEEVENTS") == tmp_path / name


def test_exact_name_comes_before_another_case(tmp_path: Path) -> None:
    touch(tmp_path / "NOTEEVENTS.csv", tmp_path / "noteevents.csv.gz")

    assert require_file(tmp_path, MIMIC3, "NOTEEVENTS") == tmp_path / "NOTEEVENTS.csv"


def test_tables_of_mimic4_in_one_folder_are_found(tmp_path: Path) -> None:
    touch(tmp_path / "discharge.csv.gz", tmp_path / "diagnoses_icd.csv.gz", tmp_path / "procedures_icd.csv")

    assert require_file(tmp_path, MIMIC4_NOTES, "discharge") == tmp_path / "discharge.csv.gz"
    assert require_file(tmp_path, MIMIC4_CODES, "procedures_icd") == tmp_path / "procedures_icd.csv"


def test_tables_of_mimic3_are_not_taken_for_those_of_mimic4(tmp_path: Path) -> None:
    touch(tmp_path / "NOTEEVENTS.csv", tmp_path / "DIAGNOSES_ICD.csv", tmp_path / "PROCEDURES_ICD.csv")

    assert (MIMIC4_CODES.folders(tmp_path), MIMIC4_NOTES.folders(tmp_path)) == ([], [])


def test_folder_of_another_subject_is_not_a_release(tmp_path: Path) -> None:
    touch(tmp_path / "note/readme.txt", tmp_path / "hosp/patients.csv.gz")
    touch(tmp_path / "mimic-iii-clinical-database-carevue-subset-1.4/NOTEEVENTS.csv.gz")

    assert not any(module.folders(tmp_path) for module in (MIMIC3, MIMIC4_CODES, MIMIC4_NOTES))


def test_tree_is_not_walked(tmp_path: Path) -> None:
    touch(
        tmp_path / "my/own/mimiciii/1.4/NOTEEVENTS.csv.gz", tmp_path / "mimic-cxr/files/p10/NOTEEVENTS.csv.gz"
    )

    assert MIMIC3.folders(tmp_path) == []


@pytest.mark.parametrize(
    ("module", "folders"),
    [
        (MIMIC3, ["mimic-iii-clinical-database-1.4", "physionet.org/files/mimiciii/1.4"]),
        (MIMIC3, ["mimic-iii-clinical-database-1.4", "mimic-iii-clinical-database-demo-1.4"]),
        (MIMIC3, ["physionet.org/files/mimiciii/1.4", "physionet.org/files/mimiciii-demo/1.4"]),
        (MIMIC4_CODES, ["mimic-iv-2.2/hosp", "mimic-iv-3.1/hosp"]),
        (MIMIC4_CODES, ["mimic-iv-3.1/hosp", "mimic-iv-clinical-database-demo-2.2/hosp"]),
        (MIMIC4_CODES, ["mimic-iv-3.1/hosp", "hosp"]),
    ],
)
def test_several_releases_are_refused_by_name(
    tmp_path: Path, refused: Any, module: Module, folders: list[str]
) -> None:
    touch(*(tmp_path / folder / f"{module.table}.csv.gz" for folder in folders))

    with refused(SourceError, f"has several releases of {module.name}: {', '.join(folders)}. Keep only one"):
        require_file(tmp_path, module, module.table)


def test_release_beside_the_files_of_another_is_named_as_the_folder_itself(
    tmp_path: Path, refused: Any
) -> None:
    touch(tmp_path / "NOTEEVENTS.csv", tmp_path / "mimiciii/1.4/NOTEEVENTS.csv.gz")

    with refused(SourceError, "several releases of mimiciii: mimiciii/1.4, the folder itself"):
        require_file(tmp_path, MIMIC3, "NOTEEVENTS")


def test_empty_release_beside_a_full_one_is_no_second_release(tmp_path: Path) -> None:
    (tmp_path / "mimiciii" / "1.3").mkdir(parents=True)
    touch(tmp_path / "mimiciii" / "1.4" / "NOTEEVENTS.csv")
    assert find_file(tmp_path, MIMIC3, "NOTEEVENTS") == tmp_path / "mimiciii" / "1.4" / "NOTEEVENTS.csv"
