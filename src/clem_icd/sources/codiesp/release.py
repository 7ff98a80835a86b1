"""Reading the files of a CodiEsp split: texts, codes, and evidence in the Spanish texts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from clem_icd.corpus import Evidence
from clem_icd.errors import CodeError, SourceError
from clem_icd.icd import Code, CodeSystem
from clem_icd.tabular.delimited import check_field
from clem_icd.tabular.opening import open_text
from clem_icd.tabular.refusals import READ_ERRORS, unreadable
from clem_icd.texts.flaws import flaw_in

SYSTEMS = {"D": CodeSystem.ICD10CM, "P": CodeSystem.ICD10PCS}
_UNPACK = "Unpack the release again"

_KINDS = {"DIAGNOSTICO": CodeSystem.ICD10CM, "PROCEDIMIENTO": CodeSystem.ICD10PCS}


@dataclass
class Spans:
    """The gold evidence of one split by document, and a count of its oddities."""

    by_document: dict[str, list[Evidence]] = field(default_factory=lambda: defaultdict(list))
    oddities: Counter[str] = field(default_factory=Counter)


def read_document(path: Path) -> str:
    """Return the text of a document, keeping its line ends: offsets count them.

    Raises
    ------
    SourceError
        If the file is not UTF-8, or its text cannot be that of a note.

    """
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        raise SourceError("is not UTF-8 text", path=path, remedy=_UNPACK) from None
    except OSError as problem:
        raise unreadable(path, problem) from None
    if flaw := flaw_in(text):
        raise SourceError(flaw.found, path=path, remedy=_UNPACK)
    return text


def read_codes(path: Path, system: CodeSystem) -> dict[str, list[Code]]:
    """Return the codes of every document, each once, in file order.

    Raises
    ------
    SourceError
        If the file is missing or malformed, or a code does not have the shape of its system.

    """
    codes: dict[str, list[Code]] = defaultdict(list)
    for row, (document, text) in _rows(path, 2):
        code = _code(text, system, path, row)
        if code not in codes[document]:
            codes[document].append(code)
    return codes


def read_spans(path: Path, texts: dict[str, str], systems: set[CodeSystem]) -> Spans:
    """Return the evidence for codes of some systems. A discontinuous span becomes several spans.

    Raises
    ------
    SourceError
        If the file is malformed, or a span is outside its text.

    """
    spans = Spans()
    for row, (document, kind, text, reference, position) in _rows(path, 5):
        system = _KINDS.get(kind)
        if system is None:
            raise SourceError(
                f"has an unknown label, expected one of {', '.join(_KINDS)}",
                path=path,
                row=row,
                remedy=_UNPACK,
            )
        if system not in systems or document not in texts:
            continue
        code = _code(text, system, path, row)
        parts = _parts(position, len(texts[document]), path, row)
        spans.oddities["empty"] += sum(begin == end for begin, end in parts)
        covered = " ".join(texts[document][begin:end] for begin, end in parts if begin < end)
        spans.oddities["differs"] += covered.split() != reference.split()
        spans.by_document[document] += [Evidence(code, begin, end) for begin, end in parts if begin < end]
    return spans


def _rows(path: Path, fields: int) -> Iterator[tuple[int, list[str]]]:
    # These files have no header and no quoting: a quotation mark is part of a reference text.
    with open_text(path) as stream:
        try:
            for row, line in enumerate(stream, start=1):
                check_field(line, path, row)
                values = line.rstrip("\r\n").split("\t")
                if len(values) != fields:
                    raise SourceError(
                        f"has {len(values)} fields, expected {fields}",
                        path=path,
                        row=row,
                        remedy=_UNPACK,
                    )
                yield row, values
        except READ_ERRORS as problem:
            raise unreadable(path, problem) from None


def _code(text: str, system: CodeSystem, path: Path, row: int) -> Code:
    try:
        return Code.parse(text, system)
    except CodeError as problem:
        raise SourceError(problem.found, path=path, row=row, remedy=problem.remedy) from None


def _parts(position: str, characters: int, path: Path, row: int) -> list[tuple[int, int]]:
    numbers = [part.split() for part in position.split(";")]
    if not all(len(pair) == 2 and all(number.isdecimal() for number in pair) for pair in numbers):
        raise SourceError(
            'has a malformed position, expected "begin end;begin end"', path=path, row=row, remedy=_UNPACK
        )
    parts = [(int(begin), int(end)) for begin, end in numbers]
    for begin, end in parts:
        if not begin <= end <= characters:
            raise SourceError(
                f"has a span at {begin}:{end} in a text of {characters} characters",
                path=path,
                row=row,
                remedy=f"{_UNPACK}, and keep its line ends",
            )
    return parts
