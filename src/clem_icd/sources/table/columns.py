"""The columns of a user's table, by what they hold."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path

from clem_icd.errors import SourceError
from clem_icd.tabular.headers import has_any_column, has_column
from clem_icd.tabular.records import column_names, kind_of
from clem_icd.tabular.refusals import missing_column

_NUMBERED = re.compile(r"(.*[A-Za-z]_?)[0-9]+")


@dataclass(frozen=True, slots=True)
class Columns:
    """The names of the table's columns, by what they hold; None where there is no such column."""

    text: str
    note_id: str
    codes: tuple[str, ...]
    subject_id: str | None = None
    admission_id: str | None = None
    system_column: str | None = None
    split: str | None = None
    evidence: str | None = None

    def named(self) -> list[str]:
        """Return all names, each once."""
        return list(dict.fromkeys(name for _, name in self._each()))

    def found_in(self, path: Path, *, encoding: str) -> Columns:
        """Return the columns with every pattern, such as ``dx*``, replaced by the names in the header.

        Raises
        ------
        SourceError
            If the table lacks one; it names the option.

        """
        certain = [name for _, name in self._each() if "*" not in name]
        header = column_names(path, certain, encoding=encoding)
        is_header = kind_of(path, encoding) != "delimited" or has_any_column(header, certain)
        for option, name in self._each():
            if "*" not in name and not has_column(header, name):
                raise self._missing(path, header, option, name, is_header=is_header)
        return replace(self, codes=tuple(self._expanded(path, header)))

    def _each(self) -> Iterator[tuple[str, str]]:
        for field in fields(self):
            value = getattr(self, field.name)
            names: Sequence[str] = () if value is None else (value,) if isinstance(value, str) else value
            for name in names:
                yield f"--{field.name.replace('_', '-')}", name

    def _expanded(self, path: Path, header: Sequence[str]) -> Iterator[str]:
        for name in self.codes:
            if "*" not in name:
                yield name
                continue
            matching = [one for one in header if fnmatchcase(one.lower(), name.lower())]
            if not matching:
                raise missing_column(path, name, header, is_header=True)
            yield from matching

    @staticmethod
    def _missing(
        path: Path, header: Sequence[str], option: str, name: str, *, is_header: bool
    ) -> SourceError:
        error = missing_column(path, name, header, is_header=is_header)
        if "it has" not in error.found:
            return error
        numbered = [match[1] for column in header if (match := _NUMBERED.fullmatch(column))]
        if option == "--codes" and len(numbered) > 1:
            remedy = f"If several columns hold codes, pass --codes '{numbered[0]}*'"
        elif near := get_close_matches(name.lower(), [one.lower() for one in header], n=1):
            meant = next(one for one in header if one.lower() == near[0])
            remedy = f"Did you mean {meant!r}? Pass {option} {meant}" if meant.isidentifier() else ""
            remedy = remedy or f"Did you mean {meant!r}? Name it with {option}"
        else:
            remedy = f"Name the column with {option}"
        return SourceError(error.found, path=path, remedy=remedy)
