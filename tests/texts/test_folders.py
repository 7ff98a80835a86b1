"""The notes in a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from clem_icd.errors import NoteError
from clem_icd.texts import has_notes, is_clutter, note_files, other_files

CLUTTER = [
    ".DS_Store", "._note1.txt", "Thumbs.db", "desktop.ini", "Desktop.ini", ".~lock.note1.txt#", "~$te1.txt",
    "__MACOSX/note1.txt", "__MACOSX/._note1.txt", ".ipynb_checkpoints/a-checkpoint.txt", ".git/x.txt",
    ".nfs000001.txt", ".#note1.txt",
]  # fmt: skip


def write(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("No fever.", encoding="utf-8")


def names_in(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in note_files(folder)]


def test_notes_are_found_at_any_depth_in_order_and_in_either_case(tmp_path: Path) -> None:
    write(
        tmp_path, "b.txt", "NOTE2.TXT", "a/deep/c.Txt", "note4", "note5.txt.bak", "note3.text", "x.txt_.gstmp"
    )

    assert names_in(tmp_path) == ["NOTE2.TXT", "a/deep/c.Txt", "b.txt"]
    assert has_notes(tmp_path)


def test_files_that_are_left_out_are_counted_by_suffix_most_first(tmp_path: Path) -> None:
    write(tmp_path, "a.txt", "n1", "n2", "N3.PDF", "n4.pdf", "n5.pdf", "n.part", *CLUTTER)

    assert other_files(tmp_path) == {".pdf": 3, "without a suffix": 2, ".part": 1}
    assert next(iter(other_files(tmp_path))) == ".pdf"


@pytest.mark.parametrize("name", CLUTTER)
def test_clutter_is_never_a_note(tmp_path: Path, name: str) -> None:
    write(tmp_path, name, "note1.txt")

    assert names_in(tmp_path) == ["note1.txt"]
    assert other_files(tmp_path) == {}


def test_a_folder_that_is_named_is_read_whatever_its_own_name(tmp_path: Path) -> None:
    write(tmp_path / "__MACOSX", "a.txt")

    assert names_in(tmp_path / "__MACOSX") == ["a.txt"]


@pytest.mark.parametrize(
    "name", ["note.txt", "ds_store.txt", "thumbs.txt", "_note.txt", "$note.txt", ".note.txt"]
)
def test_names_that_resemble_clutter_are_notes(name: str) -> None:
    assert not is_clutter(Path(name))


def test_links_that_loop_or_lead_nowhere_do_no_harm(tmp_path: Path) -> None:
    write(tmp_path, "texts/a.txt")
    folder = tmp_path / "texts"
    (folder / "back").symlink_to("..")
    (folder / "here").symlink_to(".")
    (folder / "gone.txt").symlink_to("/nowhere/at/all.txt")
    (folder / "self.txt").symlink_to("self.txt")
    (folder / "b.txt").symlink_to("a.txt")

    assert names_in(folder) == ["a.txt", "b.txt"]
    assert other_files(folder) == {}


def test_a_folder_named_like_a_note_is_not_one(tmp_path: Path) -> None:
    write(tmp_path, "scans.txt/a.txt")

    assert names_in(tmp_path) == ["scans.txt/a.txt"]


def test_a_folder_without_notes_is_refused_with_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(NoteError, match=r"contains no \*\.txt\. ") as caught:
        note_files(tmp_path)
    assert caught.value.path == tmp_path
    write(tmp_path, *[f"{number}.pdf" for number in range(3)], "note", ".DS_Store")
    assert not has_notes(tmp_path)
    with pytest.raises(NoteError, match=r"contains no \*\.txt, but 3 \.pdf, 1 without a suffix") as caught:
        note_files(tmp_path)
    assert caught.value.remedy
