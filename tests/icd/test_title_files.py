from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clem_icd.errors import SourceError
from clem_icd.icd import Code, CodeSystem, read_titles

ICD9CM, ICD9PCS, ICD10CM, ICD10PCS, ICD10, CPT = CodeSystem


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    data = text.encode(encoding)
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


@pytest.mark.parametrize(
    ("name", "kind"), [("D_ICD_DIAGNOSES.csv", ICD9CM), ("D_ICD_PROCEDURES.csv.gz", ICD9PCS)]
)
def test_mimic3_tables_are_read(tmp_path: Path, name: str, kind: CodeSystem) -> None:
    text = '"ROW_ID","ICD9_CODE","SHORT_TITLE","LONG_TITLE"\r\n1,"0066","Short","Long, with a comma"\r\n'
    code = Code("00.66", ICD9PCS) if kind is ICD9PCS else Code("006.6", ICD9CM)
    assert read_titles(write(tmp_path / name, text)) == {code: "Long, with a comma"}


def test_mimic4_keeps_the_versions_apart(tmp_path: Path) -> None:
    rows = ['0010,9,"Cholera, ""classical"""', "A000   ,10,Cholera", 'I10,10,"Two\nlines"', "odd01,10,Kept"]
    text = "\n".join(["icd_code,icd_version,long_title", *rows])
    found = read_titles(write(tmp_path / "d_icd_diagnoses.csv.gz", text))
    assert found == {
        Code("001.0", ICD9CM): 'Cholera, "classical"',
        Code("A00.0", ICD10CM): "Cholera",
        Code("I10", ICD10CM): "Two lines",
        Code("ODD.01", ICD10CM): "Kept",
    }


def test_the_given_system_decides_when_the_file_name_does_not(tmp_path: Path) -> None:
    path = write(
        tmp_path / "titles.csv", "icd_code,icd_version,long_title\n0066,9,PTCA\n02703ZZ,10,Dilation\n"
    )
    assert set(read_titles(path, ICD10PCS)) == {Code("00.66", ICD9PCS), Code("02703ZZ", ICD10PCS)}
    with pytest.raises(SourceError, match="diagnoses or procedures"):
        read_titles(path)


def test_any_csv_with_code_and_title_columns_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "mine.csv", "\ufeffCode,Title\nI10.,Hypertension\n")
    assert read_titles(path, ICD10CM) == {Code("I10", ICD10CM): "Hypertension"}
    with pytest.raises(SourceError, match="Name the code system"):
        read_titles(path)


@pytest.mark.parametrize("column", ["code", "icd10_code", "icd_version,icd_code"])
def test_titles_of_icd10_are_read_without_the_marks_of_their_codes(tmp_path: Path, column: str) -> None:
    version = "10," if "," in column else ""
    rows = [f"{version}E11.40\u2020,Diabetes", f"{version}G632*,Polyneuropathie", f"{version}I20.0+0,Angor"]
    path = write(tmp_path / "mine.csv", "\n".join([f"{column},title", *rows]))
    assert read_titles(path, ICD10) == {
        Code("E11.40", ICD10): "Diabetes",
        Code("G63.2", ICD10): "Polyneuropathie",
        Code("I20.0+0", ICD10): "Angor",
    }


def test_a_list_of_icd10_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "icd10.txt", "A00.0 Cholera\nA00.1 Cholera eltor\n")
    assert read_titles(path, ICD10)[Code("A00.1", ICD10)] == "Cholera eltor"


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_cms_lists_are_read(tmp_path: Path, ending: str) -> None:
    codes = write(
        tmp_path / "codes.txt", ending.join(["A000    Cholera due to x", "I10     Hypertension", ""])
    )
    assert read_titles(codes, ICD10CM) == {
        Code("A00.0", ICD10CM): "Cholera due to x",
        Code("I10", ICD10CM): "Hypertension",
    }
    long = write(
        tmp_path / "DX.txt", f"0413  Friedländer's bacillus{ending}00320 Local infection", "iso-8859-1"
    )
    assert read_titles(long, ICD9CM) == {
        Code("041.3", ICD9CM): "Friedländer's bacillus",
        Code("003.20", ICD9CM): "Local infection",
    }


