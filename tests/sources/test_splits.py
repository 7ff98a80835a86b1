from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from clem_icd.errors import SourceError
from clem_icd.sources.splits import read_split, split_file


def test_a_file_or_its_folder(tmp_path: Path, refused: Any) -> None:
    path = tmp_path / "a.feather"
    path.touch()

    assert split_file(path, "a.feather") == split_file(tmp_path, "a.feather") == path
    with refused(SourceError, "b.feather", "no such file"):
        split_file(tmp_path, "b.feather")


@pytest.mark.parametrize("compression", ["zstd", "lz4", "uncompressed"])
def test_feather(tmp_path: Path, compression: Any) -> None:
    frame = pl.DataFrame({"_id": [1, 22, 333], "split": ["train", "val", "test"]})
    frame.write_ipc(tmp_path / "s.feather", compression=compression)

    assert read_split(tmp_path / "s.feather") == {"1": "train", "22": "validation", "333": "test"}


@pytest.mark.parametrize(
    ("rows", "fragments"),
    [
        ([(1, "train"), (2, "holdout")], ["row 2", "unknown split"]),
        ([(1, "train"), (2, "val"), (1, "test")], ["row 3", "admission 1", "test and train"]),
        ([("1.0", "train")], ["row 1", "no whole number"]),
        ([], ["no rows"]),
    ],
)
def test_malformed_splits(
    tmp_path: Path, write_csv: Callable[..., Path], refused: Any, rows: Any, fragments: list[str]
) -> None:
    with refused(SourceError, "s.csv", *fragments):
        read_split(write_csv(tmp_path / "s.csv", ["_id", "split"], rows))


def test_no_feather_at_all(tmp_path: Path, refused: Any) -> None:
    path = tmp_path / "s.feather"
    path.write_bytes(b"ARROW1 no more")
    with refused(SourceError, "s.feather", "not readable as feather"):
        read_split(path)
    pl.DataFrame({"id": [1], "split": ["train"]}).write_ipc(path)
    with refused(SourceError, "no column '_id'", "Did you mean 'id'?"):
        read_split(path)


@pytest.mark.shared_data
def test_the_published_split(shared_data: Path) -> None:
    split = read_split(split_file(shared_data / "splits", "mimiciv_icd10_split.feather"))

    assert Counter(split.values()) == {"train": 89_099, "validation": 13_378, "test": 19_802}
