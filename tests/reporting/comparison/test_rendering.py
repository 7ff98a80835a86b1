"""Every format holds every table, footnote and definition, and escapes its special characters."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clem_icd.errors import MissingExtraError, OutputError
from clem_icd.evaluation import Judgement
from clem_icd.reporting.comparison import (
    SUFFIXES,
    Cell,
    Comparison,
    Entry,
    Layout,
    Pair,
    Sheet,
    compare,
    comparison_document,
    lay_out,
    write_comparison,
)
from clem_icd.reporting.comparison.data import to_csv
from clem_icd.reporting.comparison.latex import to_latex
from clem_icd.reporting.comparison.markdown import to_markdown
from clem_icd.reporting.comparison.page import to_html

MakeEntry = Callable[..., Entry]


@pytest.fixture
def comparison(entry: MakeEntry, seeds: Entry) -> Comparison:
    """Two entries and several seeds, with all published rows for their corpus."""
    return compare(
        [entry("one"), entry("two", seed=2, warnings=["Seen in training."]), seeds], with_published=True
    )


def sheet_of(text: str) -> Layout:
    cells = (Cell(text, beside=text), Cell(text, marks=(1,)))
    return Layout((Sheet(text, ("System", "Micro-F1"), 1, ((cells,),), (text,)),), (text,), {})


def test_footnotes_are_numbered_in_order_of_first_use(comparison: Comparison) -> None:
    layout = lay_out(comparison)
    met = [
        mark for sheet in layout.sheets for block in sheet.blocks for row in block for mark in row[0].marks
    ]
    assert list(dict.fromkeys(met)) == list(range(1, len(layout.footnotes) + 1))
    assert layout.footnotes[0] == "Seen in training."
    assert len(set(layout.footnotes)) == len(layout.footnotes)


def test_own_and_published_rows_are_blocks_and_unknown_definitions_are_separate(
    comparison: Comparison,
) -> None:
    table, apart = lay_out(comparison).sheets
    assert [len(block) for block in table.blocks] == [3, 14]
    assert (table.apart, apart.apart) == (False, True)
    assert apart.title.startswith("Definition not stated: comparable with nothing")
    paper = apart.blocks[0][2]
    assert paper[0].text == "CLEM-ICD, as printed"
    assert paper[1].text == "Micro-F1 54.6, Macro-F1 16.5, Precision 65.6, Recall 46.8"


def test_markdown_has_tables_values_footnotes_and_definitions(comparison: Comparison) -> None:
    text = to_markdown(lay_out(comparison))
    assert "## mimic3-full, test, 20 notes, 8 labels; percent" in text
    lines = text.splitlines()
    [head] = [line for line in lines if line.startswith("| System | From |")]
    assert "Micro-F1 (split labels) | Macro-F1 (all labels)" in head
    assert all(
        line.count(" | ") == head.count(" | ") for line in lines if re.search(r"\| (read|run) \|", line)
    )
    [bl5] = [line for line in lines if line.startswith("| BL-5 ")]
    assert "60.7 ± 0.1" in bl5
    assert "Seen in training." in text
    assert "**Macro-F1 (CAML)** `macro_f1_caml`: 2 P R / (P + R)" in text


def test_latex_has_tables_values_footnotes_and_definitions(comparison: Comparison) -> None:
    text = to_latex(lay_out(comparison))
    assert Counter(re.findall(r"\\(begin|end)\{table\*\}", text)) == {"begin": 2, "end": 2}
    assert text.count(r"\toprule") == text.count(r"\bottomrule") == 2
    assert text.count(r"\midrule") == 3
    assert r"\begin{tabular}[t]{@{}r@{}}60.7\\\scriptsize $\pm$ 0.1\end{tabular}" in text
    assert r"macro\_f1\_caml" in text
    assert "Seen in training." in text
    rows = [line for line in text.splitlines() if line.endswith(r"\tabularnewline")]
    assert {row.replace(r"\&", "").count("&") for row in rows[:18]} == {rows[0].count("&")}


@settings(max_examples=50)
@given(st.text(st.sampled_from('\\{}&%$#_~^<>|[]"ab ±–∇×'), min_size=1))  # noqa: RUF001
def test_latex_escapes_every_special_character(text: str) -> None:
    marked = f"x{text}x"
    rendered = to_latex(sheet_of(marked))
    caption = next(line for line in rendered.splitlines() if line.startswith(r"\caption{"))
    inside = caption.removeprefix(r"\caption{").removesuffix("}")
    for command in (
        r"\textbackslash{}",
        r"\textasciitilde{}",
        r"\textasciicircum{}",
        r"\textless{}",
        r"\textgreater{}",
        r"\textbar{}",
        r"\textquotedbl{}",
        r"$\pm$",
        r"$\times$",
        r"$\nabla$",
        "{[}",
        "{]}",
        *(rf"\{one}" for one in "{}&%$#_"),
    ):
        inside = inside.replace(command, "")
    assert re.fullmatch(r"[xab \-]*", inside)


@settings(max_examples=50)
@given(st.text(st.sampled_from("\\`*_[]<>|#~ab"), min_size=1))
def test_markdown_escapes_every_special_character(text: str) -> None:
    row = next(line for line in to_markdown(sheet_of(text)).splitlines()[4:] if line.startswith("|"))
    unescaped = re.sub(r"\\[\\`*_\[\]<>|#~]", "", row.removesuffix(" <sup>1</sup> |"))
    assert re.fullmatch(r"\| [ab]* [ab]* \| [ab]*", unescaped)


def test_csv_has_one_line_per_value_and_reads_back_exactly(comparison: Comparison) -> None:
    lines = list(csv.DictReader(io.StringIO(to_csv(comparison))))
    [table], [apart] = comparison.tables, comparison.unstated
    expected = {
        (row.system, row.beside, name): value
        for row in (*table.own, *table.published)
        for name, value in row.values.items()
        if name in table.columns
    }
    known = [line for line in lines if line["definition"]]
    assert len(known) == len(expected)
    for line in known:
        value = expected[line["system"], line["beside"], line["metric"]]
        assert float(line["value"]) == value.percent
        for column, number in (("sd", value.sd), ("low", value.low), ("high", value.high)):
            assert (float(line[column]) if line[column] else None) == number
        assert line["definition"] == comparison.definitions[line["metric"]].definition
    unknown = [line for line in lines if not line["definition"]]
    assert len(unknown) == sum(len(row.values) for row in apart.rows)
    assert {line["table"] for line in unknown} == {"definition not stated"}


def test_json_names_its_format_unit_and_definitions(comparison: Comparison) -> None:
    document = comparison_document(comparison)
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert (document["format"], document["unit"]) == ("clem-icd/comparison", "percent")
    [table] = document["tables"]
    assert set(table["columns"]) == document["definitions"].keys()
    plm: dict[str, Any] = next(row for row in table["published"] if row["system"] == "PLM-ICD")
    assert plm["values"]["macro_f1_caml"] == {"value": 10.4}
    assert table["own"][2]["values"]["map"].keys() == {"value", "sd"}
    assert table["own"][0]["values"]["map"].keys() == {"value", "low", "high"}
    assert [block["dataset"] for block in document["definition_not_stated"]] == ["mimic3-full"]


def test_html_is_self_contained_with_unique_ids_and_charts_per_table(entry: MakeEntry) -> None:
    other = {"notes": "d" * 64, "labels": "b" * 64, "codes": "c" * 64}
    html = to_html(lay_out(compare([entry("one"), entry("two", identity=other)], with_published=True)))
    assert not re.findall(r"<(?:script|link|img|iframe|object)\b", html)
    assert "://" not in html
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert max(Counter(ids).values()) == 1
    assert set(re.findall(r'href="#([^"]+)"', html)) | set(re.findall(r"url\(#([^)]+)\)", html)) <= set(ids)
    # Each table has the charts of its own runs.
    assert html.count("<figure>") >= 4
    assert 'class="apart"' in html


def test_html_prints_in_landscape(comparison: Comparison) -> None:
    printed = to_html(lay_out(comparison)).split("@media print {")[-1].split("</style>")[0]
    assert "size: landscape" in printed


def test_html_marks_synthetic_notes_and_escapes_names(entry: MakeEntry) -> None:
    html = to_html(lay_out(compare([entry("a<b>", synthetic=True)])))
    assert "The notes of a&lt;b&gt; were generated by" in " ".join(html.split())
    assert "<b>" not in html
    assert "Synthetic notes.</strong>" not in to_html(lay_out(compare([entry("mine")])))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_format_says_which_row_is_as_understood_and_how_firmly(
    entry: MakeEntry, tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"table{suffix}"
    write_comparison(compare([entry(source="mimic4-icd9")], with_published=True), path)
    text = path.read_text(encoding="utf-8")
    assert "as understood" in text
    assert "Printed for mimic3-full, without definitions." in text
    assert "inferred" in text


def test_data_files_name_the_reading_of_a_row(entry: MakeEntry) -> None:
    comparison = compare([entry(source="mimic4-icd9")], with_published=True, datasets=["mimic3-full"])
    lines = [line for line in csv.DictReader(io.StringIO(to_csv(comparison))) if line["system"] == "CLEM-ICD"]
    assert {(line["dataset"], line["reading"], line["origin"]) for line in lines} == {
        ("mimic4-icd9", "as understood", "inferred"),
        ("mimic3-full", "as printed", "definition not stated"),
    }
    table = comparison_document(comparison)["tables"][0]
    assert [row["reading"] for row in (*table["own"], *table["published"])] == ["", "", "as understood"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_suffix_chooses_the_format(comparison: Comparison, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / "new" / f"table{suffix.upper()}"
    write_comparison(comparison, path)
    begins = {
        ".html": "<!doctype html>",
        ".md": "## ",
        ".tex": "% Needs",
        ".csv": "table,dataset",
        ".json": "{",
    }
    text = path.read_text(encoding="utf-8")
    assert text.startswith(begins[suffix])
    assert "CLEM-ICD" in text
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_unknown_suffix_is_refused_without_writing(comparison: Comparison, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"has the suffix '\.docx', expected one of \.html, \.md"):
        write_comparison(comparison, tmp_path / "table.docx")
    assert list(tmp_path.glob("*.docx")) == []


def test_pairs_show_signed_differences_and_a_dash_for_areas_without_randomisation() -> None:
    random = np.random.default_rng(3)
    targets = random.random((60, 5)) < 0.4
    good = np.clip(0.7 * targets + 0.3 * random.random(targets.shape), 0, 1)
    poor = random.random(targets.shape)
    pair = Pair.of(
        ("poor", Judgement.of(targets, poor, 0.5)),
        ("good", Judgement.of(targets, good, 0.5)),
        title="these notes",
        metrics=("micro_f1", "map", "roc_auc_micro", "not_there"),
        resamples=200,
    )
    [sheet] = lay_out(compare([], pairs=[pair])).sheets
    assert sheet.title == "good versus poor: these notes; percent"
    micro, _, area = [[cell.text for cell in row] for row in sheet.blocks[0]]
    assert micro[0] == "Micro-F1"
    assert micro[3].startswith("+")
    assert micro[4].startswith("[+")
    assert area[-1] == "–"  # noqa: RUF001
    assert "the same notes: 200 bootstrap resamples" in sheet.remarks[0]


@pytest.mark.parametrize("package", ["jinja2", "matplotlib"])
def test_only_html_needs_the_extra(
    entry: MakeEntry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    comparison = compare([entry()])
    monkeypatch.setitem(sys.modules, package, None)
    for suffix in set(SUFFIXES) - {".html"}:
        write_comparison(comparison, tmp_path / f"table{suffix}")
        assert (tmp_path / f"table{suffix}").stat().st_size
    with pytest.raises(MissingExtraError, match=rf"needs {package}, .*pip install 'clem-icd\[report\]'"):
        write_comparison(comparison, tmp_path / "table.html")
    assert not (tmp_path / "table.html").exists()
