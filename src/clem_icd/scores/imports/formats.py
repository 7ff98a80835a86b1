"""The file formats, and how to recognise them."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from pathlib import Path

from clem_icd.errors import ScoresError
from clem_icd.icd import CodeSystem
from clem_icd.icd.systems import shown
from clem_icd.scores.imports.code_lists import is_mdace, read_json_lists, read_mdace, read_psv
from clem_icd.scores.imports.external import ExternalScores
from clem_icd.scores.imports.label_list import read_label_list
from clem_icd.scores.imports.list_table import read_list_table
from clem_icd.scores.imports.long_table import LongColumns, read_long
from clem_icd.scores.imports.note_matching import NoteKey
from clem_icd.scores.imports.npz import read_npz
from clem_icd.scores.imports.submission import is_submission, read_submission
from clem_icd.scores.imports.table_files import LONGEST_NAME, TABLES, Table
from clem_icd.scores.imports.wide_table import EDIN_GOLD, EDIN_NOTE, read_wide
from clem_icd.tabular.headers import has_column
from clem_icd.tabular.opening import format_of_file, other_format
from clem_icd.tabular.records import column_names, suffix_of

FORMATS = {
    "long": "a table with one row per note and code; score optional",
    "wide": "a table with one row per note and one column per code",
    "npz": "NumPy arrays: scores, note_ids, labels",
    "lists": "a table with one row per note and all its codes in one cell",
    "json": "a JSON object from notes to codes and scores, or to lists of codes or predictions",
    "codiesp": "a submission to CodiEsp: a line per document and code, best code first, no header",
    "edin2023": "predictions_<split>.feather of Edin et al. (2023)",
    "edin2024": "predictions_<split>.feather of Edin et al. (2024)",
    "caml": "preds_<split>.psv or pred_100_scores_<split>.json of Mullenbach et al. (2018)",
    "mdace": "a folder of annotations by the systems of MDACE (Cheng et al. 2023)",
}
"""Description of every format, by its name."""

# The column of a table with all codes of a note, as in a table to prepare.
_CODES = "codes"

_CAML_JSON = re.compile(r"pred_100_scores_.+\.json")


@dataclass(frozen=True, slots=True)
class FileOptions:
    """How to read a file.

    Attributes
    ----------
    format
        A name of `FORMATS`, or ``auto``.
    columns
        The column names of a long table.
    labels
        A file with the label list: the codes that the system can assign, or the columns of an array.
    by
        The key by which the file names notes; None to detect it.
    encoding
        The encoding of a text file.

    """

    format: str = "auto"
    columns: LongColumns = field(default_factory=LongColumns)
    labels: Path | None = None
    by: NoteKey | None = None
    encoding: str = "utf-8"


def read_external(
    path: Path, reading: FileOptions, systems: Collection[CodeSystem] = ()
) -> tuple[str, ExternalScores]:
    """Read a file, and return the name of its format and its content.

    Parameters
    ----------
    systems
        The code systems of the corpus.

    Raises
    ------
    InputError
        If the format is unknown, or the file is missing or malformed.

    """
    if reading.format not in ("auto", *FORMATS):
        raise ScoresError(
            f"unknown format {reading.format!r}", remedy=f"Use auto or one of {', '.join(FORMATS)}"
        )
    columns, encoding = reading.columns, reading.encoding
    name = _detected(path, columns, encoding) if reading.format == "auto" else reading.format
    listed = None if reading.labels is None else read_label_list(reading.labels, systems)
    match name:
        case "npz":
            return name, read_npz(path, listed)
        case "wide" | "edin2023" | "edin2024" if listed is not None:
            raise ScoresError("names its own labels", path=path, remedy="Leave out --labels")
        case "wide":
            return name, read_wide(path, columns.note, encoding=encoding)
        case "edin2023" | "edin2024":
            return name, read_wide(path, EDIN_NOTE, EDIN_GOLD, encoding=encoding)
        case "long":
            content = read_long(path, columns, systems, encoding=encoding)
        case "lists":
            codes = _list_column(path, columns, encoding)
            content = read_list_table(path, columns.note, codes, columns.system, systems, encoding=encoding)
        case "codiesp":
            content = read_submission(path, encoding=encoding)
        case "json":
            content = read_json_lists(path, systems, encoding=encoding)
        case "caml" if suffix_of(path) == ".json":
            content = read_json_lists(path, systems, encoding=encoding)
        case "caml":
            content = read_psv(path, encoding=encoding)
        case _:
            content = read_mdace(path, by_admission=reading.by == "admission_id")
    return name, replace(content, label_list=listed)


def _detected(path: Path, columns: LongColumns, encoding: str) -> str:
    kind = suffix_of(path)
    if path.is_dir():
        return "mdace"
    if kind == ".npz":
        return "npz"
    if kind == ".psv" or _CAML_JSON.fullmatch(path.name):
        return "caml"
    if kind == ".json":
        return "mdace" if is_mdace(path, encoding=encoding) else "json"
    if kind == ".jsonl":
        names = column_names(path, encoding=encoding)
        return "long" if has_column(names, columns.code) and has_column(names, columns.score) else "lists"
    if kind not in TABLES:
        if path.is_file() and (found := format_of_file(path)):
            raise other_format(path, found, "scores")
        raise ScoresError(
            f"has a format that its suffix {shown(kind, LONGEST_NAME)} does not identify",
            path=path,
            remedy=f"Name the format with --format: {', '.join(FORMATS)}",
        )
    table = Table(path, [columns.note, columns.code], encoding)
    if EDIN_NOTE in table.schema and EDIN_GOLD in table.schema:
        # Both pipelines write the same layout; their codes differ in a final dot, accepted either way.
        return "edin2024"
    if table.has(columns.code):
        return "long"
    if table.has(columns.note) and table.has(_CODES):
        return "lists"
    if table.delimiter is not None and not table.has(columns.note) and is_submission(path, encoding=encoding):
        return "codiesp"
    return "wide"


def _list_column(path: Path, columns: LongColumns, encoding: str) -> str:
    names = column_names(path, [columns.note], encoding=encoding)
    if has_column(names, columns.score) or has_column(names, f"{columns.score}s"):
        raise ScoresError(
            "has a column of scores, but every listed code would score 1",
            path=path,
            remedy='Write a long table, or a JSON object {"note": {"code": score}}',
        )
    is_default = columns.code == LongColumns().code
    return _CODES if is_default and not has_column(names, columns.code) else columns.code
