from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.feather as feather
import pytest

from clem_icd.errors import InputError, SourceError
from clem_icd.synthetic import synthesize

Rows = Callable[[Path], list[dict[str, str]]]

_NOTES3 = "physionet.org/files/mimiciii/1.4/NOTEEVENTS.csv.gz"
_DIAGNOSES4 = "physionet.org/files/mimiciv/2.2/hosp/diagnoses_icd.csv.gz"


def _split_of(numbers: Iterable[int]) -> dict[int, str]:
    """Return a split in roughly the published proportions."""
    return {n: "val" if n % 10 == 0 else "test" if n % 10 == 1 else "train" for n in numbers}


def _write(path: Path, split_of: dict[int, str]) -> None:
    table = pa.table({"_id": pa.array(list(split_of), pa.int64()), "split": list(split_of.values())})
    feather.write_feather(table, path)


def _write_mdace(folder: Path, numbers: Sequence[int]) -> None:
    folder.mkdir(parents=True)
    for at, part in enumerate(("train", "val", "test")):
        (folder / f"MDace-ev-{part}.csv").write_text("".join(f"{one}\n" for one in numbers[at::3]))


@pytest.fixture
def published(tmp_path: Path) -> Path:
    folder = tmp_path / "splits"
    folder.mkdir()
    _write(folder / "mimiciii_full_splits.feather", _split_of(range(100_000, 100_400)))
    _write(folder / "mimiciv_icd10_split.feather", _split_of(range(20_000_000, 20_000_400)))
    _write(folder / "mimiciv_icd9_split.feather", _split_of(range(21_000_000, 21_000_400)))
    _write_mdace(folder / "mdace" / "inpatient", range(100_300, 100_312))
    _write_mdace(folder / "mdace" / "profee", range(100_300, 100_303))
    return folder


def _numbers(rows: list[dict[str, str]], column: str) -> set[int]:
    return {int(row[column]) for row in rows if row[column]}


@pytest.mark.parametrize("form", ["folder", "feather", "csv"])
def test_admission_numbers_come_from_the_split_file_and_reach_every_split(
    published: Path, tmp_path: Path, rows_of: Rows, form: str
) -> None:
    place = published / "mimiciii_full_splits.feather"
    split = _split_of(range(100_000, 100_400))
    if form == "csv":
        place = tmp_path / "split.csv"
        place.write_text("_id,split\n" + "".join(f"{one},{part}\n" for one, part in split.items()))
    synthesize(
        tmp_path / "raw",
        layout="mimic3",
        admissions=60,
        seed=3,
        words=60,
        ids_from=published if form == "folder" else place,
    )
    rows = rows_of(tmp_path / "raw" / _NOTES3)
    numbers = _numbers(rows, "HADM_ID")
    assert len(numbers) == 60
    assert Counter(split[number] for number in numbers).keys() == {"train", "val", "test"}
    parts: dict[str, set[str]] = {}
    for row in rows:
        if row["HADM_ID"]:
            parts.setdefault(row["SUBJECT_ID"], set()).add(split[int(row["HADM_ID"])])
    assert all(len(found) == 1 for found in parts.values())


def test_every_number_can_be_used_but_no_more(published: Path, tmp_path: Path, rows_of: Rows) -> None:
    place = published / "mimiciii_full_splits.feather"
    arguments = {"layout": "mimic3", "seed": 3, "words": 60, "other_notes": 0.0, "ids_from": place}
    synthesize(tmp_path / "raw", admissions=400, **arguments)  # type: ignore[arg-type]
    rows = rows_of(tmp_path / "raw" / "physionet.org/files/mimiciii/1.4/DIAGNOSES_ICD.csv.gz")
    assert _numbers(rows, "HADM_ID") <= set(range(100_000, 100_400))
    with pytest.raises(
        InputError, match=r"holds 400 admission numbers, 401 admissions requested\. Request at"
    ):
        synthesize(tmp_path / "more", admissions=401, **arguments)  # type: ignore[arg-type]
    assert not (tmp_path / "more").exists()


def test_icd_versions_of_mimic4_use_their_own_split_files(
    published: Path, tmp_path: Path, rows_of: Rows
) -> None:
    synthesize(tmp_path / "raw", admissions=150, seed=1, words=60, ids_from=published)
    versions: dict[int, set[str]] = {}
    for row in rows_of(tmp_path / "raw" / _DIAGNOSES4):
        versions.setdefault(int(row["hadm_id"]), set()).add(row["icd_version"])
    old = {number for number in versions if number >= 21_000_000}
    assert old
    assert all("9" in versions[number] for number in old)
    assert all("10" in found for number, found in versions.items() if number not in old)


def test_annotated_admissions_get_numbers_annotated_in_mdace(
    published: Path, tmp_path: Path, rows_of: Rows
) -> None:
    synthesize(tmp_path / "raw", layout="mdace", admissions=200, seed=1, words=60, ids_from=published)
    mdace = tmp_path / "raw" / "MDACE"
    found = {
        setting: {
            int(path.name.partition("-")[0]) for path in (mdace / "data" / setting).rglob("*-ICD-9.json")
        }
        for setting in ("Inpatient", "Profee")
    }
    # Some of the admissions selected for annotation have no codes.
    assert 6 <= len(found["Inpatient"]) <= 12
    assert found["Inpatient"] <= set(range(100_300, 100_312))
    assert 1 <= len(found["Profee"]) <= 3
    assert found["Profee"] <= set(range(100_300, 100_303))
    for setting in found:
        for part in ("train", "val", "test"):
            name = f"MDace-ev-{part}.csv"
            own = (mdace / "splits" / setting / name).read_text().split()
            assert set(own) <= set((published / "mdace" / setting.lower() / name).read_text().split())
    numbers = _numbers(rows_of(tmp_path / "raw" / _NOTES3), "HADM_ID")
    assert numbers <= set(range(100_000, 100_400))


def test_a_missing_split_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"mimiciii_full_splits\.feather: there is no such file"):
        synthesize(tmp_path / "raw", layout="mimic3", admissions=2, seed=1, words=60, ids_from=tmp_path)


def test_the_readme_states_the_origin_of_the_admission_numbers(published: Path, tmp_path: Path) -> None:
    for name, place in (("own", None), ("published", published)):
        synthesize(tmp_path / name, layout="mimic3", admissions=2, seed=1, words=60, ids_from=place)
    own, theirs = ((tmp_path / name / "README.md").read_text() for name in ("own", "published"))
    assert "admission and MIMIC-III note numbers are in ranges that the real files do not use" in own
    assert "Admission numbers are taken from published split files" not in own
    assert "Admission numbers are taken from published split files" in theirs
