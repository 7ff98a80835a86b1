"""Fingerprints of the files of a folder, by which damage is recognised later.

The fingerprint of a file is its size and its CRC-32. That is enough against what happens to files by
themselves (cut short, empty, zeros for what never reached the disk), and cheap: a processor computes it much
faster than a disk delivers the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from isal import isal_zlib

_CHUNK = 1 << 20

Fingerprints = Mapping[str, Mapping[str, int]]
"""Size in bytes and CRC-32 of every file, by its path within the folder."""


def fingerprints_of(folder: Path) -> dict[str, dict[str, int]]:
    """Return the fingerprints of all files below a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): {"bytes": path.stat().st_size, "crc32": _crc32(path)}
        for path in files
    }


def damage_of(folder: Path, fingerprints: Fingerprints) -> str | None:
    """Return what is wrong with the first file that differs from its fingerprint; None if none does."""
    for name, expected in fingerprints.items():
        try:
            flaw = _flaw(folder / name, expected)
        except OSError as problem:
            flaw = f"cannot be read ({type(problem).__name__})"
        if flaw is not None:
            return f"{name} {flaw}"
    return None


def _flaw(path: Path, expected: Mapping[str, int]) -> str | None:
    if not path.is_file():
        return "is missing"
    size = path.stat().st_size
    if size != expected["bytes"]:
        return f"has {size:,} bytes, expected {expected['bytes']:,}"
    return None if _crc32(path) == expected["crc32"] else "has changed since it was saved"


def _crc32(path: Path) -> int:
    value: Any = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            value = isal_zlib.crc32(chunk, value)
    return int(value)
