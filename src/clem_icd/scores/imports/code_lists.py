"""Lists of codes per note: JSON files, the files of CAML, and the annotations of MDACE's systems."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from clem_icd.errors import CodeError, InputError, ScoresError
from clem_icd.files import read_json
from clem_icd.icd import CodeSystem
from clem_icd.scores.imports.external import ExternalCode, ExternalScores, Numbering, Sparse
from clem_icd.scores.imports.spelling import plain_code
from clem_icd.tabular.delimited import check_field
from clem_icd.tabular.opening import open_text
from clem_icd.tabular.refusals import READ_ERRORS, unreadable

# The id of a note, and its codes with their scores.
Listing = tuple[str, Iterable[tuple[ExternalCode, float]]]

_JSON = 'Write {"note": {"code": score}}, or {"note": ["code"]}'
_POSITION = re.compile(r"LABEL_\d+")
_PIPELINE = (
    'Write {"note id": predictions} with the predictions of each note; call the pipeline with top_k=None and '
    "function_to_apply='sigmoid'"
)
ONE_PREDICTION = (
    "Every note has one prediction, its highest: call the pipeline with top_k=None to have all of them"
)
_PSV = "Write one line per admission: its id and its codes, separated by |"
_MDACE = "Name a folder of annotation files in MDACE's format"


def read_json_lists(
    path: Path, systems: Collection[CodeSystem] = (), *, encoding: str = "utf-8"
) -> ExternalScores:
    """Read a JSON object that maps each note to codes and scores.

    The value of a note is an object of codes and scores, a list of codes, or what ``transformers.pipeline``
    returns for it: a list of objects with ``label`` and ``score``, or one of them.

    CAML's ``pred_100_scores_<split>.json`` is one, with the 100 highest scores of each admission.

    Parameters
    ----------
    systems
        Those of the corpus.
    encoding
        The encoding of the file.

    Raises
    ------
    ScoresError
        If the file is malformed, or a key is repeated; the message gives the number of the note.

    """
    text = _json_text(path, encoding)
    try:
        # An integer of any length becomes a float, possibly an infinite one.
        value = json.loads(text, object_pairs_hook=_Object, parse_int=float)
    except (ValueError, RecursionError):
        raise ScoresError("not readable as JSON", path=path, remedy=_JSON) from None
    if isinstance(value, list) and _has_predictions(value):
        raise ScoresError("lists predictions without the ids of their notes", path=path, remedy=_PIPELINE)
    if not isinstance(value, _Object):
        name = "list" if isinstance(value, list) else type(value).__name__
        raise ScoresError(f"holds a JSON {name}, expected an object", path=path, remedy=_JSON)
    found = _collected(
        path, ((note, _json_codes(path, row, codes, systems)) for row, note, codes in _numbered(value))
    )
    if len(value) > 1 and all(_has_predictions([codes]) and len(_flat(codes)) == 1 for _, codes in value):
        return replace(found, remarks=(ONE_PREDICTION,))
    return found


def is_mdace(path: Path, *, encoding: str = "utf-8") -> bool:
    """Return whether a JSON file holds annotations in MDACE's format."""
    try:
        value = json.loads(_json_text(path, encoding))
    except (InputError, ValueError, RecursionError):
        return False  # what reads it will say why
    return isinstance(value, dict) and {"hadm_id", "notes"} <= value.keys()


def read_psv(path: Path, *, encoding: str = "utf-8") -> ExternalScores:
    """Read CAML's ``preds_<split>.psv``: one line per admission, with ``|`` before each code.

    Raises
    ------
    InputError
        If a line has no admission id, or is not valid text.

    """
    return _collected(path, _psv_lines(path, encoding))


def read_mdace(path: Path, *, by_admission: bool) -> ExternalScores:
    """Read the annotations of a system in MDACE's format: one JSON file per admission.

    A code with an annotation in a note scores 1.

    Parameters
    ----------
    by_admission
        Whether to assign the codes to admissions instead of notes.

    Raises
    ------
    ScoresError
        If there are no JSON files, or one is malformed.

    """
    files = sorted(path.rglob("*.json")) if path.is_dir() else [path]
    if not files:
        raise ScoresError("holds no JSON files", path=path, remedy=_MDACE)
    codes_of: dict[str, dict[ExternalCode, float]] = {}
    for file in files:
        for note, code in _annotations(file, by_admission=by_admission):
            codes = codes_of.setdefault(note, {})
            if code is not None:
                codes[code] = 1.0
    return _collected(path, ((note, codes.items()) for note, codes in codes_of.items()))


class _Object(list[tuple[str, Any]]):
    """A JSON object as its pairs, so that repeated keys are detected."""


