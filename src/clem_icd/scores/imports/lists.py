"""Lists of codes by note: json files, the files of CAML, and the annotations of MDACE's systems."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from clem_icd.errors import CodeError, ScoresError
from clem_icd.files import read_json
from clem_icd.icd import CodeSystem
from clem_icd.scores.imports.foreign import ForeignCode, ForeignScores, Numbering, Sparse
from clem_icd.tabular.delimited import check_field, open_text

# A note, and its codes with their scores.
Listing = tuple[str, Iterable[tuple[ForeignCode, float]]]

_JSON = 'Write {"note": {"code": score}}, or {"note": ["code"]}'
_PSV = "Write a note a line: its admission and its codes, with | between them"
_MDACE = "Name a folder of files as MDACE's evaluation script reads them"


def read_json_lists(path: Path) -> ForeignScores:
    """Read a json object from notes to their codes: an object of codes and scores, or a list of codes.

    CAML's ``pred_100_scores_<split>.json`` is one: the 100 highest scores of every admission.

    Raises
    ------
    ScoresError
        If the file is something else, or a key is in an object twice; it names the note by its number.

    """
    try:
        # A whole number of any length becomes a float, if an infinite one.
        value = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_Object, parse_int=float)
    except FileNotFoundError:
        raise ScoresError("there is no such file", path=path, remedy="Name the file of scores") from None
    except (OSError, ValueError, RecursionError):
        raise ScoresError("is not readable as json", path=path, remedy=_JSON) from None
    if not isinstance(value, _Object):
        raise ScoresError("holds no json object", path=path, remedy=_JSON)
    return _gathered(path, ((note, _json_codes(path, row, codes)) for row, note, codes in _numbered(value)))


def read_psv(path: Path) -> ForeignScores:
    """Read CAML's ``preds_<split>.psv``: a line an admission, with ``|`` before each of its codes.

    Raises
    ------
    InputError
        If a line has no admission, or is no text.

    """
    return _gathered(path, _psv_lines(path))


def read_mdace(path: Path, *, by_admission: bool) -> ForeignScores:
    """Read the annotations that a system made: a json file an admission, as MDACE's script reads them.

    A code that a note has an annotation for scores 1.

    Parameters
    ----------
    by_admission
        Whether the codes are of the admission, instead of its notes.

    Raises
    ------
    ScoresError
        If there are no such files, or one is something else.

    """
    files = sorted(path.rglob("*.json")) if path.is_dir() else [path]
    if not files:
        raise ScoresError("holds no json files", path=path, remedy=_MDACE)
    codes_of: dict[str, dict[ForeignCode, float]] = {}
    for file in files:
        for note, code in _annotations(file, by_admission=by_admission):
            codes = codes_of.setdefault(note, {})
            if code is not None:
                codes[code] = 1.0
    return _gathered(path, ((note, codes.items()) for note, codes in codes_of.items()))


class _Object(list[tuple[str, Any]]):
    """A json object as its pairs, so that a key that is there twice is seen."""


def _gathered(path: Path, listings: Iterable[Listing]) -> ForeignScores:
    notes, codes = Numbering[str](), Numbering[ForeignCode]()
    entries: list[tuple[int, int, float, int]] = []
    for row, (note, scored) in enumerate(listings, start=1):
        if not note or note in notes:
            found = "has a note of an earlier record" if note else "has no id of a note"
            raise ScoresError(found, path=path, row=row, remedy="Give every note its own record")
        number = notes.number(note)
        entries.extend((number, codes.number(code), score, row) for code, score in scored)
    return ForeignScores(notes.keys, codes.keys, Sparse.of(entries))


def _numbered(pairs: _Object) -> Iterator[tuple[int, str, Any]]:
    return ((row, note.strip(), codes) for row, (note, codes) in enumerate(pairs, start=1))


def _json_codes(path: Path, row: int, codes: Any) -> list[tuple[ForeignCode, float]]:
    pairs = codes if isinstance(codes, _Object) else [(code, 1.0) for code in _as_list(path, row, codes)]
    for code, score in pairs:
        if not isinstance(code, str) or not code.strip():
            found = "has a code that is no text"
            raise ScoresError(
                found, path=path, row=row, remedy="Write codes as text: as a number, 0066 is 66"
            )
        if not isinstance(score, float):
            raise ScoresError("has no number as a score", path=path, row=row, remedy=_JSON)
    return [(ForeignCode(code.strip()), score) for code, score in pairs]


def _as_list(path: Path, row: int, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ScoresError("has neither an object nor a list of codes", path=path, row=row, remedy=_JSON)
    return value


def _psv_lines(path: Path) -> Iterator[Listing]:
    with open_text(path) as stream:
        for row, line in enumerate(stream, start=1):
            check_field(line, path, row)
            note, *codes = (part.strip() for part in line.split("|"))
            if not note.isdecimal():
                raise ScoresError("begins with no number of an admission", path=path, row=row, remedy=_PSV)
            yield note, [(ForeignCode(code), 1.0) for code in codes if code]


def _annotations(path: Path, *, by_admission: bool) -> Iterator[tuple[str, ForeignCode | None]]:
    """Yield every note with None, so that one without annotations is there too, and with each code."""
    record = read_json(path, ScoresError)
    try:
        for note in record["notes"]:
            key = str(record["hadm_id"] if by_admission else note["note_id"])
            yield key, None
            for annotation in note["annotations"]:
                yield key, ForeignCode(_text(annotation["code"]), _system(annotation["code_system"]))
    except (KeyError, TypeError):
        raise ScoresError("has no notes with annotations", path=path, remedy=_MDACE) from None


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise TypeError("a code is text")
    return value.strip()


def _system(name: Any) -> CodeSystem | None:
    try:
        return CodeSystem.parse(str(name))
    except CodeError:
        return None
