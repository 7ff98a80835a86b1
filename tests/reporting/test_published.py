from __future__ import annotations

import math
import re
from importlib.resources import files

import pytest
import yaml
from pydantic import ValidationError

from clem_icd.evaluation.definitions import DEFINITIONS
from clem_icd.reporting.published import Published, PublishedRow, Reported, published
from clem_icd.reporting.readings import Reading, readings
from support import ROOT, SHARED

ROWS = published().rows
READINGS = readings(published())


def find(system: str, dataset: str) -> PublishedRow:
    [row] = [row for row in ROWS if (row.system, row.dataset) == (system, dataset)]
    return row


def read(system: str, dataset: str) -> Reading:
    [found] = [one for one in READINGS if (one.row.system, one.dataset) == (system, dataset)]
    return found


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


def test_rows_of_the_paper_as_printed_follow_no_definition_and_carry_the_findings() -> None:
    mimic, mdace = find("CLEM-ICD", "mimic3-full"), find("CLEM-ICD", "mdace")
    for row, finding in ((mimic, "macro-f1-mixed"), (mdace, "evidence-as-codes")):
        assert (row.metrics, row.confirmed) == ({}, "definition-not-stated")
        assert finding in row.footnotes
    assert mimic.unknown_definition["Macro-F1"].text == "16.5"
    baseline = find("AttInGrad, TM", "mdace-inpatient-icd9")
    assert (baseline.task, baseline.metrics["edin2024_token_f1"].text) == ("evidence", "41.9 ± 3.4")
    assert "evidence-as-codes" in baseline.footnotes


@pytest.mark.parametrize(
    ("printed", "understood", "values"),
    [
        ("mimic3-full", "mimic4-icd9", {"micro_f1": 54.6, "macro_f1_all_labels": 16.5}),
        ("mdace", "mdace-inpatient-icd9-code", {"micro_f1": 47.6, "macro_f1_all_labels": 3.8}),
    ],
)
def test_rows_of_the_paper_are_read_as_printed_and_as_understood(
    printed: str, understood: str, values: dict[str, float]
) -> None:
    first, second = read("CLEM-ICD", printed), read("CLEM-ICD", understood)
    assert (first.kind, second.kind) == ("as printed", "as understood")
    assert (first.metrics, second.unknown_definition) == ({}, {})
    assert {name: second.metrics[name].value for name in values} == values
    assert [one.value for one in second.metrics.values()] == [
        one.value for one in first.unknown_definition.values()
    ]
    # The data are inferred, the definitions read: the row as a whole is no firmer than the weaker.
    assert (first.origin, second.origin) == ("definition not stated", "inferred")
    sentence = (
        f"Printed for {printed}, without definitions. Understood as {understood} [inferred], and Micro-F1"
    )
    for reading in (first, second):
        [found] = [text for text in reading.remarks if text.startswith(sentence)]
        assert found.endswith("[read].")
        assert any(text.endswith("[inferred]") for text in reading.remarks)


def test_rows_that_need_no_interpretation_have_one_reading() -> None:
    single = [one for one in READINGS if one.row.understood is None]
    assert [one.row for one in single] == [row for row in ROWS if row.understood is None]
    assert {(one.kind, one.dataset == one.row.dataset) for one in single} == {("", True)}


def training_sets() -> dict[str, set[int]]:
    """Return the published numbers of training documents by dataset."""
    text = files("clem_icd.sources.published").joinpath("counts.yaml").read_text(encoding="utf-8")
    return {
        source: {known["notes"]["train"] for known in pipelines.values()}
        for source, pipelines in yaml.safe_load(text)["counts"].items()
    }


# The last step of the paper's curves as measured, the epochs, the width of a pixel, and what fits.
CURVES = ((120_180, 10, 25, "mdace-inpatient-icd9-code", 4), (193_160, 20, 42, "mimic4-icd9", 16))


@pytest.mark.parametrize(("last", "epochs", "pixel", "dataset", "batch"), CURVES)
def test_steps_of_the_papers_curves_fit_one_published_training_set(
    last: int, epochs: int, pixel: int, dataset: str, batch: int
) -> None:
    fitting = {
        (source, size)
        for source, sizes in training_sets().items()
        for documents in sizes
        for size in range(1, 257)
        if abs(math.ceil(documents / size) * epochs - last) <= 10 * pixel
    }
    assert fitting == {(dataset, batch)}


def test_table_of_steps_on_the_page_follows_from_the_counts() -> None:
    page = (ROOT / "docs/explanation/paper-figures.md").read_text(encoding="utf-8").replace("*", "")
    rows = re.findall(r"^\| `([\w-]+)` \|([^|]+)" + r"\| (\d+), ([\d,]+) \|([^|]+)" * 2, page, re.MULTILINE)
    assert len(rows) == 6
    known = training_sets()
    for dataset, documents, *found in rows:
        assert number(documents) in known[dataset]
        for (last, epochs, pixel, *_), batch, steps, off in zip(
            CURVES, found[::3], found[1::3], found[2::3], strict=True
        ):
            assert math.ceil(number(documents) / int(batch)) * epochs == number(steps)
            assert abs(number(steps) - last) / pixel == pytest.approx(float(off.replace(",", "")), abs=0.5)