def test_cms_order_files_are_read(tmp_path: Path) -> None:
    lines = [f"{n:05} {code:7} {flag} {short:60} {title}" for n, code, flag, short, title in ORDER]
    found = read_titles(write(tmp_path / "order.txt", "\r\n".join(lines)), ICD10CM)
    assert found == {
        Code("A00", ICD10CM): "Cholera",
        Code("T81.32XA", ICD10CM): "Disruption, initial encounter",
    }


ORDER = [
    (1, "A00", 0, "Cholera", "Cholera"),
    (2, "T8132XA", 1, "Disrupt, init", "Disruption, initial encounter"),
]


@pytest.mark.parametrize(
    ("name", "text", "message", "row"),
    [
        ("D_ICD_DIAGNOSES.csv", "", "no column icd9_code", None),
        ("D_ICD_DIAGNOSES.csv", "ICD9_CODE,SHORT\n0010,x\n", "no column long_title", None),
        ("D_ICD_DIAGNOSES.csv", "ICD9_CODE,LONG_TITLE\n0010,a\n0011\n", "has 1 fields, expected 2", 2),
        ("D_ICD_DIAGNOSES.csv", "ICD9_CODE,LONG_TITLE\n0010,a,b\n", "has 3 fields, expected 2", 1),
        ("D_ICD_DIAGNOSES.csv", "ICD9_CODE,LONG_TITLE\n0010, \n", "has no code or no title", 1),
        ("D_ICD_DIAGNOSES.csv", 'ICD9_CODE,LONG_TITLE\n0010,"a', "not well-formed csv", 2),
        ("d_icd_diagnoses.csv", "icd_code,icd_version,long_title\n0010,ten,a\n", "no ICD version 9 or 10", 1),
        (
            "D_ICD_DIAGNOSES.csv",
            "ICD9_CODE,LONG_TITLE\nA00,a\nB00,b\n0010,c\n",
            "2 of 3 codes do not have",
            1,
        ),
        ("titles.csv.gz", "icd9_code,title\n0010,a\n", "diagnoses or procedures", None),
    ],
)
def test_malformed_tables_are_refused(
    tmp_path: Path, name: str, text: str, message: str, row: int | None
) -> None:
    path = write(tmp_path / name, text)
    with pytest.raises(SourceError, match=message) as raised:
        read_titles(path)
    assert (raised.value.path, raised.value.row) == (path, row)
    assert raised.value.remedy


@pytest.mark.parametrize(
    ("text", "system", "message", "row"),
    [
        ("A000 a\nA001\n", ICD10CM, "has no code or no title", 2),
        ("0010 a\n0011 b\n", ICD10CM, "2 of 2 codes do not have the shape of ICD-10-CM", 1),
        ("A000 a\n", None, "does not state its code system", None),
    ],
)
def test_malformed_lists_are_refused(
    tmp_path: Path, text: str, system: CodeSystem | None, message: str, row: int | None
) -> None:
    with pytest.raises(SourceError, match=message) as raised:
        read_titles(write(tmp_path / "list.txt", text), system)
    assert raised.value.row == row


def test_unreadable_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such file"):
        read_titles(tmp_path / "missing.csv")
    whole = gzip.compress(b"ICD9_CODE,LONG_TITLE\n0010,Cholera\n")
    for data in (whole[:-9], b"no gzip at all"):
        path = tmp_path / "D_ICD_DIAGNOSES.csv.gz"
        path.write_bytes(data)
        with pytest.raises(SourceError, match="cannot be read"):
            read_titles(path)


printable = st.characters(exclude_categories=["C", "Z"], include_characters=" ")
titles = st.text(printable, min_size=1).filter(lambda text: text.split() and text.isprintable())


@settings(max_examples=50)
@given(st.dictionaries(st.from_regex(r"[0-9]{2}\.[0-9]{2}", fullmatch=True), titles, min_size=1))
def test_tables_round_trip(tmp_path_factory: pytest.TempPathFactory, rows: dict[str, str]) -> None:
    lines = [f'"{code}","{title.replace(chr(34), 2 * chr(34))}"' for code, title in rows.items()]
    path = write(tmp_path_factory.mktemp("titles") / "mine.csv", "\n".join(["code,title", *lines]))
    assert read_titles(path, ICD9PCS) == {
        Code(code, ICD9PCS): " ".join(title.split()) for code, title in rows.items()
    }
