from __future__ import annotations

from collections.abc import Callable

import pytest

from clem_icd.errors import InputError
from clem_icd.evaluation.definitions import DEFINITIONS
from clem_icd.reporting.comparison import Comparison, Entry, Row, compare
from clem_icd.reporting.published import published
from clem_icd.reporting.readings import readings

MakeEntry = Callable[..., Entry]


def everything() -> Comparison:
    return compare([], with_published=True)


def all_rows(comparison: Comparison) -> list[Row]:
    return [row for table in comparison.tables for row in (*table.own, *table.published)]


def test_every_published_value_appears_once_under_its_own_definition() -> None:
    comparison = everything()
    shown = sorted(
        (table.dataset, table.task, row.system, row.beside, name, value.text)
        for table in comparison.tables
        for row in table.published
        for name, value in row.values.items()
        if name in table.columns
    )
    known = published()
    expected = sorted(
        (
            one.dataset,
            one.row.task,
            one.row.system,
            known.works[one.row.work].cite,
            name,
            value.text.split(" ± ")[0],
        )
        for one in readings(known)
        for name, value in one.metrics.items()
    )
    assert shown == expected
    apart = [(row.system, name) for block in comparison.unstated for row in block.rows for name in row.values]
    assert sorted(apart) == sorted(
        (row.system, name) for row in known.rows for name in row.unknown_definition
    )


def test_every_column_has_a_definition_and_no_table_mixes_codes_with_evidence() -> None:
    comparison = everything()
    for table in comparison.tables:
        assert set(table.columns) <= comparison.definitions.keys()
        assert {name in DEFINITIONS for name in table.columns} == {table.task == "codes"}


def test_unknown_definitions_never_enter_a_table() -> None:
    comparison = everything()
    in_tables = {(row.system, row.reading) for row in all_rows(comparison)}
    assert ("CLEM-ICD", "as understood") in in_tables
    assert not in_tables & {("CLEM-ICD", "as printed"), ("CLEM-ICD", "")}
    apart = {
        block.dataset: row for block in comparison.unstated for row in block.rows if row.system == "CLEM-ICD"
    }
    assert {(dataset, row.reading) for dataset, row in apart.items()} == {
        ("mimic3-full", "as printed"),
        ("mdace", "as printed"),
    }
    remarks = " ".join(apart["mimic3-full"].remarks)
    assert "Comparing 16.5 with 10.4 and 11.1 therefore shows nothing" in remarks
    assert "does not measure code prediction" in " ".join(apart["mdace"].remarks)


@pytest.mark.parametrize(("source", "micro_f1"), [("mimic4-icd9", 54.6), ("mdace-inpatient-icd9-code", 47.6)])
def test_result_of_the_paper_stands_beside_runs_of_the_data_it_is_understood_as(
    entry: MakeEntry, source: str, micro_f1: float
) -> None:
    [table] = compare([entry(source=source)], with_published=True).tables
    [row] = [row for row in table.published if row.system == "CLEM-ICD"]
    assert (row.reading, row.origin) == ("as understood", "inferred")
    assert row.values["micro_f1"].percent == micro_f1
    assert {"micro_f1", "macro_f1_all_labels", "micro_precision", "micro_recall"} <= set(table.columns)
    assert any("A row as understood was printed for other data" in remark for remark in table.remarks)


def test_result_of_the_paper_never_stands_beside_runs_of_the_data_it_was_printed_for(
    entry: MakeEntry,
) -> None:
    comparison = compare([entry(source="mimic3-full")], with_published=True)
    assert "CLEM-ICD" not in {row.system for row in all_rows(comparison)}
    assert not any("as understood" in remark for remark in comparison.tables[0].remarks)
    [block] = comparison.unstated
    [row] = [row for row in block.rows if row.system == "CLEM-ICD"]
    assert any("Understood as mimic4-icd9 [inferred]" in remark for remark in row.remarks)


def test_runs_on_the_same_notes_labels_and_codes_share_a_table(entry: MakeEntry, seeds: Entry) -> None:
    [table] = compare([entry("one"), entry("two", seed=4), seeds]).tables
    assert [(row.system, row.origin, row.beside) for row in table.own] == [
        ("one", "run", "neural"),
        ("two", "run", "neural"),
        ("three-seeds", "3 seeds", "neural"),
    ]
    assert table.title == "mimic3-full, test, 20 notes, 8 labels"
    assert table.published == ()
    assert "± is the standard deviation over seeds." in table.remarks


@pytest.mark.parametrize("key", ["notes", "labels", "codes"])
def test_runs_on_different_notes_labels_or_codes_never_share_a_table(entry: MakeEntry, key: str) -> None:
    identity = {"notes": "a" * 64, "labels": "b" * 64, "codes": "c" * 64} | {key: "d" * 64}
    tables = compare([entry("one"), entry("two", identity=identity)]).tables
    assert [len(table.own) for table in tables] == [1, 1]
    assert f"{key} dddddddd" in tables[1].remarks[-1]
    assert "Not comparable with the other tables" in tables[0].remarks[-1]
    expected = {
        "notes": "different notes, equally many",
        "labels": "different labels, equally many",
        "codes": "different codes",
    }
    assert f"Unlike the first table: {expected[key]}." in tables[1].remarks[-1].replace("the notes have ", "")
    assert "Unlike the first table" not in tables[0].remarks[-1]


