"""Submissions to CodiEsp: lines of a document and its code, best code first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clem_icd.errors import InputError
from clem_icd.scores.imports.submission import RANKED, is_submission

TWO = "n1\t486\nn1\t00.66\nn2\tv10.1\nn3\t486\nn4\t486\n"


def write(path: Path, text: str) -> Path:
    path.write_bytes(text.encode())
    return path


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\n\n"])
def test_codes_score_by_rank_and_above_one_half(bring: Any, tmp_path: Path, ends: str) -> None:
    text = "n1\t486\nn1\t00.66\nn1\t372.3\nn1\t486\nn2\t250.00\nn3\t486\nn4\t486\n".replace("\n", ends)
    found = bring(write(tmp_path / "run.tsv", text))
    assert found.findings.format == "codiesp"
    ranked = [found["n1", code] for code in ("486", "00.66", "372.3")]
    assert ranked == pytest.approx([1, 5 / 6, 2 / 3])
    assert found["n2", "250.00"] == 1
    assert RANKED in found.scores.warnings


@pytest.mark.parametrize(
    "line",
    [
        "n1\t100 110\tDIAGNOSTICO\t486",
        "n1\t10 20;40 45\tDIAGNOSTICO\t486",
        "n1\tDIAGNOSTICO\t486\tneumon\u00eda",
        "n1\t486\tDIAGNOSTICO\tneumon\u00eda",
        "n1\t110\tDIAGNOSTICO\t486",
        "n1\tdiagnostico\t486\t250",
    ],
)
def test_four_columns_are_read_wherever_the_code_is(bring: Any, tmp_path: Path, line: str) -> None:
    rest = "".join(line.replace("n1", note) + "\n" for note in ("n2", "n3", "n4"))
    found = bring(write(tmp_path / "run.tsv", f"{line}\n{rest}"))
    assert found.above_zero == {(note, "486") for note in ("n1", "n2", "n3", "n4")}
    assert RANKED not in found.scores.warnings  # one code per note has no rank


def test_codes_are_read_in_any_case(tmp_path: Path) -> None:
    from clem_icd.scores.imports.submission import read_submission

    found = read_submission(write(tmp_path / "run.tsv", "S0004-06141991000200012-1\tn20.0\n"))
    assert [code.text for code in found.codes] == ["N20.0"]


@pytest.mark.parametrize(
    ("line", "number"), [("n4", 5), ("n4\t", 5), ("SECRETPATIENT\tfell", 5), ("a\tb\t486", 5), ("n4 486", 5)]
)
def test_line_without_a_document_and_code_is_refused(
    bring: Any, tmp_path: Path, line: str, number: int
) -> None:
    path = write(tmp_path / "run.tsv", "n1\t486\nn2\t486\nn3\t486\nn3\t00.66\n" + line + "\n")
    with pytest.raises(InputError, match=f"row {number}: is not a document and its code") as caught:
        bring(path)
    assert "SECRETPATIENT" not in str(caught.value)


@pytest.mark.parametrize("text", ["articleID\tcode\nn1\t486\n", "n1 486\n", "n1,486\n", ""])
def test_other_tables_are_no_submissions(tmp_path: Path, text: str) -> None:
    assert not is_submission(write(tmp_path / "run.tsv", text))


def test_table_with_other_column_names_is_refused_with_the_remedy(bring: Any, tmp_path: Path) -> None:
    for text in ("articleID\tcode\nn1\t486\n", "n1 486\n", "n1\t486\t1\n"):
        with pytest.raises(InputError, match=r"no column 'note_id'.*missing header"):
            bring(write(tmp_path / "run.tsv", text))


def test_column_of_the_codes_must_be_certain(bring: Any, tmp_path: Path) -> None:
    path = write(tmp_path / "run.tsv", "".join(f"n{number}\t486\tx\t250.00\n" for number in range(1, 5)))
    with pytest.raises(InputError, match="several columns that may hold the codes: 2 and 4"):
        bring(path)
    # A position is no code because it looks like one in some lines.
    rows = "n1\t100\tx\t486\nn2\t100 110\tx\t486\nn3\t5\tx\t486\nn4\t7\tx\t486\n"
    assert {code for _, code in bring(write(path, rows)).above_zero} == {"486"}
