"""Every error that a user of this package can meet, in one tree.

    ClemError                    what was found, what was expected, what to do
    ├── InputError               something given to us is not usable as it is
    │   ├── SourceError          a raw file: missing, misnamed, malformed
    │   ├── CorpusError          a corpus folder, or a row meant for one
    │   ├── CodeError            a text that is no code of its code system
    │   ├── NoteError            a note that cannot be read as text
    │   ├── RecipeError          a recipe, or a key=value on top of one
    │   ├── ModelError           a model folder
    │   └── ScoresError          a scores file, or scores that do not fit a corpus
    ├── OutputError              a result cannot be put where it was asked for
    ├── RunError                 a training run that cannot go on
    └── MissingExtraError        an optional package that is not installed

A message is one line. It names the file and the row where there are any, and ends with
the remedy. It never holds note text: a note is a patient.
"""

from __future__ import annotations

from pathlib import Path

__all__ = [
    "ClemError",
    "CodeError",
    "CorpusError",
    "InputError",
    "MissingExtraError",
    "ModelError",
    "NoteError",
    "OutputError",
    "RecipeError",
    "RunError",
    "ScoresError",
    "SourceError",
]


class ClemError(Exception):
    """The root of the tree.

    Parameters
    ----------
    found
        What is wrong, in one sentence without the final stop.
    path
        The file or folder that it is about.
    row
        The record in that file: 1 is the first one after a header.
    remedy
        What to do about it, in one sentence without the final stop.

    """

    def __init__(
        self,
        found: str,
        *,
        path: Path | str | None = None,
        row: int | None = None,
        remedy: str | None = None,
    ) -> None:
        self.found = found
        self.path = None if path is None else Path(path)
        self.row = row
        self.remedy = remedy
        super().__init__(self._line())

    def _line(self) -> str:
        place = "" if self.path is None else str(self.path)
        if self.row is not None:
            place += f", row {self.row}" if place else f"row {self.row}"
        parts = [f"{place}: {self.found}" if place else self.found]
        if self.remedy:
            parts.append(self.remedy)
        return " ".join(_sentence(part) for part in parts)


def _sentence(part: str) -> str:
    line = " ".join(part.split())
    return line if line.endswith(("?", ".")) else f"{line}."


class InputError(ClemError):
    """Something given to us is not usable as it is."""


class SourceError(InputError):
    """A raw file is missing, misnamed or malformed."""


class CorpusError(InputError):
    """A folder is no corpus that this version can read, or a row may not enter one."""


class CodeError(InputError):
    """A text is not a code of the code system it was said to be from."""


class NoteError(InputError):
    """A note cannot be read: empty, binary, or far too long to be one note."""


class RecipeError(InputError):
    """A recipe, or a ``key=value`` on top of one, is not valid."""


class ModelError(InputError):
    """A folder is no model that this version can read."""


class ScoresError(InputError):
    """A scores file is malformed, or does not belong to the corpus or the model beside it."""


class OutputError(ClemError):
    """A result cannot be put where it was asked for: occupied, read-only, or the disk is full."""


class RunError(ClemError):
    """A training run cannot go on."""


class MissingExtraError(ClemError):
    """An optional package is needed and not installed; the message names the extra that brings it."""
