from __future__ import annotations

import re

import pytest
from pydantic import ValidationError

from clem_icd.evaluation.definitions import DEFINITIONS
from clem_icd.reporting.published import Published, PublishedRow, Reported, published
from support import SHARED

ROWS = published().rows


def find(system: str, dataset: str) -> PublishedRow:
    [row] = [row for row in ROWS if (row.system, row.dataset) == (system, dataset)]
    return row


@pytest.mark.parametrize(
    ("text", "value", "sd", "other"),
    [
        ("60.0", 60.0, None, None),
        ("60.7 ± 0.1", 60.7, 0.1, None),
        ("64.6 or 64.9", 64.6, None, 64.9),
        ("-31.2", -31.2, None, None),
        ("82", 82.0, None, None),
    ],
)
def test_value_keeps_its_digits(text: str, value: float, sd: float | None, other: float | None) -> None:
    assert Reported.parse(text) == Reported(text=text, value=value, sd=sd, other=other)


@pytest.mark.parametrize("text", ["", "60,0", "about 60", "60 +- 1", "60.", "60 ± ", "0.5 %"])
def test_malformed_value_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a value such as"):
        Reported.parse(text)


def test_every_metric_has_a_definition_for_its_task() -> None:
    known = published()
    for row in ROWS:
        for name in row.metrics:
            assert (name in DEFINITIONS) == (row.task == "codes"), (row.system, name)
            assert known.definition(name).definition


def test_evidence_rows_say_that_they_cover_discharge_summaries() -> None:
    assert all("discharge-summaries" in row.footnotes for row in ROWS if row.task == "evidence")


def test_metric_names_belong_to_one_task_and_titles_are_unique() -> None:
    known = published()
    assert not DEFINITIONS.keys() & known.evidence_metrics.keys()
    names = [*DEFINITIONS, *known.evidence_metrics]
    assert len({known.definition(name).title for name in names}) == len(names)


def test_each_convention_has_its_own_metric_names() -> None:
    caml = find("PLM-ICD", "mimic3-full")
    assert caml.metrics["macro_f1_caml"].text == "10.4"
    assert not [name for name in caml.metrics if "split_labels" in name]
    edin = find("PLM-ICD", "mimic4-icd10")
    over_all = [name for name in edin.metrics if not name.endswith("_split_labels")]
    assert over_all == ["roc_auc_micro", "roc_auc_macro"]
    assert edin.metrics["map_split_labels"].text == "61.9"
    assert find("PLM-CA", "mimic3-full").metrics["macro_f1_split_labels"].text == "24.7"
    assert (
        find("PLM-CA, as GKI-ICD's authors report it", "mimic3-full").metrics["macro_f1_caml"].text == "10.3"
    )


def test_rows_of_the_paper_follow_no_known_definition_and_carry_the_findings() -> None:
    mimic, mdace = find("CLEM-ICD", "mimic3-full"), find("CLEM-ICD", "mdace-inpatient-icd9-code")
    for row, finding in ((mimic, "macro-f1-mixed"), (mdace, "evidence-as-codes")):
        assert (row.metrics, row.confirmed) == ({}, "definition-not-stated")
        assert finding in row.footnotes
    assert mimic.unknown_definition["Macro-F1"].text == "16.5"
    baseline = find("AttInGrad, TM", "mdace-inpatient-icd9")
    assert (baseline.task, baseline.metrics["edin2024_token_f1"].text) == ("evidence", "41.9 ± 3.4")
    assert "evidence-as-codes" in baseline.footnotes


def test_every_work_and_footnote_is_used() -> None:
    assert {row.work for row in ROWS} == published().works.keys()
    assert {key for row in ROWS for key in row.footnotes} == published().footnotes.keys()


def test_no_two_rows_report_the_same_result() -> None:
    keys = [(row.system, row.work, row.dataset, row.split, row.task) for row in ROWS]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize(
    "change",
    [
        {"metrics": {"micro_f2": "1.0"}},
        {"metrics": {"edin2024_token_f1": "1.0"}},
        {"metrics": {}, "unknown_definition": {"F1": "1.0"}},
        {"confirmed": "definition-not-stated"},
        {"work": "nobody"},
        {"footnotes": ["none"]},
        {"confirmed": "guessed"},
        {"metric": {}},
    ],
)
def test_inconsistent_row_is_refused(change: dict[str, object]) -> None:
    row: dict[str, object] = {
        "system": "S",
        "work": "w",
        "dataset": "d",
        "split": "test",
        "task": "codes",
        "labels": "5",
        "metrics": {"micro_f1": "1.0"},
        "source": "here",
        "confirmed": "read",
    }
    whole = {"works": {"w": {"cite": "W", "title": "T"}}, "footnotes": {}, "evidence_metrics": {}}
    assert Published.model_validate({**whole, "rows": [row]}).datasets == ("d",)
    with pytest.raises(ValidationError):
        Published.model_validate({**whole, "rows": [row | change]})


@pytest.mark.shared_data
def test_every_number_occurs_in_the_research_notes() -> None:
    research = SHARED / "research"
    names = ("peers-data-and-metrics.md", "state-of-the-art.md")
    if not all((research / name).is_file() for name in names):
        pytest.skip("the research notes are not next to the checkout")
    text = " ".join((research / name).read_text(encoding="utf-8") for name in names)
    # The notes give some as shares (".86", "0.51"), the file as percent.
    there = {float(number) for number in re.findall(r"(?<![\w.])\d*\.?\d+", text)}
    for row in ROWS:
        for value in (*row.metrics.values(), *row.unknown_definition.values()):
            for number in (abs(value.value), value.sd, value.other):
                assert number is None or {number, round(number / 100, 4)} & there, (row.system, number)
