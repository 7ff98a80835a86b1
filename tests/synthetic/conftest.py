"""Small synthetic hospitals shared by the tests."""

from __future__ import annotations

import csv
import gzip
import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from clem_icd.synthetic import synthesize
from clem_icd.synthetic.hospital import Admission, admissions
from clem_icd.synthetic.note import Note, write_note

Hospital = list[tuple[Admission, Note]]
Rows = Callable[[Path], list[dict[str, str]]]


@pytest.fixture(scope="session")
def usual_stays() -> Hospital:
    """400 stays with notes of usual length."""
    return [(stay, write_note(stay)) for stay in admissions(400, seed=5, words=1400)]


@pytest.fixture(scope="session")
def short_stays() -> Hospital:
    """600 stays with short notes."""
    return [(stay, write_note(stay)) for stay in admissions(600, seed=5, words=150)]


@pytest.fixture(scope="session")
def make_tree(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A function that makes, once per layout, a raw tree of 200 admissions with seed 7 and 100 words."""
    made: dict[str, Path] = {}

    def of(layout: str) -> Path:
        if layout not in made:
            made[layout] = tmp_path_factory.mktemp(layout) / "raw"
            synthesize(made[layout], layout=layout, admissions=200, seed=7, words=100)
        return made[layout]

    return of


@pytest.fixture(scope="session")
def rows_of() -> Rows:
    """A function that reads the rows of a gzipped csv file."""

    def of(path: Path) -> list[dict[str, str]]:
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    return of


@pytest.fixture(scope="session")
def digests() -> Callable[[Path], dict[str, str]]:
    """A function that returns the SHA-256 of every file below a folder."""

    def of(folder: Path) -> dict[str, str]:
        return {
            str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }

    return of
