"""The files of a CodiEsp split: texts, codes, and evidence in the Spanish texts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from clem_icd.corpus import MAX_CHARACTERS, Evidence
from clem_icd.errors import CodeError, SourceError
from clem_icd.icd import Code, CodeSystem
from clem_icd.tabular.delimited import check_text, open_text
from clem_icd.tabular.refusals import READ_ERRORS, unreadable

SYSTEMS = {"D": CodeSystem.ICD10CM, "P": CodeSystem.ICD10PCS}
_KINDS = {"DIAGNOSTICO": CodeSystem.ICD10CM, "PROCEDIMIENTO": CodeSystem.ICD10PCS}


@dataclass
class Spans:
    """The gold evidence of one split, by document, and what was odd about it."""

    by_document: dict[str, list[Evidence]] = field(default_factory=lambda: defaultdict(list))
    oddities: Counter[str] = field(default_factory=Counter)


def read_document(path: Path) -> str:
    """Return the text of a document, line ends as they are: offsets count them.

    Raises
    ------
    SourceError
        If the file is no UTF-8 text, empty, or longer than 1,000,000 characters.

    """
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        raise SourceError("is no UTF-8 text", path=path, remedy="Unpack the release again") from None
    except OSError as problem:
        raise unreadable(path, problem) from None
    if not text.strip():
        raise SourceError("is empty", path=path, remedy="Unpack the release again")
    if len(text) > MAX_CHARACTERS:
        raise SourceError(
            f"has {len(text):,} characters, expected one case of at most {MAX_CHARACTERS:,}", path=path
        )
    check_text(text, path, 1)
    return text


def read_codes(path: Path, system: CodeSystem) -> dict[str, list[Code]]:
    """Return the codes of every document, each once, in file order.

    Raises
    ------
    SourceError
        If the file is missing or malformed, or a code has not the shape of its system.

    """
    codes: dict[str, list[Code]] = defaultdict(list)
    for row, (document, text) in _rows(path, 2):
        code = _code(text, system, path, row)
        if code not in codes[document]:
            codes[document].append(code)
    return codes


def read_spans(path: Path, texts: dict[str, str], systems: set[CodeSystem]) -> Spans:
    """Return the evidence for codes of some systems. A discontinuous span becomes several.

    Raises
    ------
    SourceError
        If the file is malformed, or a span lies outside its text.

    """
    spans = Spans()
    for row, (document, kind, text, reference, position) in _rows(path, 5):
        system = _KINDS.get(kind)
        if system is None:
            raise SourceError(f"has a label that is none of {', '.join(_KINDS)}", path=path, row=row)
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
    # These files have neither a header nor quotation: a quotation mark is part of a reference text.
    with open_text(path) as stream:
        try:
            for row, line in enumerate(stream, start=1):
                check_text(line, path, row)
                values = line.rstrip("\r\n").split("\t")
                if len(values) != fields:
                    raise SourceError(
                        f"has {len(values)} fields, expected {fields}",
                        path=path,
                        row=row,
                        remedy="Unpack the release again",
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
        raise SourceError('has a malformed position, expected "begin end;begin end"', path=path, row=row)
    parts = [(int(begin), int(end)) for begin, end in numbers]
    for begin, end in parts:
        if not begin <= end <= characters:
            raise SourceError(
                f"has a span at {begin}:{end}, in a text of {characters} characters",
                path=path,
                row=row,
                remedy="Unpack the release again, and leave line ends as they are",
            )
    return parts
