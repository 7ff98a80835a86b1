"""The errors that a user of this package can see, as one tree.

    ClemError                    root: what was found, what was expected, what to do
    ├── InputError               unusable input
    │   ├── SourceError          a raw file is missing, misnamed or malformed
    │   ├── CorpusError          a corpus folder, or a row for one, is invalid
    │   ├── CodeError            a text is not a code of its code system
    │   ├── NoteError            a note cannot be read as text
    │   ├── RecipeError          a recipe, or a KEY=VALUE override, is invalid
    │   ├── ModelError           a model folder is invalid
    │   └── ScoresError          a scores file is malformed or does not match its corpus
    ├── OutputError              a result cannot be written to its destination
    ├── RunError                 a training run cannot continue
    ├── ReviewError              a review cannot do what is asked
    │   ├── NotFoundError        there is no such encounter, document or code
    │   └── ConflictError        someone else was faster, or the encounter is submitted
    └── MissingExtraError        an optional package is not installed

A message is one line. It names the file and the row, if any, and ends with the remedy. It never contains note
text, which is patient data.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

__all__ = [
    "ClemError",
    "CodeError",
    "ConflictError",
    "CorpusError",
    "InputError",
    "MissingExtraError",
    "ModelError",
    "NotFoundError",
    "NoteError",
    "OutputError",
    "RecipeError",
    "ReviewError",
    "RunError",
    "ScoresError",
    "SourceError",
]


class ClemError(Exception):
    """The root of the tree: one line with the finding, its location and the remedy.

    Parameters
    ----------
    found
        What is wrong, as one sentence without a full stop.
    path
        The file or folder concerned.
    row
        The record in that file, from 1, not counting a header.
    remedy
        What to do about it, as one sentence without a full stop.

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

    def __reduce__(self) -> tuple[Any, ...]:
        """Let an error be sent from one process to another."""
        return _rebuilt, (type(self), self.found, self.path, self.row, self.remedy)

    def _line(self) -> str:
        location = "" if self.path is None else str(self.path)
        if self.row is not None:
            location += f", row {self.row}" if location else f"row {self.row}"
        parts = [f"{location}: {self.found}" if location else self.found]
        if self.remedy:
            parts.append(self.remedy)
        return " ".join(_sentence(part) for part in parts)


def _rebuilt(
    kind: type[ClemError], found: str, path: Path | None, row: int | None, remedy: str | None
) -> ClemError:
    # Some classes take other arguments.
    error = kind.__new__(kind)
    ClemError.__init__(error, found, path=path, row=row, remedy=remedy)
    return error


def _sentence(part: str) -> str:
    line = " ".join(part.split())
    return line if line.endswith(("?", ".")) else f"{line}."


class InputError(ClemError):
    """An input is not usable as it is."""


class SourceError(InputError):
    """A raw file is missing, misnamed or malformed."""


class CorpusError(InputError):
    """A folder is not a corpus that this version can read, or a row is not valid in a corpus."""


class CodeError(InputError):
    """A text is not a code of its code system."""


class NoteError(InputError):
    """A note cannot be read: it is empty, binary, or far too long for a single note."""


class RecipeError(InputError):
    """A recipe, or a ``KEY=VALUE`` override, is not valid."""


class ModelError(InputError):
    """A folder is not a model that this version can read."""


class ScoresError(InputError):
    """A scores file is malformed, or does not match its corpus or model."""


class OutputError(ClemError):
    """A result cannot be written: the destination is occupied or read-only, or the disk is full."""


class RunError(ClemError):
    """A long run, of training or of scoring, cannot continue."""


class ReviewError(ClemError):
    """A review cannot do what is asked."""


class NotFoundError(ReviewError):
    """There is no such encounter, document or code."""


class ConflictError(ReviewError):
    """What is asked does not fit what is stored by now: it was changed, or its encounter is submitted."""


class MissingExtraError(ClemError):
    """A required optional package is not installed; the message names the extra that installs it."""
