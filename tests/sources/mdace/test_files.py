from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clem_icd.errors import SourceError
from clem_icd.sources.mdace.files import MdaceFiles


def annotate(root: Path, place: str = "Inpatient/ICD-9/1.0", name: str = "100-ICD-9.json") -> Path:
    path = root / place / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{}", encoding="utf-8")
    return path


@pytest.mark.parametrize("below", [".", "data", "annotations"])
def test_named_folder_is_used(tmp_path: Path, below: str) -> None:
    path = annotate(tmp_path / "mine" / below)

    files = MdaceFiles.find(tmp_path, tmp_path / "mine", "Inpatient", "ICD-9")

    assert files.all() == (path,)
    assert files.root == tmp_path / "mine" / below


@pytest.mark.parametrize("raw", ["raw", "raw/physionet.org", "raw/physionet.org/files"])
@pytest.mark.parametrize("place", ["raw/MDace", "raw/mdace/data", "MDACE/data"])
def test_folder_is_found_in_the_raw_folder_or_next_to_it(tmp_path: Path, raw: str, place: str) -> None:
    annotate(tmp_path / place)
    (tmp_path / raw).mkdir(parents=True, exist_ok=True)

    assert MdaceFiles.find(tmp_path / raw, None, "Inpatient", "ICD-9").root == tmp_path.resolve() / place


def test_both_revisions_are_found_and_other_releases_are_not_read(tmp_path: Path) -> None:
    nine = annotate(tmp_path, name="2-ICD-9.json"), annotate(tmp_path, name="1-ICD-9.json")
    ten = annotate(tmp_path, "Inpatient/ICD-10/1.0", "1-ICD-10.json")
    annotate(tmp_path, "Inpatient/ICD-9/1.1")
    annotate(tmp_path, "Profee/ICD-10/1.0")

    files = MdaceFiles.find(tmp_path, tmp_path, "Inpatient", "ICD-10")

    assert files.by_revision == {"ICD-9": (nine[1], nine[0]), "ICD-10": (ten,)}
    assert files.all() == (nine[1], nine[0], ten)


@pytest.mark.parametrize("place", ["splits", "data/splits"])
def test_folders_of_splits_are_found(tmp_path: Path, place: str) -> None:
    annotate(tmp_path / "data")
    (tmp_path / place).mkdir()

    assert MdaceFiles.find(tmp_path, tmp_path, "Inpatient", "ICD-9").split_folders() == (tmp_path / place,)


@pytest.mark.parametrize("place", ["Inpatient/ICD-9/2.0", "Inpatient/ICD-9/1.1"])
def test_another_release_is_refused(tmp_path: Path, place: str, refused: Any) -> None:
    annotate(tmp_path, place)

    with refused(SourceError, f"release {Path(place).name}, expected release 1.0", "MDACE"):
        MdaceFiles.find(tmp_path, tmp_path, "Inpatient", "ICD-9")


def test_files_without_a_release_are_refused(tmp_path: Path, refused: Any) -> None:
    annotate(tmp_path, "Inpatient/ICD-9")

    with refused(SourceError, "ICD-9", "contains no annotations", "expected release 1.0"):
        MdaceFiles.find(tmp_path, tmp_path, "Inpatient", "ICD-9")


def test_missing_annotations_are_refused_with_where_to_get_them(tmp_path: Path, refused: Any) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()

    with refused(SourceError, str(raw), "no MDACE in this folder or next to it", "--mdace"):
        MdaceFiles.find(raw, None, "Inpatient", "ICD-9")
    with refused(SourceError, str(raw), "neither Inpatient nor Profee", "--mdace"):
        MdaceFiles.find(raw, raw, "Inpatient", "ICD-9")
    annotate(raw)
    with refused(SourceError, str(raw), "has no Profee/ICD-10", "--mdace"):
        MdaceFiles.find(raw, raw, "Profee", "ICD-10")
