"""Submissions to CodiEsp: a text file without a header, with a line per document and code, best code first.

Tasks 1 and 2 have two columns, the document and its code. Task 3, and some files for the others, have four:
the document, its code among three more (a position or a text, and the kind of code).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from clem_icd.errors import ScoresError
from clem_icd.scores.imports.external import ExternalCode, ExternalScores, Numbering, Sparse
from clem_icd.tabular.code_cells import looks_like_code
from clem_icd.tabular.delimited import check_field
from clem_icd.tabular.opening import open_text

_WIDTHS = 2, 4
_KINDS = "DIAGNOSTICO", "PROCEDIMIENTO"

_LINE = "Write a line per document and code: the document, a tab, the code"

RANKED = (
    "The file ranks its codes without scores: the first code of a note scores 1, the following ones less, "
    "and all of them more than 0.5"
)


def read_submission(path: Path, *, encoding: str = "utf-8") -> ExternalScores:
    """Read a submission; the codes of a document score from 1 down, in their order, and above 0.5.

    Raises
    ------
    InputError
        If a line does not have two or four fields, or there is not one column of codes.

    """
    lines = list(_lines(path, encoding))
    column = _code_column(path, lines) if lines else 0
    listed: dict[str, dict[str, int]] = defaultdict(dict)
    for row, fields in lines:
        listed[fields[0]].setdefault(fields[column].upper(), row)
    notes, codes = Numbering[str](), Numbering[ExternalCode]()
    entries = [
        (notes.number(document), codes.number(ExternalCode(code)), 1 - rank / (2 * len(ranked)), row)
        for document, ranked in listed.items()
        for rank, (code, row) in enumerate(ranked.items())
    ]
    remarks = (RANKED,) if any(len(ranked) > 1 for ranked in listed.values()) else ()
    return ExternalScores(notes.keys, codes.keys, Sparse.of(entries), remarks=remarks)


def is_submission(path: Path, *, encoding: str = "utf-8") -> bool:
    """Return whether the first line of a text file is one of a submission.

    Raises
    ------
    InputError
        If the file cannot be read.

    """
    with open_text(path, encoding) as stream:
        first = next((line for line in stream if line.strip()), "")
    fields = first.split("\t")
    return len(fields) in _WIDTHS and any(map(looks_like_code, fields[1:]))


Line = tuple[int, list[str]]


def _lines(path: Path, encoding: str) -> Iterator[Line]:
    """Yield the number and the fields of every line, all with as many fields as the first."""
    width = None
    with open_text(path, encoding) as stream:
        for row, line in enumerate(stream, start=1):
            if not line.strip():
                continue
            check_field(line, path, row, encoding)
            fields = [field.strip() for field in line.split("\t")]
            width = width or len(fields)
            if len(fields) != width or width not in _WIDTHS:
                raise _no_line(path, row)
            yield row, fields


def _code_column(path: Path, lines: Sequence[Line]) -> int:
    """Return the position of the codes: beside their kinds, or the only column with a code in every line."""
    columns = range(1, len(lines[0][1]))
    coded = [column for column in columns if all(looks_like_code(fields[column]) for _, fields in lines)]
    beside = [column for column in coded if all(fields[column - 1].upper() in _KINDS for _, fields in lines)]
    found = beside or coded
    if len(found) > 1:
        raise ScoresError(
            f"has several columns that may hold the codes: {' and '.join(str(one + 1) for one in found)}",
            path=path,
            remedy="Keep two columns, the document and its code",
        )
    if not found:
        likeliest = max(columns, key=lambda one: sum(looks_like_code(fields[one]) for _, fields in lines))
        raise _no_line(path, next(row for row, fields in lines if not looks_like_code(fields[likeliest])))
    return found[0]


def _no_line(path: Path, row: int) -> ScoresError:
    return ScoresError("is not a document and its code", path=path, row=row, remedy=_LINE)
