"""Hospitals small enough to look at whole."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from clem_icd.sources.synthetic import synthesize
from clem_icd.sources.synthetic.hospital import Admission, admissions
from clem_icd.sources.synthetic.note import Note, write_note

Hospital = list[tuple[Admission, Note]]


@pytest.fixture(scope="session")
def usual_stays() -> Hospital:
    """Return 400 stays with notes of usual length."""
    return [(stay, write_note(stay)) for stay in admissions(400, seed=5, words=1400)]


@pytest.fixture(scope="session")
def short_stays() -> Hospital:
    """Return 600 stays with short notes."""
    return [(stay, write_note(stay)) for stay in admissions(600, seed=5, words=150)]


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the raw tree of a small hospital: 120 admissions, seed 7, notes of 150 words."""
    out = tmp_path_factory.mktemp("synthetic") / "raw"
    synthesize(out, admissions=120, seed=7, words=150)
    return out


@pytest.fixture(scope="session")
def digests() -> Callable[[Path], dict[str, str]]:
    """Return what gives the SHA-256 of every file below a folder."""

    def of(folder: Path) -> dict[str, str]:
        return {
            str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }

    return of
