"""Reading the files of a CodiEsp split: texts, codes, and evidence in the Spanish texts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from clem_icd.corpus import Evidence
from clem_icd.errors import CodeError, SourceError
from clem_icd.icd import Code, CodeSystem
from clem_icd.tabular.delimited import check_field
from clem_icd.tabular.opening import open_text
from clem_icd.tabular.refusals import READ_ERRORS, unreadable
from clem_icd.texts.flaws import flaw_in

SYSTEMS = {"D": CodeSystem.ICD10CM, "P": CodeSystem.ICD10PCS}
_UNPACK = "Unpack the release again"

SPAN_KINDS = {"DIAGNOSTICO": CodeSystem.ICD10CM, "PROCEDIMIENTO": CodeSystem.ICD10PCS}


class SpanRow(NamedTuple):
    """A row of a file of evidence, with its number and its code and position as they are written."""

    row: int
    document: str
    system: CodeSystem
    code: str
    reference: str
    position: str


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
        code = parse_code(text, system, path, row)
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
    for row, document, system, text, reference, position in read_span_rows(path):
        if system not in systems or document not in texts:
            continue
        code = parse_code(text, system, path, row)
        parts = parse_position(position, path, row, characters=len(texts[document]))
        spans.oddities["empty"] += sum(begin == end for begin, end in parts)
        covered = " ".join(texts[document][begin:end] for begin, end in parts if begin < end)
        spans.oddities["differs"] += covered.split() != reference.split()
        spans.by_document[document] += [Evidence(code, begin, end) for begin, end in parts if begin < end]
    return spans


def read_span_rows(path: Path) -> Iterator[SpanRow]:
    """Yield the rows of a file of evidence.

    Raises
    ------
    SourceError
        If the file is missing or malformed.

    """
    for row, (document, kind, code, reference, position) in _rows(path, 5):
        system = SPAN_KINDS.get(kind)
        if system is None:
            raise SourceError(
                f"has an unknown label, expected one of {', '.join(SPAN_KINDS)}",
                path=path,
                row=row,
                remedy=_UNPACK,
            )
        yield SpanRow(row, document, system, code, reference, position)


def parse_code(text: str, system: CodeSystem, path: Path, row: int) -> Code:
    """Return a code as it is written in a row.

    Raises
    ------
    SourceError
        If it does not have the shape of its system.

    """
    try:
        return Code.parse(text, system)
    except CodeError as problem:
        raise SourceError(problem.found, path=path, row=row, remedy=problem.remedy) from None


def parse_position(
    position: str, path: Path, row: int, *, characters: int | None = None
) -> list[tuple[int, int]]:
    """Return the parts of a span: begin and end of each, half-open, in characters.

    Parameters
    ----------
    characters
        The length of the text, if it is known.

    Raises
    ------
    SourceError
        If the position is malformed, or outside the text.

    """
    numbers = [part.split() for part in position.split(";")]
    if not all(len(pair) == 2 and all(number.isdecimal() for number in pair) for pair in numbers):
        raise SourceError(
            'has a malformed position, expected "begin end;begin end"', path=path, row=row, remedy=_UNPACK
        )
    parts = [(int(begin), int(end)) for begin, end in numbers]
    for begin, end in parts:
        if begin > end or (characters is not None and end > characters):
            text = "" if characters is None else f" in a text of {characters} characters"
            raise SourceError(
                f"has a span at {begin}:{end}{text}",
                path=path,
                row=row,
                remedy=f"{_UNPACK}, and keep its line ends",
            )
    return parts


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
