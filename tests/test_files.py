from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest

from clem_icd import files
from clem_icd.errors import CorpusError, OutputError
from clem_icd.files import new_file, new_folder, read_json, write_json


def leftovers(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith(".partial-")]


def test_a_file_that_fails_leaves_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")

    def write() -> None:
        with new_file(target) as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write()
    assert target.read_text() == "old"
    assert not leftovers(tmp_path)


def test_a_folder_that_fails_leaves_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "run"
    target.mkdir()
    (target / "kept").write_text("old")

    def write() -> None:
        with new_folder(target, force=True) as temporary:
            (temporary / "half").write_text("new")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write()
    assert [path.name for path in target.iterdir()] == ["kept"]
    assert not leftovers(tmp_path)


def test_a_folder_replaces_all_of_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "run"
    target.mkdir()
    (target / "old").touch()
    with new_folder(target, force=True) as temporary:
        (temporary / "new").touch()
    assert [path.name for path in target.iterdir()] == ["new"]
    assert not leftovers(tmp_path)


def test_an_occupied_place_is_refused_without_force(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "mine").touch()
    with pytest.raises(OutputError, match="--force"), new_folder(tmp_path / "run"):
        pass
    assert (tmp_path / "run" / "mine").exists()


def test_an_empty_folder_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    with new_folder(tmp_path / "run") as temporary:
        (temporary / "a").touch()
    assert (tmp_path / "run" / "a").exists()


@pytest.mark.parametrize(
    ("number", "words"), [(errno.ENOSPC, "the disk is full"), (errno.EROFS, "may not be written to")]
)
def test_a_disk_that_refuses_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, words: str
) -> None:
    def refuse(path: Path) -> None:
        raise OSError(number, "refused")

    write_json(tmp_path / "a.json", {"a": 1})
    monkeypatch.setattr(files, "_sync", refuse)
    with pytest.raises(OutputError, match=words):
        write_json(tmp_path / "a.json", {"a": 2})
    assert json.loads((tmp_path / "a.json").read_text()) == {"a": 1}
    assert not leftovers(tmp_path)


def test_json_refuses_what_json_has_not(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "a.json", {"a": float("nan")})
    assert not (tmp_path / "a.json").exists()


@pytest.mark.parametrize("content", [b"[1]", b"{", b"\xff", b""])
def test_what_is_no_json_object_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(CorpusError, match=r"a\.json"):
        read_json(tmp_path / "a.json", CorpusError)
