from __future__ import annotations

import json
import re
import statistics
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from clem_icd.errors import RunError
from clem_icd.evaluation.definitions import DEFINITIONS
from clem_icd.reporting.report import write_figures, write_report

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


def test_the_report_lies_in_the_run_folder_or_where_it_was_asked_for(
    make_run: MakeRun, tmp_path: Path
) -> None:
    run = make_run()
    before = set(run.iterdir())
    assert write_report(run) == run / "report.html"
    assert set(run.iterdir()) - before == {run / "report.html"}
    asked = tmp_path / "new" / "page.html"
    assert write_report(run, out=asked) == asked
    assert asked.read_bytes() == (run / "report.html").read_bytes()


def test_it_needs_nothing_beside_it(make_run: MakeRun) -> None:
    html = write_report(make_run(), beside=[make_run("other", seed=4)]).read_text(encoding="utf-8")
    page = Page(html)
    assert not {"script", "link", "img", "iframe", "object", "image"} & set(page.tags)
    assert page.values("src") == []
    assert "://" not in html
    assert "@import" not in html
    references = page.values("href") + page.values("xlink:href") + re.findall(r"url\(([^)]*)\)", html)
    assert references
    assert {reference[0] for reference in references} == {"#"}
    assert {reference[1:] for reference in references} <= set(page.values("id"))


def test_ids_are_unique_and_charts_tables_and_sections_are_named(make_run: MakeRun) -> None:
    page = report(make_run())
    assert max(Counter(page.values("id")).values()) == 1
    assert set(page.values("aria-labelledby")) <= set(page.values("id"))
    assert page.tags["figure"] == page.tags["figcaption"] == page.values("role").count("img") == 9
    assert page.tags["table"] == page.tags["caption"] == 6
    assert page.tags["h1"] == 1


def test_headlines_of_all_runs_with_their_definitions(make_run: MakeRun) -> None:
    runs = [make_run("first"), make_run("second", seed=3)]
    page = report(*runs)
    metrics = [json.loads((run / "metrics.json").read_text())["metrics"] for run in runs]
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


def test_the_banner_names_the_synthetic_runs_only(make_run: MakeRun) -> None:
    made_up, real = make_run("made-up"), make_run("real", synthetic=False)
    assert "The notes of made-up were made up" in " ".join(report(made_up, real).words.split())
    assert "Synthetic notes" not in report(real).words


def test_runs_of_other_notes_or_labels_are_not_like_with_like(make_run: MakeRun) -> None:
    run, same, other = make_run("run"), make_run("same", seed=2), make_run("other")
    document = json.loads((other / "metrics.json").read_text())
    (other / "metrics.json").write_text(json.dumps(document | {"labels": 50}))
    assert "Not like with like" not in report(run, same).words
    assert "Not like with like" in report(run, other).words


@pytest.mark.parametrize("key", ["notes", "labels", "codes"])
def test_runs_of_other_codes_are_not_like_with_like(make_run: MakeRun, key: str) -> None:
    identity = {"notes": "a", "labels": "b", "codes": "c"}
    runs = [make_run("run"), make_run("same", seed=2), make_run("other")]
    for run, own in zip(runs, (identity, identity, identity | {key: "d"}), strict=True):
        document = json.loads((run / "metrics.json").read_text())
        (run / "metrics.json").write_text(json.dumps(document | {"identity": own}))
    assert "Not like with like" not in report(*runs[:2]).words
    assert "Not like with like" in report(*runs).words


def test_seeds_are_reported_as_mean_and_deviation(make_run: MakeRun, make_seeds: MakeRun) -> None:
    seeds, alone = make_seeds("seeds"), make_run("alone")
    page = report(seeds, alone)
    values = [json.loads((seeds / f"seed-{seed}/metrics.json").read_text())["metrics"] for seed in range(3)]
    micro = [100 * each["micro_f1"] for each in values]
    shown = f"{statistics.fmean(micro):.1f} \N{PLUS-MINUS SIGN} {statistics.stdev(micro):.1f}"
    assert page.rows[1][1:] == [shown, f"{micro[0]:.1f}"]
    assert "mean \N{PLUS-MINUS SIGN} standard deviation of 3 seeds" in page.words
    assert "Thin: each of 3 seeds" in page.words
    assert "in percent; after \N{PLUS-MINUS SIGN}, the standard deviation over seeds." in page.words
    assert "The notes of seeds, alone were made up" in " ".join(page.words.split())
    assert "missing" not in page.values("class")


