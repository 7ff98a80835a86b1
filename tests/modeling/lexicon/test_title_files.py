"""Title indexes on disk, whole and damaged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from safetensors.numpy import load_file, save_file

from clem_icd.errors import ModelError
from clem_icd.modeling.lexicon import title_files
from clem_icd.modeling.lexicon.title_files import read_lines, read_titles_index, write_lines, write_titles
from clem_icd.modeling.lexicon.titles import TitleIndex

FILE = "titles.safetensors"
Array = npt.NDArray[Any]


@pytest.fixture
def written(index: TitleIndex, tmp_path: Path) -> Path:
    write_titles(index, tmp_path)
    return tmp_path


def test_an_index_is_read_as_it_was_written(index: TitleIndex, written: Path) -> None:
    read = read_titles_index(written)

    assert [path.name for path in written.iterdir()] == [FILE]
    assert read.codes == index.codes
    for own, other in (
        (read.roots, index.roots),
        (read.starts, index.starts),
        (read.owners, index.owners),
        (read.sets.stems, index.sets.stems),
        (read.sets.rarity, index.sets.rarity),
        (read.sets.weights, index.sets.weights),
        (read.sets.members.toarray(), index.sets.members.toarray()),
    ):
        assert own.dtype == other.dtype
        assert (own == other).all()


def test_an_empty_index_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_titles(TitleIndex.of([]), tmp_path)
    read = read_titles_index(tmp_path)
    assert (read.codes, read.starts.tolist(), len(read.sets.weights)) == ((), [0], 0)


def test_every_flipped_byte_is_noticed(written: Path) -> None:
    whole = (written / FILE).read_bytes()
    for at in range(0, len(whole), 7):
        damaged = bytearray(whole)
        damaged[at] ^= 1
        (written / FILE).write_bytes(damaged)
        with pytest.raises(ModelError):
            read_titles_index(written)


@pytest.mark.parametrize("share", [0, 0.1, 0.9])
def test_a_truncated_file_is_refused(written: Path, share: float) -> None:
    whole = (written / FILE).read_bytes()
    (written / FILE).write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(ModelError, match="not readable as safetensors"):
        read_titles_index(written)


def test_a_missing_or_foreign_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="missing"):
        read_titles_index(tmp_path)
    save_file({"weights": np.zeros(3, dtype=np.float32)}, tmp_path / FILE)
    with pytest.raises(ModelError, match="format None"):
        read_titles_index(tmp_path)
    write_lines(["a"], tmp_path / FILE)
    with pytest.raises(ModelError, match="format 'clem-icd/lines'"):
        read_titles_index(tmp_path)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("owners", lambda array: array + 100),
        ("members", lambda array: array - 1),
        ("member_starts", lambda array: array[:-1]),
        ("owner_starts", lambda array: array[::-1].copy()),
        ("roots", lambda array: array[1:]),
        ("codes", lambda array: array[:-3]),
    ],
)
def test_arrays_that_do_not_match_are_refused(
    written: Path, name: str, change: Callable[[Array], Array]
) -> None:
    arrays = load_file(written / FILE)
    arrays[name] = change(arrays[name])
    title_files._write(arrays, title_files._INDEX, written / FILE)
    with pytest.raises(ModelError, match="damaged"):
        read_titles_index(written)


def test_lines_are_read_as_they_were_written(tmp_path: Path) -> None:
    lines = ["a", "", "Ménière", "x\u2028y", "\x0b"]
    write_lines(lines, tmp_path / "lines.safetensors")
    assert read_lines(tmp_path / "lines.safetensors") == lines
