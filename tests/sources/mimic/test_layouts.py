from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clem_icd.corpus import Corpus
from clem_icd.errors import SourceError
from clem_icd.sources import prepare_mdace, prepare_mimic3, prepare_mimic4
from sources.golden.tree import Tree, write_tree

WGET = Path("physionet.org/files")
NOTES = WGET / "mimic-iv-note/2.2"


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return write_tree(tmp_path, "edin2024")


def move(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    source.rename(target)


def unpack(path: Path, change: Callable[[bytes], bytes] = bytes) -> Path:
    """Replace a compressed file with its changed contents, under a name in lower case."""
    unpacked = path.with_name(path.name.removesuffix(".gz").lower())
    unpacked.write_bytes(change(gzip.decompress(path.read_bytes())))
    path.unlink()
    return unpacked


def lower_header(data: bytes) -> bytes:
    header, line_end, rows = data.partition(b"\n")
    return header.lower() + line_end + rows


def notes_of(corpus: Corpus) -> list[object]:
    return [note for split in corpus.splits for note in corpus.notes(split)]


def inputs_of(corpus: Corpus) -> list[str]:
    return [file["path"] for file in corpus.about["inputs"]]


@pytest.mark.parametrize(
    ("release", "raw"),
    [
        ("mimic-iii-clinical-database-1.4", "."),
        ("mimic-iii-clinical-database-1.4", "mimic-iii-clinical-database-1.4"),
        ("mimiciii/1.4", "mimiciii"),
        ("physionet.org/files/mimiciii/1.4", "physionet.org/files/mimiciii/1.4"),
    ],
)
def test_mimic3_is_the_same_in_every_layout(tmp_path: Path, tree: Tree, release: str, raw: str) -> None:
    expected = prepare_mimic3(tree.raw, tmp_path / "expected", splits=tree.splits)
    move(tree.raw / WGET / "mimiciii/1.4", tmp_path / "other" / release)

    corpus = prepare_mimic3(tmp_path / "other" / raw, tmp_path / "out", splits=tree.splits)

    assert notes_of(corpus) == notes_of(expected)
    place = Path(release).relative_to(raw)
    assert inputs_of(corpus)[:2] == [
        (place / name).as_posix() for name in ("NOTEEVENTS.csv.gz", "DIAGNOSES_ICD.csv.gz")
    ]


def test_unpacked_files_in_lower_case_with_headers_in_lower_case_are_read(tmp_path: Path, tree: Tree) -> None:
    expected = prepare_mimic3(tree.raw, tmp_path / "expected", splits=tree.splits)
    folder = tree.raw / WGET / "mimiciii/1.4"
    for path in sorted(folder.glob("*.csv.gz")):
        unpack(path, lower_header)

    corpus = prepare_mimic3(folder, tmp_path / "out", splits=tree.splits)

    assert notes_of(corpus) == notes_of(expected)
    assert [label.title for label in corpus.labels] == [label.title for label in expected.labels]
    assert inputs_of(corpus)[0] == "noteevents.csv"


def test_suffix_of_compressed_files_may_be_in_upper_case(tmp_path: Path, tree: Tree) -> None:
    for path in sorted((tree.raw / WGET / "mimiciii/1.4").glob("*.csv.gz")):
        path.rename(path.with_suffix(".GZ"))

    corpus = prepare_mimic3(tree.raw, tmp_path / "out", splits=tree.splits)

    assert inputs_of(corpus)[0] == "physionet.org/files/mimiciii/1.4/NOTEEVENTS.csv.GZ"


@pytest.mark.parametrize(
    ("hosp", "note", "raw"),
    [
        ("mimic-iv-3.1/hosp", "mimic-iv-note-deidentified-free-text-clinical-notes-2.2/note", "."),
        ("hosp", "note", "."),
        ("mimic-iv-3.1/hosp", "mimic-iv-3.1/note", "mimic-iv-3.1"),
        ("mimic-iv-3.1/hosp", "mimic-iv-3.1/mimic-iv-note/2.2/note", "mimic-iv-3.1"),
    ],
)
def test_mimic4_is_the_same_in_every_layout(
    tmp_path: Path, tree: Tree, hosp: str, note: str, raw: str
) -> None:
    expected = prepare_mimic4(tree.raw, tmp_path / "expected", splits=tree.splits, min_count=2)
    move(tree.raw / WGET / "mimiciv/2.2/hosp", tmp_path / "other" / hosp)
    move(tree.raw / NOTES / "note", tmp_path / "other" / note)

    corpus = prepare_mimic4(tmp_path / "other" / raw, tmp_path / "out", splits=tree.splits, min_count=2)

    assert notes_of(corpus) == notes_of(expected)
    assert inputs_of(corpus)[0] == (Path(note).relative_to(raw) / "discharge.csv.gz").as_posix()


def test_mdace_reads_an_unpacked_zip_file(tmp_path: Path, tree: Tree) -> None:
    move(tree.raw / WGET / "mimiciii/1.4", tree.raw / "mimic-iii-clinical-database-1.4")

    corpus = prepare_mdace(
        tree.raw, tmp_path / "out", dataset="inpatient-icd9", mdace=tree.mdace, splits=tree.splits / "mdace"
    )

    assert inputs_of(corpus)[0] == "mimic-iii-clinical-database-1.4/NOTEEVENTS.csv.gz"


@pytest.mark.parametrize(
    "folder", ["mimic-iii-clinical-database-demo-1.4", "physionet.org/files/mimiciii-demo/1.4"]
)
def test_demo_of_mimic3_has_no_note_text(tmp_path: Path, tree: Tree, folder: str, refused: Any) -> None:
    move(tree.raw / WGET / "mimiciii/1.4", tmp_path / "demo" / folder)
    for path in sorted((tmp_path / "demo" / folder).glob("*.csv.gz")):
        unpack(path, lower_header)
    notes = tmp_path / "demo" / folder / "noteevents.csv"
    notes.write_bytes(notes.read_bytes().partition(b"\n")[0] + b"\n")
    says = (
        f"{notes}: contains no notes: the demo of MIMIC-III has no note text",
        "Download mimiciii from PhysioNet, which requires credentialed access",
    )

    with refused(SourceError, *says):
        prepare_mimic3(tmp_path / "demo", tmp_path / "out")
    with refused(SourceError, *says):
        prepare_mdace(tmp_path / "demo", tmp_path / "out", dataset="inpatient-icd9", mdace=tree.mdace)
    assert not (tmp_path / "out").exists()


def test_demo_of_mimic4_has_no_note_text(tmp_path: Path, tree: Tree, refused: Any) -> None:
    raw = tmp_path / "mimic-iv-clinical-database-demo-2.2"
    move(tree.raw / WGET / "mimiciv/2.2", raw)

    with refused(SourceError, "contains no notes: the demo of MIMIC-IV has no note text"):
        prepare_mimic4(raw, tmp_path / "out")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("mimic-iii-clinical-database-1.4.zip", "is a ZIP file, expected a folder. Unpack it"),
        ("NOTEEVENTS.csv.gz", "is not a folder"),
    ],
)
def test_file_as_the_raw_folder_is_refused(tmp_path: Path, refused: Any, name: str, says: str) -> None:
    (tmp_path / name).touch()

    with refused(SourceError, f"{name}: {says}"):
        prepare_mimic3(tmp_path / name, tmp_path / "out")


def test_release_folder_of_a_synthetic_tree_is_synthetic(tmp_path: Path, tree: Tree) -> None:
    notice = {"notice": "Generated", "seed": 3}
    (tree.raw / "SYNTHETIC.json").write_text(json.dumps(notice), encoding="utf-8")

    corpus = prepare_mimic3(tree.raw / WGET / "mimiciii/1.4", tmp_path / "out")

    assert corpus.synthetic
