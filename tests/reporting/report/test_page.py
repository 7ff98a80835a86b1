from __future__ import annotations

import json
import re
import statistics
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from clem_icd.evaluation.definitions import DEFINITIONS
from clem_icd.reporting import figures
from clem_icd.reporting.figures.chart import Chart, Panel
from clem_icd.reporting.report import write_report
from fixtures.made_runs import write_run

MakeRun = Callable[..., Path]
_VOID = {"meta", "br", "link", "img", "input", "hr"}


class Page(HTMLParser):
    """The tags, attributes, words and table rows of a page; refuses tags that do not close in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str]] = []
        self.words = ""
        self.rows: list[list[str]] = []
        self._open: list[str] = []
        self.feed(html)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        if tag == "tr":
            self.rows.append([])
        if tag in {"th", "td"}:
            self.rows[-1].append("")
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data
        if {"th", "td"} & set(self._open):
            self.rows[-1][-1] = " ".join(f"{self.rows[-1][-1]} {data}".split())

    def values(self, name: str) -> list[str]:
        return [value for attribute, value in self.attributes if attribute == name]


def report(run: Path, *beside: Path) -> Page:
    return Page(write_report(run, beside=beside).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """The report of a complete run."""
    return report(write_run(tmp_path_factory.mktemp("whole") / "run"))


@pytest.fixture(scope="module")
def two_runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The folders of two runs; the first has a report with the second next to it."""
    folder = tmp_path_factory.mktemp("two")
    first, second = write_run(folder / "first"), write_run(folder / "second", seed=3)
    write_report(first, beside=[second])
    return first, second


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the drawings out of reports, for tests of text: drawing takes most of the time."""

    def panel(chart: Chart) -> Panel:
        return Panel(chart.caption, "", chart.legend)

    monkeypatch.setattr(figures, "draw", panel)


def test_page_is_self_contained(two_runs: tuple[Path, Path]) -> None:
    html = (two_runs[0] / "report.html").read_text(encoding="utf-8")
    page = Page(html)
    assert not {"script", "link", "img", "iframe", "object", "image"} & set(page.tags)
    assert page.values("src") == []
    assert "://" not in html
    assert "@import" not in html
    references = page.values("href") + page.values("xlink:href") + re.findall(r"url\(([^)]*)\)", html)
    assert references
    assert {reference[0] for reference in references} == {"#"}
    assert {reference[1:] for reference in references} <= set(page.values("id"))


def test_ids_are_unique_and_charts_tables_and_sections_are_named(whole: Page) -> None:
    page = whole
    assert max(Counter(page.values("id")).values()) == 1
    assert set(page.values("aria-labelledby")) <= set(page.values("id"))
    assert page.tags["figure"] == page.tags["figcaption"] == page.values("role").count("img") == 9
    assert page.tags["table"] == page.tags["caption"] == 7
    assert page.tags["h1"] == 1


def test_page_starts_with_the_headlines_of_all_runs_and_their_definitions(
    two_runs: tuple[Path, Path],
) -> None:
    page = Page((two_runs[0] / "report.html").read_text(encoding="utf-8"))
    metrics = [json.loads((run / "metrics.json").read_text())["metrics"] for run in two_runs]
    first_table = page.rows[:7]
    assert first_table[0] == ["Metric", "first", "second"]
    names = [
        "micro_f1",
        "macro_f1_all_labels",
        "macro_f1_split_labels",
        "macro_f1_caml",
        "map",
        "precision_at_8",
    ]
    for name, (head, *values) in zip(names, first_table[1:], strict=True):
        assert head.startswith(f"{DEFINITIONS[name].title} {name} {DEFINITIONS[name].definition}")
        assert values == [f"{100 * each[name]:.1f}" for each in metrics]


@pytest.mark.usefixtures("undrawn")
def test_evidence_is_shown_where_a_run_has_some(make_run: MakeRun) -> None:
    about = {"format": "clem-icd/evidence-metrics", "format_version": 1}
    evidence = about | {"metrics": {"evidence_token_f1": 0.4321}, "explanation": {"method": "attention"}}
    shown = report(make_run("explained", evidence=evidence), make_run("bare"))
    [row] = [row for row in shown.rows if "attention" in row]
    assert row[0] == "explained"
    assert "43.2" in row
    assert "Evidence" not in report(make_run("bare")).words


@pytest.mark.usefixtures("undrawn")
def test_banner_names_only_the_synthetic_runs(make_run: MakeRun) -> None:
    made_up, real = make_run("made-up"), make_run("real", synthetic=False)
    assert "The notes of made-up were generated" in " ".join(report(made_up, real).words.split())
    assert "Synthetic notes" not in report(real).words


@pytest.mark.usefixtures("undrawn")
def test_runs_on_different_notes_or_labels_are_not_comparable(make_run: MakeRun) -> None:
    run, same, other = make_run("run"), make_run("same", seed=2), make_run("other")
    document = json.loads((other / "metrics.json").read_text())
    (other / "metrics.json").write_text(json.dumps(document | {"labels": 50}))
    assert "Not comparable" not in report(run, same).words
    assert "Not comparable" in report(run, other).words


@pytest.mark.parametrize("key", ["notes", "labels", "codes"])
@pytest.mark.usefixtures("undrawn")
def test_runs_with_different_checksums_are_not_comparable(make_run: MakeRun, key: str) -> None:
    identity = {"notes": "a", "labels": "b", "codes": "c"}
    runs = [make_run("run"), make_run("same", seed=2), make_run("other")]
    for run, own in zip(runs, (identity, identity, identity | {key: "d"}), strict=True):
        document = json.loads((run / "metrics.json").read_text())
        (run / "metrics.json").write_text(json.dumps(document | {"identity": own}))
    assert "Not comparable" not in report(*runs[:2]).words
    assert "Not comparable" in report(*runs).words


def test_seeds_are_reported_as_mean_and_standard_deviation(make_run: MakeRun, make_seeds: MakeRun) -> None:
    seeds, alone = make_seeds("seeds"), make_run("alone")
    page = report(seeds, alone)
    values = [json.loads((seeds / f"seed-{seed}/metrics.json").read_text())["metrics"] for seed in range(3)]
    micro = [100 * each["micro_f1"] for each in values]
    shown = f"{statistics.fmean(micro):.1f} \N{PLUS-MINUS SIGN} {statistics.stdev(micro):.1f}"
    assert page.rows[1][1:] == [shown, f"{micro[0]:.1f}"]
    assert "mean \N{PLUS-MINUS SIGN} standard deviation of 3 seeds" in page.words
    assert "Thin: each of 3 seeds" in page.words
    assert "in percent; after \N{PLUS-MINUS SIGN}, the standard deviation over seeds." in page.words
    assert "The notes of seeds, alone were generated" in " ".join(page.words.split())
    assert "missing" not in page.values("class")


@pytest.mark.usefixtures("undrawn")
def test_incomplete_seeds_have_a_report(make_seeds: MakeRun) -> None:
    seeds = make_seeds()
    for file in ("metrics.json", "metrics-validation.json", "seed-2/metrics.json", "seed-1/history.json"):
        (seeds / file).unlink()
    (seeds / "seed-9").mkdir()
    words = report(seeds).words
    assert "No test metrics" in words
    assert "Thin: each of 2 seeds" in words


@pytest.mark.usefixtures("undrawn")
def test_metrics_file_of_another_system_is_shown_next_to_a_run(make_run: MakeRun, tmp_path: Path) -> None:
    run, theirs = make_run("run"), make_run("theirs", seed=3)
    (theirs / "metrics.json").rename(tmp_path / "plm-icd.json")
    page = report(run, tmp_path / "plm-icd.json")
    assert page.rows[0] == ["Metric", "run", "plm-icd"]


@pytest.mark.usefixtures("undrawn")
def test_intervals_are_shown_next_to_the_values(make_run: MakeRun) -> None:
    run = make_run()
    document = json.loads((run / "metrics.json").read_text())
    intervals = {"micro_f1": {"low": 0.123, "high": 0.987, "sd": 0.1}}
    (run / "metrics.json").write_text(json.dumps(document | {"intervals": {"metrics": intervals}}))
    micro, macro = report(run).rows[1:3]
    assert micro[1] == f"{100 * document['metrics']['micro_f1']:.1f} [12.3, 98.7]"
    assert "[" not in macro[1]
    assert "in percent; in brackets, the 95 % interval." in report(run).words
    assert "interval" not in report(make_run("without")).words


ERRORS: list[dict[str, Any]] = [
    {
        "dimension": "chapter",
        "title": "By chapter",
        "unit": "labels",
        "groups": [
            {"name": "Neoplasms", "labels": 3, "notes": 1200, "micro_f1": 0.5},
            {"name": "<b>Other</b>", "labels": 2, "notes": 7, "micro_f1": 0.25, "unheard_of": 1},
        ],
    },
    {"dimension": "none", "title": "Of nothing", "unit": "notes", "groups": []},
]


@pytest.mark.usefixtures("undrawn")
def test_errors_are_tabulated(make_run: MakeRun) -> None:
    run = make_run()
    document = json.loads((run / "metrics.json").read_text())
    (run / "metrics.json").write_text(json.dumps(document | {"errors": ERRORS}))
    page = report(run)
    start = page.rows.index(["Group", "Labels", "Notes", "Micro-F1"])
    assert page.rows[start + 1 : start + 3] == [
        ["Neoplasms", "3", "1,200", "50.0"],
        ["<b>Other</b>", "2", "7", "25.0"],
    ]
    assert "Of nothing" not in page.words
    assert "Where the errors are" not in report(make_run("bare")).words


@pytest.mark.usefixtures("undrawn")
def test_errors_of_seeds_are_those_of_the_seed_best_on_validation(make_seeds: MakeRun) -> None:
    seeds = make_seeds()
    for seed, labels in enumerate((11, 22, 33)):
        path = seeds / f"seed-{seed}" / "metrics.json"
        errors = [ERRORS[0] | {"groups": [{"name": "All", "labels": labels}]}]
        path.write_text(json.dumps(json.loads(path.read_text()) | {"errors": errors}))
    page = report(seeds)
    assert ["All", "22"] in page.rows
    assert "By chapter, seed-1 only." in page.words


@pytest.mark.usefixtures("undrawn")
def test_runs_of_the_same_name_are_numbered(make_run: MakeRun) -> None:
    page = report(make_run("run"), make_run("again/run", seed=1))
    assert "run (2)" in page.words


def test_names_and_recipes_are_escaped(make_run: MakeRun) -> None:
    evil = "<script>alert(1)</script>"
    run = make_run("<b>&_$x^$", **{"recipe.yaml": f"name: {evil}\n", "environment": {evil: evil}})
    page = report(run, make_run("_$\\frac$"))
    assert page.tags["script"] == page.tags["b"] == 0
    assert f"name: {evil}" in page.words
    assert "<b>&_$x^$" in page.words


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("history", "No learning curves: history.json is missing"),
        ("description", "No description of the corpus: description.json is missing"),
        ("metrics", "No test metrics: metrics.json is missing"),
        ("metrics-validation", "No threshold curve: metrics-validation.json is missing"),
        ("recipe.yaml", "No recipe: recipe.yaml is missing"),
        ("environment", "No environment: environment.json is missing"),
    ],
)
@pytest.mark.usefixtures("undrawn")
def test_missing_file_is_named_in_its_section(make_run: MakeRun, file: str, message: str) -> None:
    assert message in " ".join(report(make_run(**{file: None})).words.split())


def test_nothing_is_missing_from_a_complete_run(whole: Page) -> None:
    assert "missing" not in whole.values("class")


def test_run_interrupted_at_once_has_a_report(make_run: MakeRun) -> None:
    files = [
        "environment",
        "corpus",
        "metrics",
        "metrics-validation",
        "description",
        "history",
        "model__clem",
    ]
    page = report(make_run(**dict.fromkeys(files)))
    assert page.tags["figure"] == page.tags["table"] == 0


@pytest.mark.usefixtures("undrawn")
def test_empty_history_is_not_reported_as_missing(make_run: MakeRun) -> None:
    words = report(make_run(history=[])).words
    assert "The history of this run is empty" in words
    assert "history.json" not in words


@pytest.mark.usefixtures("undrawn")
def test_metrics_without_buckets_and_curves_are_shown_without_them(make_run: MakeRun) -> None:
    run = make_run()
    for name in ("metrics", "metrics-validation"):
        document = json.loads((run / f"{name}.json").read_text())
        for key in ("threshold_curve", "precision_recall_curve", "calibration"):
            del document[key]
        (run / f"{name}.json").write_text(json.dumps(document | {"buckets": []}))
    words = report(run).words
    assert "have no label-frequency buckets" in words
    assert "have no threshold curve, precision-recall curve or calibration" in words