def test_seeds_that_are_not_all_there_have_a_report(make_seeds: MakeRun) -> None:
    seeds = make_seeds()
    for file in ("metrics.json", "metrics-validation.json", "seed-2/metrics.json", "seed-1/history.json"):
        (seeds / file).unlink()
    (seeds / "seed-9").mkdir()
    words = report(seeds).words
    assert "There are no test metrics" in words
    assert "Thin: each of 2 seeds" in words


def test_a_metrics_file_of_anyone_stands_beside_a_run(make_run: MakeRun, tmp_path: Path) -> None:
    run, theirs = make_run("run"), make_run("theirs", seed=3)
    (theirs / "metrics.json").rename(tmp_path / "plm-icd.json")
    page = report(run, tmp_path / "plm-icd.json")
    assert page.rows[0] == ["Metric", "run", "plm-icd"]


def test_intervals_stand_beside_the_values(make_run: MakeRun) -> None:
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


def test_errors_are_tables(make_run: MakeRun) -> None:
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


def test_errors_of_seeds_are_those_of_the_best_on_validation(make_seeds: MakeRun) -> None:
    seeds = make_seeds()
    for seed, labels in enumerate((11, 22, 33)):
        path = seeds / f"seed-{seed}" / "metrics.json"
        errors = [ERRORS[0] | {"groups": [{"name": "All", "labels": labels}]}]
        path.write_text(json.dumps(json.loads(path.read_text()) | {"errors": errors}))
    page = report(seeds)
    assert ["All", "22"] in page.rows
    assert "By chapter, seed-1 only." in page.words


def test_figures_are_written_for_a_paper(make_run: MakeRun, tmp_path: Path) -> None:
    written = write_figures(make_run(), tmp_path / "figures", beside=[make_run("other", seed=1)])
    captions = tmp_path / "figures" / "captions.txt"
    assert sorted([*written, captions]) == sorted((tmp_path / "figures").iterdir())
    assert [line.split(":")[0] for line in captions.read_text().splitlines()][:2] == ["loss", "f1"]
    assert {path.suffix for path in written} == {".pdf", ".png", ".svg"}
    assert len({path.stem for path in written}) == 9


def test_two_runs_of_one_name_are_told_apart(make_run: MakeRun) -> None:
    page = report(make_run("run"), make_run("again/run", seed=1))
    assert "run (2)" in page.words


def test_names_and_recipes_cannot_bring_markup(make_run: MakeRun) -> None:
    evil = "<script>alert(1)</script>"
    run = make_run("<b>&_$x^$", **{"recipe.yaml": f"name: {evil}\n", "environment": {evil: evil}})
    page = report(run, make_run("_$\\frac$"))
    assert page.tags["script"] == page.tags["b"] == 0
    assert f"name: {evil}" in page.words
    assert "<b>&_$x^$" in page.words


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("history", "There are no learning curves: history.json is missing"),
        ("description", "The corpus is not described: description.json is missing"),
        ("metrics", "There are no test metrics: metrics.json is missing"),
        ("metrics-validation", "There is no threshold curve: metrics-validation.json is missing"),
        ("recipe.yaml", "The recipe is not known: recipe.yaml is missing"),
        ("environment", "The environment is not known: environment.json is missing"),
    ],
)
def test_what_is_missing_is_said_in_its_place(make_run: MakeRun, file: str, said: str) -> None:
    assert said in " ".join(report(make_run(**{file: None})).words.split())


def test_nothing_is_missing_from_a_whole_run(make_run: MakeRun) -> None:
    assert "missing" not in report(make_run()).values("class")


def test_a_run_that_was_cut_off_at_once_has_a_report(make_run: MakeRun) -> None:
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


def test_an_empty_history_is_no_missing_history(make_run: MakeRun) -> None:
    words = report(make_run(history=[])).words
    assert "The history of this run is empty" in words
    assert "history.json" not in words


def test_metrics_without_buckets_or_curve_are_shown_without_them(make_run: MakeRun) -> None:
    run = make_run()
    for name in ("metrics", "metrics-validation"):
        document = json.loads((run / f"{name}.json").read_text())
        for key in ("threshold_curve", "precision_recall_curve", "calibration"):
            del document[key]
        (run / f"{name}.json").write_text(json.dumps(document | {"buckets": []}))
    words = report(run).words
    assert "hold no label-frequency buckets" in words
    assert "hold no threshold curve, no precision and recall" in words


def test_a_folder_that_is_no_run_leaves_no_report(make_run: MakeRun, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    run = make_run()
    with pytest.raises(RunError, match="not a run folder"):
        write_report(run, beside=[tmp_path / "empty"])
    assert not (run / "report.html").exists()


def test_metrics_are_imported_without_torch_and_without_matplotlib() -> None:
    code = (
        "import sys, clem_icd.evaluation; print(*{'torch', 'transformers', 'matplotlib'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
