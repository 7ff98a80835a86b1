from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clem_icd.errors import SourceError
from clem_icd.sources.physionet import MIMIC3, MIMIC4_CODES, MIMIC4_NOTES, Module, require_file


def test_empty_folder_is_refused_with_a_few_places(tmp_path: Path, refused: Any) -> None:
    with refused(
        SourceError,
        f"{tmp_path}: has no NOTEEVENTS.csv.gz or NOTEEVENTS.csv; looked in "
        "physionet.org/files/mimiciii/<release>, mimic-iii-clinical-database-<release>, the folder itself. "
        "Download mimiciii of MIMIC-III, or name the folder that contains the download.",
    ):
        require_file(tmp_path, MIMIC3, "NOTEEVENTS")


def test_release_without_the_file_is_named(tmp_path: Path, refused: Any) -> None:
    (tmp_path / "mimic-iv-3.1/hosp").mkdir(parents=True)

    with refused(SourceError, "has no procedures_icd.csv.gz", "looked in mimic-iv-3.1/hosp. Download"):
        require_file(tmp_path, MIMIC4_CODES, "procedures_icd")


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (MIMIC3, "mimic-iii-clinical-database-1.4.zip"),
        (MIMIC3, "mimic-iii-clinical-database-1.4 (1).ZIP"),
        (MIMIC3, "mimic-iii-clinical-database-demo-1.4.zip"),
        (MIMIC3, "mimiciii-1.4.zip"),
        (MIMIC3, "physionet.org/files/mimiciii-1.4.zip"),
        (MIMIC4_CODES, "mimic-iv-3.1.zip"),
        (MIMIC4_CODES, "mimic-iv-clinical-database-demo-2.2.zip"),
        (MIMIC4_NOTES, "mimic-iv-note-deidentified-free-text-clinical-notes-2.2.zip"),
    ],
)
def test_zipped_download_is_named(tmp_path: Path, refused: Any, module: Module, name: str) -> None:
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).touch()

    with refused(SourceError, f"{tmp_path / name}: {module.dataset} is still zipped. Unpack it"):
        require_file(tmp_path, module, module.table)


def test_zip_file_of_another_module_is_not_named(tmp_path: Path, refused: Any) -> None:
    (tmp_path / "mimic-iv-3.1.zip").touch()

    with refused(SourceError, f"{tmp_path}: has no discharge.csv.gz"):
        require_file(tmp_path, MIMIC4_NOTES, "discharge")


@pytest.mark.parametrize(
    "folder", ["physionet.org/files/mimic-iv-demo/2.2", "mimic-iv-clinical-database-demo-2.2", "."]
)
def test_demo_of_mimic4_has_no_note_text(tmp_path: Path, refused: Any, folder: str) -> None:
    release = tmp_path / folder
    (release / "hosp").mkdir(parents=True)
    (release / "hosp/diagnoses_icd.csv.gz").touch()
    (release / "demo_subject_id.csv").touch()

    with refused(
        SourceError,
        f"{tmp_path}: contains no notes: the demo of MIMIC-IV has no note text. "
        "Download mimiciv and mimic-iv-note from PhysioNet, which requires credentialed access.",
    ):
        require_file(tmp_path, MIMIC4_NOTES, "discharge")


def test_demo_is_recognized_by_its_own_folder(tmp_path: Path, refused: Any) -> None:
    raw = tmp_path / "mimic-iv-clinical-database-demo-2.2"
    (raw / "hosp").mkdir(parents=True)
    (raw / "hosp/diagnoses_icd.csv").touch()

    with refused(SourceError, "the demo of MIMIC-IV has no note text"):
        require_file(raw, MIMIC4_NOTES, "discharge")


def test_file_of_codes_missing_from_a_demo_is_named(tmp_path: Path, refused: Any) -> None:
    (tmp_path / "mimic-iv-clinical-database-demo-2.2/hosp").mkdir(parents=True)

    with refused(SourceError, "has no diagnoses_icd.csv.gz"):
        require_file(tmp_path, MIMIC4_CODES, "diagnoses_icd")


def test_full_release_without_notes_is_not_taken_for_the_demo(tmp_path: Path, refused: Any) -> None:
    (tmp_path / "mimic-iv-3.1/hosp").mkdir(parents=True)

    with refused(SourceError, "has no discharge.csv.gz"):
        require_file(tmp_path, MIMIC4_NOTES, "discharge")
