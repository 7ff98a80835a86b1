"""Wide tables, and the prediction files of Edin et al."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from pyarrow import feather

from clem_icd.corpus import Corpus
from clem_icd.errors import InputError, ScoresError

Values = npt.NDArray[np.float32]

GOLD = [["486", "00.66"], ["250.00", "372.3"], ["37.23", "39.50", "486"], []]


def wide(corpus: Corpus, values: Values, **others: Any) -> pl.DataFrame:
    """Return a table in the layout of those pipelines: codes, then gold codes and admissions."""
    columns = {code.value: values[:, column] for column, code in enumerate(corpus.codes)}
    return pl.DataFrame({**columns, **others})


def edin(corpus: Corpus, values: Values, gold: list[list[str]] = GOLD) -> pl.DataFrame:
    return wide(corpus, values, target=gold, _id=[101, 102, 103, 104])


@pytest.mark.parametrize("name", ["edin2023", "edin2024", "auto"])
def test_predictions_of_edin_are_read_with_their_gold_codes(
    bring: Any, corpus: Corpus, random_values: Values, tmp_path: Path, name: str
) -> None:
    path = tmp_path / "predictions_test.feather"
    # Like pandas in these pipelines, which writes Feather files with pyarrow.
    feather.write_feather(edin(corpus, random_values).to_arrow(), path)
    found = bring(path, format=name)
    np.testing.assert_array_equal(found.values, random_values)
    assert found.findings.by == "admission_id"
    assert (found.findings.gold_compared, found.findings.gold_different) == (4, 0)
    assert found.scores.warnings == ()


def test_columns_in_another_order_reach_their_label(
    bring: Any, corpus: Corpus, random_values: Values, tmp_path: Path
) -> None:
    table = edin(corpus, random_values)
    table.select(table.columns[::-1]).sample(fraction=1, shuffle=True, seed=3).write_ipc(
        tmp_path / "p.feather"
    )
    np.testing.assert_array_equal(bring(tmp_path / "p.feather").values, random_values)


def test_mixed_up_notes_are_revealed_by_the_gold_codes(
    bring: Any, corpus: Corpus, random_values: Values, tmp_path: Path
) -> None:
    shifted = [GOLD[1], GOLD[0], *GOLD[2:]]
    edin(corpus, random_values, shifted).write_ipc(tmp_path / "p.feather")
    found = bring(tmp_path / "p.feather")
    assert (found.findings.gold_compared, found.findings.gold_different) == (4, 2)
    assert any("differ from the corpus in 2 of 4 notes" in line for line in found.scores.warnings)


def test_gold_codes_are_compared_on_shared_labels(
    bring: Any, corpus: Corpus, random_values: Values, tmp_path: Path
) -> None:
    without = [[code for code in codes if code != "486"] for codes in GOLD]
    edin(corpus, random_values, without).drop("486").write_ipc(tmp_path / "p.feather")
    found = bring(tmp_path / "p.feather")
    assert found.findings.gold_different == 0
    assert found.findings.labels_unknown == 1
    assert any("1 of the 6 labels is unknown to the system" in line for line in found.scores.warnings)
    assert found["n1", "486"] == 0


def test_many_columns_are_read_in_batches(
    bring: Any, corpus: Corpus, random_values: Values, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clem_icd.scores.imports.wide_table._COLUMNS_AT_ONCE", 2)
    monkeypatch.setattr("clem_icd.scores.imports.aligning._VALUES_AT_ONCE", 6)
    edin(corpus, random_values).write_ipc(tmp_path / "p.feather")
    np.testing.assert_array_equal(bring(tmp_path / "p.feather").values, random_values)


@pytest.mark.parametrize("name", ["theirs.csv", "theirs.parquet"])
def test_wide_table_of_any_system_is_read(
    bring: Any, corpus: Corpus, random_values: Values, tmp_path: Path, name: str
) -> None:
    table = wide(corpus, random_values, note_id=["n1", "n2", "n3", "n4"])
    path = tmp_path / name
    table.write_csv(path) if path.suffix == ".csv" else table.write_parquet(path)
    found = bring(path)
    assert (found.findings.format, found.findings.by) == ("wide", "note_id")
    np.testing.assert_array_equal(found.values, random_values)


def test_column_without_scores_is_refused(
    bring: Any, corpus: Corpus, random_values: Values, tmp_path: Path
) -> None:
    table = wide(corpus, random_values, note_id=["n1", "n2", "n3", "n4"], split=["test"] * 4)
    table.write_parquet(tmp_path / "theirs.parquet")
    with pytest.raises(ScoresError, match="row 1: has no number in the column 'split'"):
        bring(tmp_path / "theirs.parquet")


def test_malformed_cells_and_notes_are_refused_with_their_row(
    bring: Any, corpus: Corpus, random_values: Values, tmp_path: Path
) -> None:
    path = tmp_path / "theirs.parquet"
    values = random_values.copy()
    values[2, 3] = np.nan
    wide(corpus, values, note_id=["n1", "n2", "n3", "n4"]).write_parquet(path)
    with pytest.raises(ScoresError, match="row 3: has a score that is not a finite number"):
        bring(path)
    wide(corpus, random_values, note_id=["n1", "n2", "n3", "n2"]).write_parquet(path)
    with pytest.raises(ScoresError, match="row 4: duplicate note id"):
        bring(path)
    wide(corpus, random_values, note_id=["n1", "n2", None, "n4"]).write_parquet(path)
    with pytest.raises(ScoresError, match="row 3: has no note id"):
        bring(path)


def test_several_columns_for_one_label_are_refused(
    bring: Any, corpus: Corpus, random_values: Values, tmp_path: Path
) -> None:
    path = tmp_path / "theirs.parquet"
    table = wide(corpus, random_values, note_id=["n1", "n2", "n3", "n4"]).with_columns(
        pl.lit(0.5).alias("25000")
    )
    table.write_parquet(path)
    with pytest.raises(ScoresError, match=r"several columns for the label 250\.00: 250\.00 and 25000"):
        bring(path)


def test_gold_codes_of_another_type_are_refused(
    bring: Any, corpus: Corpus, random_values: Values, tmp_path: Path
) -> None:
    path = tmp_path / "p.feather"
    wide(corpus, random_values, target=["486"] * 4, _id=[101, 102, 103, 104]).write_ipc(path)
    with pytest.raises(ScoresError, match="expected lists of text"):
        bring(path)


def test_label_list_for_a_wide_table_is_refused(
    bring: Any, corpus: Corpus, random_values: Values, tmp_path: Path
) -> None:
    edin(corpus, random_values).write_ipc(tmp_path / "p.feather")
    (tmp_path / "labels.txt").write_text("486\n")
    with pytest.raises(InputError, match="names its own labels"):
        bring(tmp_path / "p.feather", labels=tmp_path / "labels.txt")


def test_index_that_pandas_wrote_is_ignored(
    bring: Any, corpus: Corpus, random_values: Values, tmp_path: Path
) -> None:
    table = wide(corpus, random_values, note_id=["n1", "n2", "n3", "n4"])
    table.with_row_index("Unnamed: 0").write_csv(tmp_path / "t.csv")
    table.with_row_index("__index_level_0__").write_parquet(tmp_path / "t.parquet")
    text = (tmp_path / "t.csv").read_text()
    (tmp_path / "u.csv").write_text(text.removeprefix("Unnamed: 0"), encoding="utf-8")
    for name in ("t.csv", "u.csv", "t.parquet"):
        np.testing.assert_allclose(bring(tmp_path / name).values, random_values, rtol=1e-6)


def test_decimal_commas_are_read_between_semicolons(bring: Any, corpus: Corpus, tmp_path: Path) -> None:
    codes = [code.value for code in corpus.codes]
    lines = [";".join(["note_id", *codes])] + [";".join([f"n{row}", *["0,25"] * 6]) for row in range(1, 5)]
    (tmp_path / "t.csv").write_text("\n".join(lines), encoding="utf-8")
    assert (bring(tmp_path / "t.csv").values == 0.25).all()


@pytest.mark.parametrize("cell", ["[0.01 0.93 0.02 ... 0.00 0.11 0.04]", "[0.01, 0.93]"])
def test_array_in_a_cell_is_refused_with_the_remedy(bring: Any, tmp_path: Path, cell: str) -> None:
    (tmp_path / "t.csv").write_text(f'note_id,scores\nn1,"{cell}"\n', encoding="utf-8")
    with pytest.raises(ScoresError, match=r"row 1: has an array in the column 'scores'\. .*np\.savez"):
        bring(tmp_path / "t.csv")


def test_ranks_of_all_codes_are_refused(bring: Any, tmp_path: Path) -> None:
    for first in (0, 1):
        rows = "".join(f"n{number},{first + 2},{first},{first + 1}\n" for number in range(1, 5))
        (tmp_path / "t.csv").write_text(f"note_id,486,00.66,372.3\n{rows}", encoding="utf-8")
        with pytest.raises(ScoresError, match="has ranks as scores"):
            bring(tmp_path / "t.csv")
    rows = "".join(f"n{number},1,0\n" for number in range(1, 5))
    (tmp_path / "t.csv").write_text(f"note_id,486,00.66\n{rows}", encoding="utf-8")
    assert bring(tmp_path / "t.csv")["n1", "486"] == 1