def _collected(path: Path, listings: Iterable[Listing]) -> ExternalScores:
    notes, codes = Numbering[str](), Numbering[ExternalCode]()
    entries: list[tuple[int, int, float, int]] = []
    for row, (note, scored) in enumerate(listings, start=1):
        if not note or note in notes:
            found = "duplicate note id" if note else "has no note id"
            raise ScoresError(found, path=path, row=row, remedy="Write one record per note, with its id")
        number = notes.number(note)
        entries.extend((number, codes.number(code), score, row) for code, score in scored)
    return ExternalScores(notes.keys, codes.keys, Sparse.of(entries))


def _has_predictions(value: list[Any]) -> bool:
    first = value[0] if value else None
    first = first[0] if isinstance(first, list) and not isinstance(first, _Object) and first else first
    return isinstance(first, _Object) and {"label", "score"} <= dict(first).keys()


def _numbered(pairs: _Object) -> Iterator[tuple[int, str, Any]]:
    return ((row, note.strip(), codes) for row, (note, codes) in enumerate(pairs, start=1))


def _json_text(path: Path, encoding: str) -> str:
    if not path.is_file():
        raise ScoresError("no such file", path=path, remedy="Name the file with the scores")
    try:
        with open_text(path, encoding) as stream:
            text = stream.read()
    except READ_ERRORS as problem:
        raise unreadable(path, problem) from None
    check_field(text, path, encoding=encoding)
    return text


def _json_codes(
    path: Path, row: int, codes: Any, systems: Collection[CodeSystem]
) -> list[tuple[ExternalCode, float]]:
    codes = _flat(codes)
    pairs = codes if isinstance(codes, _Object) else [_pair(code) for code in _as_list(path, row, codes)]
    for code, score in pairs:
        if isinstance(code, str) and _POSITION.fullmatch(code):
            raise ScoresError(
                "has labels such as LABEL_0, which are positions and not codes",
                path=path,
                row=row,
                remedy="Set id2label in the model's config to the codes, and predict again",
            )
        if not isinstance(code, str) or not code.strip():
            found = "has a code that is not text"
            raise ScoresError(
                found, path=path, row=row, remedy="Write codes as text: as a number, 0066 becomes 66"
            )
        if not isinstance(score, float):
            raise ScoresError("has a score that is not a number", path=path, row=row, remedy=_JSON)
    return [(ExternalCode(plain_code(code, systems)), score) for code, score in pairs]


def _flat(codes: Any) -> Any:
    """Return the predictions of a note as a list: a pipeline returns one alone, or a list in a list."""
    if _has_predictions([codes]) and isinstance(codes, _Object):
        return [codes]
    is_nested = isinstance(codes, list) and not isinstance(codes, _Object) and len(codes) == 1
    inner = codes[0] if is_nested else None
    return inner if isinstance(inner, list) and not isinstance(inner, _Object) else codes


def _pair(item: Any) -> tuple[Any, Any]:
    """Return a listed code and its score: 1, unless ``transformers.pipeline`` wrote a label with a score."""
    if isinstance(item, _Object):
        named = dict(item)
        return named.get("label"), named.get("score")
    return item, 1.0


def _as_list(path: Path, row: int, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ScoresError("has neither an object nor a list of codes", path=path, row=row, remedy=_JSON)
    return value


def _psv_lines(path: Path, encoding: str) -> Iterator[Listing]:
    with open_text(path, encoding) as stream:
        for row, line in enumerate(stream, start=1):
            check_field(line, path, row, encoding)
            note, *codes = (part.strip() for part in line.split("|"))
            if not note.isdecimal():
                raise ScoresError("does not begin with an admission id", path=path, row=row, remedy=_PSV)
            yield note, [(ExternalCode(code), 1.0) for code in codes if code]


def _annotations(path: Path, *, by_admission: bool) -> Iterator[tuple[str, ExternalCode | None]]:
    """Yield each note with None, so that notes without annotations are included, and with each code."""
    record = read_json(path, ScoresError)
    try:
        for note in record["notes"]:
            key = str(record["hadm_id"] if by_admission else note["note_id"])
            yield key, None
            for annotation in note["annotations"]:
                yield key, ExternalCode(_text(annotation["code"]), _system(annotation["code_system"]))
    except (KeyError, TypeError):
        raise ScoresError("has no notes with annotations", path=path, remedy=_MDACE) from None


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise TypeError("expected a code as text")
    return value.strip()


def _system(name: Any) -> CodeSystem | None:
    try:
        return CodeSystem.parse(str(name))
    except CodeError:
        return None
