"""Tables in every dialect, and codes in every spelling: read as they were written, or refused."""

from __future__ import annotations

import codecs
import contextlib
import csv
import gzip
import io
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clem_icd.corpus import Corpus
from clem_icd.errors import ClemError
from clem_icd.icd import Code, CodeSystem, default_codebook
from clem_icd.sources import prepare_table
from clem_icd.tabular.codes import CodeReader

CODES = {
    CodeSystem.ICD10CM: ("E11.9", "I10", "S72.001A", "W21.89XA", "E80.15", "QA0", "C4A.9"),
    CodeSystem.ICD9CM: ("250.00", "401.9", "486", "V10.11", "E888.9", "042", "003.20", "250"),
    CodeSystem.ICD9PCS: ("37.23", "00.66", "39.50", "99"),
    CodeSystem.ICD10PCS: ("02703ZZ", "B2111ZZ", "GZFZZZZ", "3E03317"),
    CodeSystem.ICD10: ("E11.90", "I10", "M45.X0", "I20.0+0", "I48.9B"),
}
DIVIDERS = (";", "|", "\n", "\t", "\r\n", " ; ", "||", ";;", ":::", ",", ", ", " ,", " ", "  ")
AMBIGUOUS = (",", " ")

SYSTEM = st.sampled_from(list(CODES))
INVISIBLE = st.sampled_from(("", "", "", " ", "\u00a0", "\u200b", "\ufeff", "\u2009"))
WRAPPERS = ("{}", "{}", "{}", '="{}"', '"{}"', "'{}'", "'{}", "='{}'")
_BROKEN = re.compile("[ ,]")
LISTS = ("json", "python", "numpy", "postgresql", "parentheses")


@st.composite
def spelled(draw: st.DrawFn, code: str) -> str:
    """Return a code in another case, perhaps without its dot, with blanks around it and in a wrapper.

    A blank or comma may stand for its dot, or, in a long code without one, for nothing.
    """
    mark = draw(st.sampled_from((" ", ",", ", ")))
    broken = code.replace(".", mark) if "." in code else f"{code[:4]}{mark}{code[4:]}".removesuffix(mark)
    plain = code if "+" in code else code.replace(".", "")
    text = draw(st.sampled_from((code, code, code.lower(), code.lower(), plain, plain, broken)))
    return draw(st.sampled_from(WRAPPERS)).format(draw(INVISIBLE) + text + draw(INVISIBLE))


@st.composite
def cells(draw: st.DrawFn, system: CodeSystem) -> tuple[str, list[str], bool]:
    """Return a cell of codes, the codes, and whether the reader may refuse it."""
    codes = draw(st.lists(st.sampled_from(CODES[system]), max_size=4))
    form = draw(st.sampled_from(("divided", "divided", *LISTS)))
    distinct = list(dict.fromkeys(codes))
    if form == "divided":
        divider = draw(st.sampled_from(DIVIDERS))
        written_as = [draw(spelled(code)) for code in codes]
        is_broken = any(_BROKEN.search(text.strip("= '\"\u00a0\u200b\ufeff\u2009")) for text in written_as)
        cell = divider.join(written_as) + draw(st.sampled_from(("", divider)))
        return cell, distinct, is_broken or divider.strip() in ("", ",")
    written = {
        "json": json.dumps(codes),
        "python": repr(codes),
        "numpy": f"[{' '.join(map(repr, codes))}]",
        "postgresql": f"{{{','.join(codes)}}}",
        "parentheses": f"({', '.join(codes)})",
    }
    return written[form], distinct, form in ("postgresql", "parentheses")


@settings(max_examples=400, deadline=None)
@given(st.data(), SYSTEM)
def test_cell_has_the_codes_that_were_written_or_is_refused_where_it_is_ambiguous(
    data: st.DataObject, system: CodeSystem
) -> None:
    cell, written, may_refuse = data.draw(cells(system))
    reader = CodeReader(system, default_codebook())
    try:
        found = reader.codes(cell)
    except ClemError:
        assert may_refuse, cell
    else:
        assert found == tuple(Code(code, system) for code in written), cell


