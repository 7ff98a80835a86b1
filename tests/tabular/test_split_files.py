from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from clem_icd.errors import SourceError
from clem_icd.tabular.split_files import SplitFiles, read_split


@pytest.mark.parametrize("compression", ["zstd", "lz4", "uncompressed"])
def test_feather_file_is_read(tmp_path: Path, compression: Any) -> None:
    frame = pl.DataFrame({"_id": [1, 22, 333], "split": ["train", "val", "test"]})
    frame.write_ipc(tmp_path / "s.feather", compression=compression)

    assert read_split(tmp_path / "s.feather") == {"1": "train", "22": "validation", "333": "test"}


@pytest.mark.parametrize(
    ("rows", "fragments"),
    [
        ([(1, "train"), (2, "holdout")], ["row 2", "unknown split"]),
        (
            [(1, "train"), (2, "val"), (1, "test")],
            ["row 3", "admission 1", "into test, an earlier row into train"],
        ),
        ([("1.0", "train")], ["row 1", "not a whole number"]),
        ([("\u0661", "train")], ["row 1", "not a whole number"]),
        ([], ["no rows"]),
    ],
)
def test_malformed_splits_are_refused(
    tmp_path: Path, write_csv: Callable[..., Path], refused: Any, rows: Any, fragments: list[str]
) -> None:
    with refused(SourceError, "s.csv", *fragments):
        read_split(write_csv(tmp_path / "s.csv", ["_id", "split"], rows))


def test_file_that_is_not_feather_is_refused(tmp_path: Path, refused: Any) -> None:
    path = tmp_path / "s.feather"
    with refused(SourceError, "s.feather", "no such file"):
        read_split(path)
    path.write_bytes(b"ARROW1 no more")
    with refused(SourceError, "s.feather", "not readable as feather"):
        read_split(path)
    pl.DataFrame({"id": [1], "split": ["train"]}).write_ipc(path)
    with refused(SourceError, "no column '_id'", "Did you mean 'id'?"):
        read_split(path)


def listed(folder: Path, **lines: str) -> SplitFiles:
    for split, text in lines.items():
        (folder / f"{split}.csv").write_bytes(text.encode())
    return SplitFiles(tuple(folder / f"{split}.csv" for split in lines), tuple(lines))


def test_one_file_of_admissions_per_split_is_read(tmp_path: Path) -> None:
    files = listed(tmp_path, train="1\n02\r\n2\n1\n", test="\n33", validation="4 ")

    assert files.read() == {"1": "train", "02": "train", "2": "train", "33": "test", "4": "validation"}


@pytest.mark.parametrize(
    ("lines", "fragments"),
    [
        (
            {"train": "1\n2", "test": "3\n2\n"},
            ["test.csv, row 2", "admission 2 into test, an earlier row into train"],
        ),
        ({"train": "_id,split\n1,train"}, ["train.csv, row 1", "not a whole number"]),
        ({"train": "1\n-2"}, ["train.csv, row 2", "not a whole number"]),
        ({"train": "1", "test": ""}, ["test.csv", "is empty"]),
    ],
)
def test_malformed_files_of_admissions_are_refused(
    tmp_path: Path, refused: Any, lines: dict[str, str], fragments: list[str]
) -> None:
    files = listed(tmp_path, **lines)
    with refused(SourceError, *fragments):
        files.read()


def test_vanished_file_is_refused(tmp_path: Path, refused: Any) -> None:
    with refused(SourceError, "gone.csv", "no such file"):
        SplitFiles((tmp_path / "gone.csv",), ("train",)).read()


@pytest.mark.shared_data
def test_published_split_has_the_known_sizes(shared_data: Path) -> None:
    split = read_split(shared_data / "splits" / "mimiciv_icd10_split.feather")

    assert Counter(split.values()) == {"train": 89_099, "validation": 13_378, "test": 19_802}
