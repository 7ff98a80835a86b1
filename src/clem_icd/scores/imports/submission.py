"""Submissions to CodiEsp: a text file without a header, with a line per document and code, best code first.

Tasks 1 and 2 have two columns, the document and its code. Task 3, and some files for the others, have four:
the document, its code among three more (a position or a text, and the kind of code).
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from clem_icd.errors import ScoresError
from clem_icd.scores.imports.external import ExternalCode, ExternalScores, Numbering, Sparse
from clem_icd.tabular.code_cells import looks_like_code
from clem_icd.tabular.delimited import check_field
from clem_icd.tabular.opening import open_text

_LINE = "Write a line per document and code: the document, a tab, the code"

RANKED = (
    "The file ranks its codes without scores: the first code of a note scores 1, the following ones less, "
    "and all of them more than 0.5"
)


def read_submission(path: Path) -> ExternalScores:
    """Read a submission; the codes of a document score from 1 down, in their order, and above 0.5.

    Raises
    ------
    InputError
        If a line does not have two or four fields, or no field that is a code.

    """
    listed: dict[str, dict[str, int]] = defaultdict(dict)
    with open_text(path) as stream:
        for row, line in enumerate(stream, start=1):
            if line.strip():
                check_field(line, path, row)
                document, code = _document_and_code(line, path, row)
                listed[document].setdefault(code, row)
    notes, codes = Numbering[str](), Numbering[ExternalCode]()
    entries = [
        (notes.number(document), codes.number(ExternalCode(code)), 1 - rank / (2 * len(ranked)), row)
        for document, ranked in listed.items()
        for rank, (code, row) in enumerate(ranked.items())
    ]
    remarks = (RANKED,) if any(len(ranked) > 1 for ranked in listed.values()) else ()
    return ExternalScores(notes.keys, codes.keys, Sparse.of(entries), remarks=remarks)


def is_submission(path: Path) -> bool:
    """Return whether the first line of a text file is one of a submission.

    Raises
    ------
    InputError
        If the file cannot be read.

    """
    with open_text(path) as stream:
        first = next((line for line in stream if line.strip()), "")
    return _code_in(first.rstrip("\r\n").split("\t")) is not None


def _document_and_code(line: str, path: Path, row: int) -> tuple[str, str]:
    fields = line.rstrip("\r\n").split("\t")
    code = _code_in(fields)
    if code is None:
        raise ScoresError("is not a document and its code", path=path, row=row, remedy=_LINE)
    return fields[0].strip(), code


def _code_in(fields: list[str]) -> str | None:
    if len(fields) not in (2, 4):
        return None
    return next((field.strip().upper() for field in fields[1:] if looks_like_code(field)), None)