def test_table_lists_how_its_data_differs_from_the_first(entry: MakeEntry) -> None:
    other = {"notes": "d" * 64, "labels": "e" * 64, "codes": "f" * 64}
    changed = {"split": "validation", "notes": 19, "labels": 9, "synthetic": True, "identity": other}
    remark = compare([entry("one"), entry("two", **changed)]).tables[1].remarks[-1]
    assert remark.endswith(
        "Unlike the first table: the split is validation, not test; the notes are synthetic; 19 notes, not "
        "20; 9 labels, not 8; the notes have different codes."
    )
    # Without checksums the differences are unknown, but the results are still not comparable.
    remark = compare([entry("one"), entry("two", identity=None)]).tables[1].remarks[-1]
    assert remark.endswith("tables: its metrics lack checksums of the evaluated data.")


def test_requested_dataset_is_added_to_those_of_the_runs(entry: MakeEntry) -> None:
    comparison = compare([entry()], with_published=True, datasets=["mimic3-50"])
    assert {block.dataset for block in comparison.unstated} == {"mimic3-full", "mimic3-50"}
    [block] = compare([], with_published=True, datasets=["mimic3-50"]).unstated
    assert block.dataset == "mimic3-50"


def test_published_rows_join_the_table_of_a_real_corpus_by_name(entry: MakeEntry) -> None:
    comparison = compare([entry()], with_published=True)
    [table] = comparison.tables
    assert len(table.own) == 1
    assert {"PLM-ICD", "BL-5", "PLM-CA", "GKI-ICD"} <= {row.system for row in table.published}
    assert {"macro_f1_caml", "macro_f1_split_labels", "roc_auc_macro"} <= set(table.columns)
    assert any("match by the name of the dataset and split" in remark for remark in table.remarks)
    assert any("The label spaces differ (8; 8,921/8,922; 8,929)" in remark for remark in table.remarks)
    assert [block.dataset for block in comparison.unstated] == ["mimic3-full"]


def test_published_evidence_never_joins_codes(entry: MakeEntry) -> None:
    tables = compare([entry(source="mdace-inpatient-icd9")], with_published=True).tables
    assert [(table.task, bool(table.own)) for table in tables] == [("codes", True), ("evidence", False)]


@pytest.mark.parametrize(
    "changes", [{"synthetic": True}, {"split": "validation"}, {"source": "mimic4-icd10"}]
)
def test_published_rows_do_not_join_other_data(entry: MakeEntry, changes: dict[str, object]) -> None:
    comparison = compare([entry(**changes)], datasets=["mimic3-full"])
    own, published_table = comparison.tables
    assert own.published == ()
    assert (published_table.own, published_table.dataset) == ((), "mimic3-full")
    assert published_table.title == "Published: mimic3-full, test, codes"


def test_synthetic_notes_are_marked_as_such(entry: MakeEntry) -> None:
    [table] = compare([entry(synthetic=True)], with_published=True).tables
    assert table.title.startswith("Synthetic notes: ")
    assert any("nothing published is comparable" in remark for remark in table.remarks)


def test_missing_publications_are_mentioned(entry: MakeEntry) -> None:
    [table] = compare([entry(source="table")], with_published=True).tables
    assert table.remarks[-1] == "No published results are known here for table, test."


def test_requested_columns_appear_where_they_have_values(entry: MakeEntry) -> None:
    asked = ["instance_f1", "micro_f1", "edin2024_token_f1", "instance_f1"]
    [table] = compare([entry()], metrics=asked).tables
    assert table.columns == ("instance_f1", "micro_f1")


def test_repeated_names_are_numbered(entry: MakeEntry) -> None:
    same = entry()
    [table] = compare([same, same]).tables
    assert [row.system for row in table.own] == ["mine", "mine (2)"]


def test_unknown_metrics_and_datasets_are_refused_with_suggestions(entry: MakeEntry) -> None:
    with pytest.raises(InputError, match=r"unknown metric macro_f1\."):
        compare([entry()], metrics=["macro_f1"])
    with pytest.raises(InputError, match=r"for mimic3\. Choose from mimic3-full, mimic3-50"):
        compare([], datasets=["mimic3"])
    with pytest.raises(InputError, match="nothing to compare"):
        compare([])


def test_rows_of_other_works_are_left_out_on_request(entry: MakeEntry) -> None:
    comparison = compare([entry()], with_published=True, works=["plm-icd"])
    assert [row.system for row in all_rows(comparison)] == ["mine", "PLM-ICD"]
    assert comparison.unstated == ()
    printed = compare([entry()], datasets=["mdace"], works=["clem"])
    assert [row.reading for block in printed.unstated for row in block.rows] == ["as printed"]
    assert [row.system for row in all_rows(printed)] == ["mine"]
