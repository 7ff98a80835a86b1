"""Long tables: the accepted content, and refusals that give the row."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from clem_icd.errors import InputError, ScoresError
from clem_icd.icd import CodeSystem
from clem_icd.scores.imports import LongColumns
from clem_icd.scores.imports.spelling import plain_code, system_named

HEADER = "note_id,code,score\n"
# One record per note, so that none is missing.
ALL = HEADER + "n1,486,0.25\nn2,250.00,0.5\nn3,37.23,0.75\nn4,,\n"


def write(folder: Path, text: str, name: str = "theirs.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_scores_reach_their_note_and_label(bring: Any, tmp_path: Path) -> None:
    found = bring(write(tmp_path, ALL))
    assert (found["n1", "486"], found["n2", "250.00"], found["n3", "37.23"]) == (0.25, 0.5, 0.75)
    assert found.above_zero == {("n1", "486"), ("n2", "250.00"), ("n3", "37.23")}
    assert found.findings.format == "long"
    assert found.findings.by == "note_id"


def test_listed_codes_without_scores_score_1_with_a_warning(bring: Any, tmp_path: Path) -> None:
    found = bring(write(tmp_path, "note_id,code\nn1,486\nn1,00.66\nn2,372.3\nn3,\nn4,\n"))
    assert found.above_zero == {("n1", "486"), ("n1", "00.66"), ("n2", "372.3")}
    assert found.values.max() == 1
    assert any("does not rank its codes" in line for line in found.scores.warnings)


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        (ALL.replace("score", "probability"), LongColumns()),
        (ALL, LongColumns(score="p")),
        ("note_id,code\nn1,486\nn2,486\nn3,\nn4,\n", LongColumns(score="p")),
    ],
)
def test_table_with_a_misnamed_score_column_is_not_read_as_a_list_of_codes(
    bring: Any, tmp_path: Path, text: str, columns: LongColumns
) -> None:
    with pytest.raises(ScoresError, match=r"has no column '(score|p)'; it has .*--score-column"):
        bring(write(tmp_path, text), columns=columns, format="long")


@pytest.mark.parametrize("name", ["theirs.csv.gz", "theirs.tsv", "theirs.parquet", "theirs.feather"])
def test_all_table_formats_give_the_same_scores(bring: Any, tmp_path: Path, name: str) -> None:
    expected = bring(write(tmp_path, ALL)).values
    path = tmp_path / name
    frame = pl.read_csv(ALL.encode(), infer_schema=False)
    match path.suffix:
        case ".gz":
            path.write_bytes(gzip.compress(ALL.encode()))
        case ".tsv":
            path.write_text(ALL.replace(",", "\t"), encoding="utf-8")
        case ".parquet":
            frame.with_columns(pl.col("score").cast(pl.Float64)).write_parquet(path)
        case _:
            frame.with_columns(pl.col("score").cast(pl.Float32)).write_ipc(path)
    assert (bring(path).values == expected).all()


def test_columns_can_have_other_names(bring: Any, tmp_path: Path) -> None:
    text = ALL.replace(HEADER, "hadm_id,icd,p\n").replace("n", "10")
    found = bring(write(tmp_path, text), columns=LongColumns("hadm_id", "icd", "p"), format="long")
    assert found["n3", "37.23"] == 0.75
    assert found.findings.by == "admission_id"


def test_integers_are_accepted_as_ids_and_floats_are_refused(bring: Any, tmp_path: Path) -> None:
    frame = pl.DataFrame({"note_id": [101, 102, 103, 104], "code": ["486"] * 4, "score": [0.5] * 4})
    frame.write_parquet(tmp_path / "ints.parquet")
    assert bring(tmp_path / "ints.parquet")["n4", "486"] == 0.5
    frame.cast({"note_id": pl.Float64}).write_parquet(tmp_path / "floats.parquet")
    with pytest.raises(ScoresError, match=r"123 becomes 123\.0"):
        bring(tmp_path / "floats.parquet")


def test_numeric_codes_are_refused(bring: Any, tmp_path: Path) -> None:
    frame = pl.DataFrame({"note_id": ["n1", "n2", "n3", "n4"], "code": [486, 486, 486, 66]})
    frame.write_parquet(tmp_path / "theirs.parquet")
    with pytest.raises(ScoresError, match="as a number, 0066 becomes 66"):
        bring(tmp_path / "theirs.parquet")


BAD = {
    "no note": ("n1,486,0.5\n,486,0.5\n", 2, "no note id"),
    "no code": ("n1,486,0.5\nn2,,0.5\n", 2, "a score but no code"),
    "no score": ("n1,486,0.5\nn2,486,\n", 2, "a score that is not a number"),
    "a text as score": ("n1,486,0.5\nn2,486,high\n", 2, "a score that is not a number"),
    "NaN": ("n1,486,0.5\nn2,486,nan\n", 2, "not a finite number"),
    "infinity": ("n1,486,0.5\nn2,486,0.5\nn3,486,-inf\n", 3, "not a finite number"),
    "too large for float32": ("n1,486,1e60\n", 1, "not a finite number"),
    "a repeated pair": ("n1,486,0.5\nn2,486,0.5\nn1,486,0.7\n", 3, "duplicate note and code"),
    "a repeated pair with other dots": (
        "n1,486,0.5\nn2,250.00,0.5\nn2,25000,0.5\n",
        3,
        "duplicate note and code",
    ),
    "too many fields": ("n1,486,0.5\nn2,486,0.5,1\n", 2, "has 4 fields, expected 3"),
    "an open quotation": ('n1,486,0.5\nn2,"486,0.5\nn3,486,0.5\n', 2, "quotation"),
}


@pytest.mark.parametrize("name", BAD)
def test_malformed_record_is_refused_with_its_row(bring: Any, tmp_path: Path, name: str) -> None:
    rows, row, message = BAD[name]
    path = write(tmp_path, HEADER + rows)
    with pytest.raises(InputError) as caught:
        bring(path, missing="zero")
    assert message in str(caught.value)
    assert (caught.value.path, caught.value.row) == (path, row)
    assert caught.value.remedy
    assert not (tmp_path / "out" / "scores.parquet").exists()


def test_other_encodings_are_refused(bring: Any, tmp_path: Path) -> None:
    path = tmp_path / "theirs.csv"
    path.write_bytes(HEADER.encode() + b"n1,486,0.5\nn\xe3o,486,0.5\n")
    with pytest.raises(InputError, match=r"row 2: contains bytes that are not utf-8 text"):
        bring(path)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("theirs.csv", "", "is empty, expected a header"),
        ("theirs.parquet", "note_id,code\n", "damaged, or not in the format"),
        ("theirs.csv", "note_id,code\n", "has no records"),
        ("theirs.csv", "id,code\n1,486\n", "no column 'note_id'; it has 'id', 'code'"),
        ("theirs.xlsx", "x", "'.xlsx'"),
    ],
)
def test_other_files_are_refused(bring: Any, tmp_path: Path, name: str, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        bring(write(tmp_path, text, name))
    with pytest.raises(ScoresError, match="no such file"):
        bring(tmp_path / "absent.csv")


def test_errors_do_not_quote_long_texts(bring: Any, tmp_path: Path) -> None:
    note = "The patient was admitted with pneumonia and hypertension last night"
    with pytest.raises(ScoresError) as caught:
        bring(write(tmp_path, f"note_id,code\n{note},486\nn1,{note}\n"), unknown="error")
    assert "patient" not in str(caught.value)
    with pytest.raises(ScoresError) as caught:
        bring(write(tmp_path, f"note_id,code\nn1,{note}\nn2,\nn3,\nn4,\n"))
    assert "patient" not in str(caught.value)
    assert "not labels of the corpus" in str(caught.value)


def test_code_systems_disambiguate_codes_without_dots(bring: Any, tmp_path: Path) -> None:
    rows = "n1,3723,icd9cm,0.5\nn1,3723,ICD-9-CM procedures,0.25\nn2,0066,icd9pcs,1\nn3,,,\nn4,,,\n"
    found = bring(write(tmp_path, "note_id,code,system,score\n" + rows))
    assert (found["n1", "372.3"], found["n1", "37.23"], found["n2", "00.66"]) == (0.5, 0.25, 1)
    with pytest.raises(InputError, match="is not a code system"):
        bring(write(tmp_path, "note_id,code,system,score\nn1,3723,icd8,0.5\n"))


DECIMAL_COMMAS = [("n1", "486", "0,25"), ("n2", "250.00", ",5"), ("n3", "37.23", "7,5e-1"), ("n4", "", "")]


@pytest.mark.parametrize("mark", [";", "\t", "|"])
def test_decimal_commas_are_read_where_no_comma_separates_columns(
    bring: Any, tmp_path: Path, mark: str
) -> None:
    lines = [mark.join(row) for row in [("Note_ID", "Code", "SCORE"), *DECIMAL_COMMAS]]
    found = bring(write(tmp_path, "\n".join(lines)))
    assert (found["n1", "486"], found["n2", "250.00"], found["n3", "37.23"]) == (0.25, 0.5, 0.75)


@pytest.mark.parametrize(
    "score", ["93%", "8 %", '"0,93"', '"1.234,5"', "np.float64(0.93)", "[0.93]", "tensor(0.93)", "high"]
)
def test_score_with_more_than_a_number_is_refused(bring: Any, tmp_path: Path, score: str) -> None:
    with pytest.raises(ScoresError, match=r"row 2: has a score that is not a number.*no % and no text"):
        bring(write(tmp_path, f"{HEADER}n1,486,0.5\nn2,486,{score}\n"))


def test_thousands_are_no_decimals(bring: Any, tmp_path: Path) -> None:
    for score in ("1.234,5", "1,234.5", "1,2,3", "93%"):
        with pytest.raises(ScoresError, match="row 1: has a score that is not a number"):
            bring(write(tmp_path, f"note_id;code;score\nn1;486;{score}\n"))


def test_several_codes_in_one_cell_are_refused_and_never_dropped(bring: Any, tmp_path: Path) -> None:
    for cell in ("486;00.66", '"486, 00.66"', "486|00.66", "486:::00.66"):
        path = write(tmp_path, f"note_id,code\nn1,{cell}\nn2,486\nn3,\nn4,\n")
        for unknown in ("error", "drop"):
            with pytest.raises(ScoresError, match=r"several codes in one cell.*--format lists"):
                bring(path, unknown=unknown)


RANKS = HEADER + "n1,486,1\nn1,00.66,2\nn2,372.3,1\nn3,486,1\nn3,37.23,2\nn3,39.50,3\nn4,486,1\n"


def test_ranks_are_refused_as_scores(bring: Any, tmp_path: Path) -> None:
    with pytest.raises(ScoresError, match=r"has ranks as scores: .*1 / rank"):
        bring(write(tmp_path, RANKS))
    unsorted = HEADER + "n1,486,2\nn1,00.66,1\nn2,372.3,1\nn3,486,1\nn4,486,1\n"
    from_zero = HEADER + "n1,486,2\nn1,00.66,0\nn1,372.3,1\nn2,372.3,0\n"
    one_note = HEADER + "n1,486,1\nn1,00.66,2\n"
    for text in (unsorted, from_zero, one_note):
        with pytest.raises(ScoresError, match="has ranks as scores"):
            bring(write(tmp_path, text), missing="zero")
    # Points, of which the most are best: no note has 1, 2, 3, …
    others = HEADER + "n1,486,3\nn1,00.66,1\nn2,372.3,1\nn3,486,1\nn4,486,1\n"
    assert bring(write(tmp_path, others))["n1", "486"] == 3


def test_lists_of_ones_are_no_ranks(bring: Any, tmp_path: Path) -> None:
    found = bring(write(tmp_path, HEADER + "n1,486,1\nn2,372.3,1\nn3,486,1\nn4,486,1\n"))
    assert len(found.above_zero) == 4


def test_scores_of_a_softmax_are_remarked(bring: Any, tmp_path: Path) -> None:
    rows = "".join(
        f"n{number},486,0.62\nn{number},00.66,0.37\nn{number},39.50,0.01\n" for number in range(1, 5)
    )
    assert [line for line in bring(write(tmp_path, HEADER + rows)).scores.warnings if "softmax" in line]
    apart = rows.replace("n4,486,0.62", "n4,486,0.82")
    found = bring(write(tmp_path, HEADER + apart))
    assert not [line for line in found.scores.warnings if "softmax" in line]


def test_single_certain_codes_are_no_softmax(bring: Any, tmp_path: Path) -> None:
    found = bring(write(tmp_path, "note_id,code\nn1,486\nn2,486\nn3,486\nn4,486\n"))
    assert not [line for line in found.scores.warnings if "softmax" in line]


def test_index_that_pandas_wrote_is_ignored(bring: Any, tmp_path: Path) -> None:
    for name in ("", "Unnamed: 0"):
        text = f"{name},note_id,code\n0,n1,486\n1,n2,\n2,n3,\n3,n4,\n"
        assert bring(write(tmp_path, text)).above_zero == {("n1", "486")}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", b"<html><table><tr><td>SECRETPATIENT", "is HTML or XML, expected a table"),
        ("t.xls", b"PK\x03\x04 xl/workbook.xml", "is an Excel workbook"),
        ("t.npy", b"\x93NUMPY", "is a NumPy array, expected scores"),
        ("t.pkl", b"\x80\x04\x95", "is a pickle, which could run code"),
        ("t.csv", b"n1,486,0.5\nn2,486,0.5\n", "no column 'note_id'.*add a missing header"),
    ],
)
def test_file_that_is_no_table_is_refused_by_its_kind(
    bring: Any, tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        bring(tmp_path / name)
    assert "SECRETPATIENT" not in str(caught.value)


def test_codes_and_ids_are_read_as_in_a_table_to_prepare(bring: Any, tmp_path: Path) -> None:
    rows = 'n1,\u200b486\u00a0,0.25\n"=""n2""","=""0066""",0.5\nn3,\'37.23,0.75\nn4,\u200b,\n'
    found = bring(write(tmp_path, HEADER + rows))
    assert (found["n1", "486"], found["n2", "00.66"], found["n3", "37.23"]) == (0.25, 0.5, 0.75)


