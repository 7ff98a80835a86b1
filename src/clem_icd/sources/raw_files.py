"""The raw files of a source: check them and the choices about them, describe them, never overwrite them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from clem_icd.corpus import InputFile
from clem_icd.errors import OutputError, SourceError
from clem_icd.files import check_free, read_json, sha256_of
from clem_icd.sources.physionet import UNPACK, tree_roots
from clem_icd.tabular.refusals import unreadable

SYNTHETIC = "SYNTHETIC.json"

_ELSEWHERE = "Choose another folder for the corpus"


def check_raw(raw: Path) -> None:
    """Refuse a raw folder that does not exist, or is a file.

    Raises
    ------
    SourceError
        If ``raw`` is not a folder.

    """
    if raw.is_file() and raw.suffix.lower() == ".zip":
        raise SourceError("is a ZIP file, expected a folder", path=raw, remedy=UNPACK)
    if not raw.is_dir():
        found = "is not a folder" if raw.exists() else "there is no such folder"
        raise SourceError(found, path=raw, remedy="Name the folder of the raw files")


def check_choice(name: str, value: str, choices: Sequence[str]) -> None:
    """Refuse a value that is not one of the choices.

    Raises
    ------
    SourceError
        If it is not.

    """
    if value not in choices:
        raise SourceError(f"{name} is {value!r}, expected one of {', '.join(choices)}")


def check_out(out: Path, raw: Path, *, force: bool) -> None:
    """Refuse an output folder that is occupied, or that would replace the raw files.

    Raises
    ------
    OutputError
        If ``out`` is occupied and ``force`` is false, or it is or contains ``raw``.

    """
    if raw.resolve().is_relative_to(out.resolve()):
        raise OutputError("contains the raw files", path=out, remedy=_ELSEWHERE)
    check_free(out, force=force)


def check_apart(out: Path, *read: Path | None) -> None:
    """Refuse an output folder that would replace one of the inputs.

    Raises
    ------
    OutputError
        If ``out`` is or contains one of the files and folders to read.

    """
    for path in read:
        if path is not None and path.resolve().is_relative_to(out.resolve()):
            raise OutputError(f"contains the input {path.name}", path=out, remedy=_ELSEWHERE)


def input_file(path: Path, raw: Path) -> InputFile:
    """Describe an input file, with its path relative to the raw folder, or its name if it is elsewhere.

    Raises
    ------
    SourceError
        If it is missing or unreadable.

    """
    try:
        if path.resolve().is_relative_to(raw.resolve()):
            return InputFile.of(path.resolve(), raw.resolve())
        return InputFile(path.name, path.stat().st_size, sha256_of(path))
    except OSError as problem:
        raise unreadable(path, problem) from None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where raw files come from.

    Attributes
    ----------
    notice
        The notice of a generated tree; None for real files.
    population
        The patients that the ids identify: those of a data set, or of one synthetic hospital.

    """

    notice: str | None
    population: str

    @property
    def synthetic(self) -> bool:
        """Whether the files were generated."""
        return self.notice is not None

    @classmethod
    def of(cls, raw: Path, population: str) -> Origin:
        """Determine where the files of a tree come from.

        Parameters
        ----------
        raw
            The raw folder. ``SYNTHETIC.json`` is in it, or at the root of the tree that contains it.
        population
            The patients, if the files are real.

        Raises
        ------
        SourceError
            If its ``SYNTHETIC.json`` is malformed.

        """
        for path in (folder / SYNTHETIC for folder in tree_roots(raw)):
            if path.exists():
                about = read_json(path, SourceError)
                notice = about.get("notice")
                if not isinstance(notice, str):
                    raise SourceError("has no text 'notice'", path=path, remedy="Generate the folder again")
                return cls(notice, f"synthetic hospital {about.get('seed')}")
        return cls(None, population)