@settings(max_examples=200, deadline=None)
@given(st.text("E119I0.;,|: \n'\"[]{}()=`^-+*\u2020\u200b", max_size=30), SYSTEM)
def test_any_cell_has_codes_that_are_written_in_it_or_is_refused(cell: str, system: CodeSystem) -> None:
    with contextlib.suppress(ClemError):
        letters = "".join(character for character in cell.upper() if character.isalnum())
        for code in CodeReader(system, default_codebook()).codes(cell):
            assert "".join(character for character in code.value if character.isalnum()) in letters


TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30)
# What only quotation marks keep together, and what a cp1252 file can hold.
LINES = st.sampled_from(("", "a;b\tc|d,e", 'said "no" 16"', "\r\nnext line", "\n\n", "\t", "\\"))
LATIN = st.text("abc \u00e9\u00fc\u20ac\u2013\u0153", max_size=20)


@dataclass(frozen=True)
class Row:
    """A record as it is written."""

    note_id: str
    text: str
    cell: str
    codes: tuple[str, ...]


@st.composite
def tables(draw: st.DrawFn, *, latin: bool = False) -> list[Row]:
    """Return a few records with texts of one encoding and codes that no divider makes ambiguous."""
    rows = []
    for number in range(draw(st.integers(1, 6))):
        codes = draw(
            st.lists(st.sampled_from(CODES[CodeSystem.ICD10CM]), min_size=1, max_size=3, unique=True)
        )
        cell = draw(st.sampled_from((";", "|", "\n", ", ", " "))).join(codes)
        text = f"\u00e9 n\u00b0 {draw(LATIN if latin else TEXTS)}{draw(LINES)}."
        rows.append(Row(f"{number:03}", text, cell, tuple(codes)))
    return rows


def prepare(path: Path, **options: Any) -> Corpus:
    """Prepare a table with all of its notes in train."""
    out = path.parent / "out"
    return prepare_table(path, out, system=CodeSystem.ICD10CM, validation=0, test=0, force=True, **options)


def check(path: Path, rows: list[Row], **options: Any) -> None:
    """Prepare a table, and compare all its notes with what was written."""
    corpus = prepare(path, wrapped="keep", **options)
    found = [
        (note.note_id, note.text, tuple(code.value for code in note.codes)) for note in corpus.notes("train")
    ]
    assert found == [(row.note_id, row.text, row.codes) for row in rows]


@st.composite
def dialects(draw: st.DrawFn, rows: list[Row], *, latin: bool) -> tuple[bytes, str]:
    """Return a csv file in some dialect, and the encoding to name."""
    delimiter = draw(st.sampled_from((",", ";", "\t", "|")))
    end = draw(st.sampled_from(("\n", "\r\n", "\r")))
    buffer = io.StringIO(newline="")
    writer = csv.writer(
        buffer,
        delimiter=delimiter,
        lineterminator=end,
        # Python's writer does not quote a line end other than its own.
        quoting=csv.QUOTE_ALL if end == "\r" else draw(st.sampled_from((csv.QUOTE_ALL, csv.QUOTE_MINIMAL))),
    )
    header = ["note_id", "text", "codes", "other"]
    mark = draw(st.sampled_from(("", " ", "" if latin else "\u200b")))
    title = draw(st.booleans())
    writer.writerow([mark + (name.title() if title else name) + mark for name in header])
    for row in rows:
        buffer.write(draw(st.sampled_from(("", "", end))))
        writer.writerow([row.note_id, row.text, row.cell, "x"])
    text = draw(st.sampled_from(("", "", f"sep={delimiter}{end}"))) + buffer.getvalue()
    encoding, content = "utf-8", b""
    match draw(st.sampled_from(("cp1252",) if latin else ("utf-8", "bom", "utf-16", "utf-32", "named"))):
        case "bom":
            content = codecs.BOM_UTF8 + text.encode()
        case "named":
            encoding, content = "utf-16-le", text.encode("utf-16-le")
        case "cp1252":
            encoding, content = "cp1252", text.encode("cp1252")
        case name:
            content = text.encode(name)
    return (gzip.compress(content) if draw(st.booleans()) else content), encoding


