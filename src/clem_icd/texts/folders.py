"""The notes in a folder, without the files that operating systems add to it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from clem_icd.errors import NoteError

NOTE_SUFFIX = ".txt"

# Names in lower case: Windows does not distinguish.
_CLUTTER = {
    "thumbs.db", "desktop.ini", ".ds_store", ".localized", "icon\r", "__macosx", ".directory", ".git", ".svn",
    ".ipynb_checkpoints", ".spotlight-v100", ".trashes", ".fseventsd",
}  # fmt: skip

# macOS's second half of a file; the lock files of Word and LibreOffice; files of NFS and editors.
_CLUTTER_PREFIXES = ("._", "~$", ".~lock.", ".nfs", ".#")


def is_clutter(path: Path) -> bool:
    """Return whether a file or folder was added by an operating system or an editor, judged by its name."""
    name = path.name.lower()
    return name in _CLUTTER or name.startswith(_CLUTTER_PREFIXES)


def note_files(folder: Path) -> list[Path]:
    """Return the files named ``*.txt``, in any case, at any depth of a folder, sorted.

    Raises
    ------
    NoteError
        If there are none; it says what there is.

    """
    files = [path for path in _files(folder) if path.suffix.lower() == NOTE_SUFFIX]
    if not files:
        others = ", ".join(f"{count:,} {suffix}" for suffix, count in other_files(folder).items())
        raise NoteError(
            f"contains no *{NOTE_SUFFIX}" + (f", but {others}" if others else ""),
            path=folder,
            remedy="Name a folder of text files, or name the files themselves",
        )
    return files


def has_notes(folder: Path) -> bool:
    """Return whether `note_files` finds any."""
    return any(path.suffix.lower() == NOTE_SUFFIX for path in _files(folder))


def other_files(folder: Path) -> dict[str, int]:
    """Return the suffixes of the files that `note_files` leaves out, without clutter, and their numbers."""
    suffixes = (path.suffix.lower() or "without a suffix" for path in _files(folder))
    return dict(Counter(suffix for suffix in suffixes if suffix != NOTE_SUFFIX).most_common())


def _files(folder: Path) -> list[Path]:
    # Links to folders are not followed, so a loop of them does no harm.
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(map(is_clutter, (path, *_between(path, folder))))
    ]


def _between(path: Path, folder: Path) -> list[Path]:
    return [parent for parent in path.parents if parent != folder and parent.is_relative_to(folder)]
