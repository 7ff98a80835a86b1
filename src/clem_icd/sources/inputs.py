"""What every source does: keep off the raw folder, describe its files, and count what it leaves out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from clem_icd.corpus import InputFile
from clem_icd.errors import OutputError, SourceError
from clem_icd.files import check_free, read_json, sha256_of
from clem_icd.sources.physionet import tree_roots
from clem_icd.tabular.refusals import unreadable

SYNTHETIC = "SYNTHETIC.json"


def check_raw(raw: Path) -> None:
    """Refuse a raw folder that is not there.

    Raises
    ------
    SourceError
        If ``raw`` is no folder.

    """
    if not raw.is_dir():
        raise SourceError(
            "there is no such folder", path=raw, remedy="Name the folder that holds the raw files"
        )


def check_out(out: Path, raw: Path, *, force: bool) -> None:
    """Refuse an output place that is occupied, or whose making would replace the raw files.

    Raises
    ------
    OutputError
        If ``out`` holds something and ``force`` is false, or it is or contains ``raw``.

    """
    if raw.resolve().is_relative_to(out.resolve()):
        raise OutputError("holds the raw files", path=out, remedy="Choose another place for the corpus")
    check_free(out, force=force)


def check_apart(out: Path, *read: Path | None) -> None:
    """Refuse an output place whose making would replace something that is read.

    Raises
    ------
    OutputError
        If ``out`` is or contains one of the files and folders.

    """
    for path in read:
        if path is not None and path.resolve().is_relative_to(out.resolve()):
            raise OutputError(
                f"holds {path.name}, which is read", path=out, remedy="Choose another place for the corpus"
            )


def input_file(path: Path, raw: Path) -> InputFile:
    """Describe an input file: by its name below the raw folder, or by its own name outside of it.

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
        What a generated tree says of itself; None for any other.
    population
        Whose admissions the ids are of: those of a data set, or of one synthetic hospital.

    """

    notice: str | None
    population: str

    @property
    def synthetic(self) -> bool:
        """Whether the files were generated."""
        return self.notice is not None

    @classmethod
    def of(cls, raw: Path, population: str) -> Origin:
        """Read where the files of a tree come from.

        Parameters
        ----------
        raw
            The raw folder. Its ``SYNTHETIC.json`` lies there, or at the root of the tree it is a part of.
        population
            Whose admissions they are if they are real.

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
                    raise SourceError("has no notice", path=path, remedy="Generate the folder again")
                return cls(notice, f"synthetic hospital {about.get('seed')}")
        return cls(None, population)