ONE_FOLDER = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@settings(ONE_FOLDER, max_examples=120)
@given(st.data(), st.booleans())
def test_csv_of_every_dialect_is_read_as_it_was_written(
    tmp_path: Path, data: st.DataObject, latin: bool
) -> None:
    rows = data.draw(tables(latin=latin))
    content, encoding = data.draw(dialects(rows, latin=latin))
    path = tmp_path / data.draw(st.sampled_from(("t.csv", "t.tsv", "t.txt", "t.csv.gz")))
    path.write_bytes(content)
    check(path, rows, encoding=encoding)


@ONE_FOLDER
@given(st.data(), tables(), st.sampled_from(("text", "list", "objects")))
def test_jsonl_and_parquet_are_read_as_they_were_written(
    tmp_path: Path, data: st.DataObject, rows: list[Row], form: str
) -> None:
    def written(row: Row) -> Any:
        match form:
            case "text":
                return row.cell
            case "list":
                return list(row.codes)
            case _:
                return [{"code": code, "system": "icd10cm"} for code in row.codes]

    records: list[dict[str, Any]] = [
        {"note_id": row.note_id, "text": row.text, "codes": written(row)} for row in rows
    ]
    if data.draw(st.booleans()):
        path = tmp_path / "t.parquet"
        pl.DataFrame(records).write_parquet(path)
    else:
        path = tmp_path / "t.jsonl"
        lines = [json.dumps(one, ensure_ascii=data.draw(st.booleans())) for one in records]
        path.write_bytes((data.draw(st.sampled_from(("\n", "\r\n", "\n\n"))).join(lines)).encode())
    check(path, rows)


@ONE_FOLDER
@given(tables(), st.data())
def test_jsonl_with_different_keys_loses_no_code(
    tmp_path: Path, rows: list[Row], data: st.DataObject
) -> None:
    path = tmp_path / "t.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            keys = data.draw(st.permutations(["dx1", "DX2", "dx_3", "Dx4"]))
            columns = dict(zip(keys, row.codes, strict=False))
            file.write(json.dumps({"note_id": row.note_id, "text": row.text, **columns}) + "\n")
    corpus = prepare(path, wrapped="keep", codes="dx*")
    assert [{code.value for code in note.codes} for note in corpus.notes("train")] == [
        set(row.codes) for row in rows
    ]


HEADER = b"note_id,text,codes\n1,a,I10\n"
STARTS = (
    b"",
    HEADER,
    b"\xef\xbb\xbf" + HEADER,
    b"sep=;\n",
    b'{"note_id": 1, "text": "a", "codes": [] }\n',
    b"\xff\xfe",
    b"[",
    b"<",
    gzip.compress(HEADER, mtime=0),
    gzip.compress(HEADER, mtime=0)[:20],
    b"PAR1",
)
PIECES = (
    b'"',
    b'"2","b","I10"\n',
    b"\n",
    b"\r",
    b"\0",
    b",",
    b";",
    b"{",
    b"}",
    b"[]",
    b"\\",
    b"\xe9",
    b"\xed\xa0\x80",
)


@settings(ONE_FOLDER, max_examples=150)
@given(
    st.sampled_from(STARTS),
    st.lists(st.sampled_from(PIECES) | st.binary(max_size=12), max_size=8),
    st.sampled_from(("t.csv", "t.jsonl", "t.parquet")),
)
def test_any_bytes_are_a_table_or_an_error(
    tmp_path: Path, start: bytes, pieces: list[bytes], name: str
) -> None:
    path = tmp_path / name
    path.write_bytes(start + b"".join(pieces))
    with contextlib.suppress(ClemError):
        assert prepare(path).size("train") > 0


@settings(ONE_FOLDER, max_examples=60)
@given(st.data())
def test_damaged_parquet_is_a_table_or_an_error(tmp_path: Path, data: st.DataObject) -> None:
    buffer = io.BytesIO()
    pl.DataFrame({"note_id": ["1", "2"], "text": ["a", "b"], "codes": [["I10"], []]}).write_parquet(buffer)
    content = bytearray(buffer.getvalue())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "t.parquet"
    path.write_bytes(content[: data.draw(st.integers(len(content) // 2, len(content)))])
    with contextlib.suppress(ClemError):
        prepare(path)