def number(text: str) -> int:
    return int(text.replace(",", ""))


WHOLE: dict[str, object] = {
    "works": {"w": {"cite": "W", "title": "T"}},
    "footnotes": {
        "plain": "Plain.",
        "code": {"text": "Code.", "mark": "read"},
        "steps": {"text": "Steps.", "mark": "measured"},
    },
    "evidence_metrics": {},
}
ROW: dict[str, object] = {
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
DATA = {"dataset": "e", "labels": "6", "grounds": "steps"}
DEFINED: dict[str, object] = {"metrics": {"F1": "micro_f1"}, "grounds": "code"}
OPEN_ROW = ROW | {
    "metrics": {},
    "unknown_definition": {"F1": "1.0"},
    "confirmed": "definition-not-stated",
    "understood": {"data": DATA, "definitions": DEFINED, "footnotes": ["plain"]},
}


def document(row: dict[str, object]) -> Published:
    return Published.model_validate({**WHOLE, "rows": [row]})


def test_every_work_and_footnote_is_used() -> None:
    assert {row.work for row in ROWS} == published().works.keys()
    assert {key for row in ROWS for key in row.all_footnotes} == published().footnotes.keys()


def test_no_two_rows_report_the_same_result() -> None:
    keys = [(one.row.system, one.row.work, one.dataset, one.row.split, one.row.task) for one in READINGS]
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
    assert document(ROW).datasets == ("d",)
    with pytest.raises(ValidationError):
        document(ROW | change)


def test_understood_row_belongs_to_both_datasets() -> None:
    known = document(OPEN_ROW)
    assert known.datasets == ("d", "e")
    [printed, understood] = readings(known)
    assert (printed.dataset, understood.dataset, understood.labels) == ("d", "e", "6")
    assert understood.metrics == {"micro_f1": Reported(text="1.0", value=1.0)}
    # The data are measured, the definitions read.
    assert understood.origin == "measured"
    assert understood.remarks == (
        "Printed for d, without definitions. Understood as e [measured], and F1 as micro_f1 [read].",
        "Steps. [measured]",
        "Code. [read]",
        "Plain.",
    )


@pytest.mark.parametrize(
    ("data", "definitions", "says"),
    [
        ({"grounds": "plain"}, {}, "grounds plain are a footnote without a mark; add one of read, measured"),
        ({}, {"grounds": "plain"}, "grounds plain are a footnote without a mark; add one of read, measured"),
        ({"grounds": "none"}, {}, "refers to an unknown work or footnote, none"),
        ({}, {"metrics": {}}, "the definitions are for nothing; expected one for each value .* here F1"),
        ({}, {"metrics": {"F2": "micro_f1"}}, "the definitions are for F2; expected one .* here F1"),
        ({}, {"metrics": {"F1": "macro_f1"}}, "unknown metric, macro_f1. Choose a definition: macro_f1_all"),
        ({}, {"metrics": {"F1": "edin2024_token_f1"}}, "unknown metric, edin2024_token_f1"),
        ({"mark": "read"}, {}, "Extra inputs are not permitted"),
    ],
)
def test_understanding_without_definitions_or_marked_grounds_is_refused(
    data: dict[str, object], definitions: dict[str, object], says: str
) -> None:
    understood = {"data": DATA | data, "definitions": DEFINED | definitions}
    with pytest.raises(ValidationError, match=says):
        document(OPEN_ROW | {"understood": understood})


def test_two_values_under_one_definition_are_refused() -> None:
    metrics = {"F1": "micro_f1", "F2": "micro_f1"}
    change = {"understood": {"data": DATA, "definitions": DEFINED | {"metrics": metrics}}}
    with pytest.raises(ValidationError, match="name a metric twice; expected a different one for each"):
        document(OPEN_ROW | {"unknown_definition": {"F1": "1.0", "F2": "2.0"}} | change)


def test_understanding_of_a_row_with_stated_definitions_is_refused() -> None:
    with pytest.raises(
        ValidationError, match="expected one for each value of a row that has only unknown_def"
    ):
        document(ROW | {"unknown_definition": {"F1": "1.0"}, "understood": OPEN_ROW["understood"]})


def test_example_of_the_how_to_is_accepted() -> None:
    page = (ROOT / "docs/how-to/add-a-published-result.md").read_text(encoding="utf-8")
    [block] = re.findall(r"^```yaml\n(.*?)^```", page, flags=re.DOTALL | re.MULTILINE)
    example = yaml.load(block, Loader=yaml.BaseLoader)  # noqa: S506 - as the file itself is read
    [row] = example["rows"]
    content = {**WHOLE, "footnotes": example["footnotes"], "rows": [ROW | {"metrics": {}} | row]}
    [printed, understood] = readings(Published.model_validate(content))
    assert (printed.dataset, understood.dataset, understood.origin) == (
        "mimic3-full",
        "mimic4-icd9",
        "inferred",
    )


def test_unknown_mark_is_refused_with_the_known_ones() -> None:
    content = {**WHOLE, "footnotes": {"x": {"text": "X.", "mark": "certain"}}, "rows": [ROW]}
    with pytest.raises(ValidationError, match=r"x\.mark\n.*'read', 'measured' or 'inferred'.*'certain'"):
        Published.model_validate(content)


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