def test_marks_of_icd10_are_no_part_of_a_code() -> None:
    assert plain_code("A17.0\u2020", {CodeSystem.ICD10}) == "A17.0"
    assert plain_code("A17.0*", {CodeSystem.ICD10CM}) == "A17.0*"


def test_revision_is_the_only_system_of_it_in_the_corpus() -> None:
    for name in ("9", "9.0", "ICD9", "icd-9"):
        assert system_named(name, {CodeSystem.ICD9PCS, CodeSystem.ICD10CM}) is CodeSystem.ICD9PCS
    assert system_named("ICD10", {CodeSystem.ICD10CM}) is CodeSystem.ICD10CM
    with pytest.raises(ScoresError, match="no codes"):
        system_named("10", {CodeSystem.ICD9CM})
    with pytest.raises(ScoresError, match="several systems: icd10cm, icd10pcs"):
        system_named("10", {CodeSystem.ICD10CM, CodeSystem.ICD10PCS})


def test_json_lines_with_a_row_per_code_are_a_long_table(bring: Any, tmp_path: Path) -> None:
    rows = [("n1", "486", 0.25), ("n1", "00.66", 1), ("n2", "372.3", 0.5), ("n4", None, None)]
    records = [dict(zip(("note_id", "code", "score"), row, strict=True)) for row in rows]
    lines = "".join(json.dumps(record) + "\n" for record in [*records, {"note_id": "n3"}])
    found = bring(write(tmp_path, lines, "theirs.jsonl"))
    assert found.findings.format == "long"
    assert (found["n1", "486"], found["n1", "00.66"], found["n2", "372.3"]) == (0.25, 1, 0.5)


def test_first_line_of_a_table_without_a_header_is_not_shown(bring: Any, tmp_path: Path) -> None:
    with pytest.raises(ScoresError, match=r"no column 'note_id', .* not look like column names") as caught:
        bring(write(tmp_path, "n1,Mr Smith fell,I10,train\n"))
    assert "Smith" not in str(caught.value)
