from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from clem_icd import files
from clem_icd.errors import CorpusError, OutputError
from clem_icd.files import (
    check_free,
    create_json,
    new_file,
    new_folder,
    read_json,
    remove_leftovers,
    write_json,
)


def leftovers(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith(".partial-")]


def test_a_failed_write_keeps_the_old_file(tmp_path: Path) -> None:
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


def test_a_failed_write_keeps_the_old_folder(tmp_path: Path) -> None:
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


def test_a_new_folder_replaces_the_old_one_entirely(tmp_path: Path) -> None:
    target = tmp_path / "run"
    target.mkdir()
    (target / "old").touch()
    with new_folder(target, force=True) as temporary:
        (temporary / "new").touch()
    assert [path.name for path in target.iterdir()] == ["new"]
    assert not leftovers(tmp_path)


@pytest.mark.parametrize(("umask", "mode"), [(0o022, "644"), (0o027, "640"), (0o077, "600")])
def test_a_file_in_a_new_folder_obeys_the_umask_however_it_is_written(
    tmp_path: Path, umask: int, mode: str
) -> None:
    before = os.umask(umask)
    try:
        with new_folder(tmp_path / "model") as folder:
            (folder / "below").mkdir()
            for path in (folder / "weights", folder / "below" / "weights"):
                path.touch(mode=0o600)
            (folder / "plain").touch()
    finally:
        os.umask(before)
    files = [path for path in (tmp_path / "model").rglob("*") if path.is_file()]
    assert {f"{path.stat().st_mode & 0o777:o}" for path in files} == {mode}


def test_a_file_whose_permissions_cannot_be_changed_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def chmod(path: Path, mode: int) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted", str(path))

    monkeypatch.setattr(Path, "chmod", chmod)
    with new_folder(tmp_path / "model") as folder:
        (folder / "weights").touch(mode=0o600)
    assert (tmp_path / "model" / "weights").is_file()


def test_an_occupied_path_is_refused_without_force(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "mine").touch()
    with pytest.raises(OutputError, match="--force"), new_folder(tmp_path / "run"):
        pass
    assert (tmp_path / "run" / "mine").exists()


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    with new_folder(tmp_path / "run") as temporary:
        (temporary / "a").touch()
    assert (tmp_path / "run" / "a").exists()


def test_the_current_folder_is_filled_in_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "run").mkdir()
    monkeypatch.chdir(tmp_path / "run")
    with new_folder(Path()) as temporary:
        (temporary / "a").mkdir()
        (temporary / "a" / "b").touch()
    assert [path.name for path in Path().iterdir()] == ["a"]
    assert Path("a/b").resolve() == tmp_path / "run" / "a" / "b"
    assert not leftovers(tmp_path)


def test_a_mount_point_is_filled_in_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rename_really = Path.rename

    def rename(path: Path, target: Path) -> None:
        if tmp_path / "mount" in (path, target):
            raise OSError(errno.EBUSY, "busy")
        rename_really(path, target)

    (tmp_path / "mount").mkdir()
    monkeypatch.setattr(Path, "rename", rename)
    with new_folder(tmp_path / "mount") as temporary:
        assert temporary.parent == tmp_path / "mount"  # its parent is another file system
        (temporary / "a").touch()
    assert [path.name for path in (tmp_path / "mount").iterdir()] == ["a"]

    with pytest.raises(OutputError, match="in use"), new_folder(tmp_path / "mount", force=True):
        pass
    assert [path.name for path in (tmp_path / "mount").iterdir()] == ["a"]
    assert not leftovers(tmp_path)


def test_irreplaceable_folders_are_refused_up_front(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine").touch()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OutputError, match="cannot be replaced"):
        check_free(Path(), force=True)
    monkeypatch.undo()
    monkeypatch.setattr(Path, "is_mount", lambda path: path == tmp_path)
    with pytest.raises(OutputError, match="cannot be replaced"):
        check_free(tmp_path, force=True)
    assert (tmp_path / "mine").exists()


@pytest.mark.parametrize(
    ("number", "words"), [(errno.ENOSPC, "the disk is full"), (errno.EROFS, "is not writable")]
)
def test_disk_errors_become_output_errors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, words: str
) -> None:
    def refuse(path: Path) -> None:
        raise OSError(number, "refused")

    write_json(tmp_path / "a.json", {"a": 1})
    monkeypatch.setattr(files, "flush", refuse)
    with pytest.raises(OutputError, match=words):
        write_json(tmp_path / "a.json", {"a": 2})
    assert json.loads((tmp_path / "a.json").read_text()) == {"a": 1}
    assert not leftovers(tmp_path)


def test_nan_is_not_written_as_json(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "a.json", {"a": float("nan")})
    assert not (tmp_path / "a.json").exists()


def test_a_json_file_is_created_once_and_never_replaced(tmp_path: Path) -> None:
    for value in (1, 2):
        create_json(tmp_path / "a.json", {"value": value})
    assert json.loads((tmp_path / "a.json").read_text()) == {"value": 1}
    assert not leftovers(tmp_path)


def test_a_file_system_without_hard_links_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unsupported(*_: object) -> None:
        raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))

    monkeypatch.setattr("os.link", unsupported)
    with pytest.raises(OutputError, match="its file system has no hard links"):
        create_json(tmp_path / "a.json", {})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"[1]", b"{", b"\xff", b""])
def test_files_without_a_json_object_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(CorpusError, match=r"a\.json"):
        read_json(tmp_path / "a.json", CorpusError)


def test_leftovers_of_a_killed_process_are_deleted_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / ".partial-0a.json").touch()
    (tmp_path / ".partial-0b" / "inner").mkdir(parents=True)
    (tmp_path / "kept.json").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / ".partial-0c").touch()
    remove_leftovers(tmp_path)
    assert sorted(path.name for path in tmp_path.rglob("*")) == [".partial-0c", "folder", "kept.json"]
