"""clem compare, on the run of the journey: tables, files, pairs and refusals."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from clem_icd.scores import Scores, write_scores
from support import ROOT

Invoke = Callable[..., Any]
Refused = Callable[..., str]


@pytest.fixture
def second(world: Any) -> Path:
    """A copy of the run with every score moved towards 0.5."""
    path: Path = world.root / "second"
    shutil.copytree(world.run, path)
    scores = Scores.read(path / "scores" / "test.parquet")
    rows = zip(scores.note_ids, 0.5 + (scores.values - 0.5) * 0.9, strict=True)
    write_scores(path / "scores" / "test.parquet", scores.labels, rows, scores.about, force=True)
    return path


def test_runs_and_metrics_files_share_a_table(clem: Invoke, world: Any) -> None:
    found = clem("compare", world.run, world.root / "metrics.json", "--json", "--quiet")
    assert found.code == 0, found.err
    [table] = found.json["tables"]
    metrics = json.loads((world.run / "metrics.json").read_text(encoding="utf-8"))["metrics"]
    assert len(table["own"]) == 2
    for row in table["own"]:
        assert row["values"]["micro_f1"]["value"] == pytest.approx(100 * metrics["micro_f1"])
    assert table["title"].startswith("Synthetic notes: ")


@pytest.mark.parametrize("columns", ["60", "400"])
def test_no_figure_is_cut_off_in_a_terminal(
    clem: Invoke, world: Any, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    metrics = json.loads((world.run / "metrics.json").read_text(encoding="utf-8"))["metrics"]
    for arguments in ([world.run], ["--dataset", "mimic3-full"]):
        found = clem("compare", *arguments)
        assert found.code == 0, found.err
        assert "…" not in found.out
    assert f"{100 * metrics['macro_f1_caml']:.1f}" in clem("compare", world.run).out


def test_footnotes_and_unstated_definitions_are_shown_and_definitions_on_request(clem: Invoke) -> None:
    short = clem("compare", "--dataset", "mimic3-full").out
    assert "Definitions: --definitions prints them" in short
    found = clem("compare", "--dataset", "mimic3-full", "--definitions")
    assert found.out.startswith(short.rpartition("Definitions:")[0])
    assert "Definition not stated: comparable with nothing; published: mimic3-full" in found.out
    assert "(1) The CLEM-ICD paper compares its Macro-F1 of 16.5 with 10.4" in found.out
    assert "Macro-F1 (CAML) (macro_f1_caml): 2 P R / (P + R)" in found.out


def test_every_requested_file_is_written(clem: Invoke, world: Any) -> None:
    files = [world.root / f"table{suffix}" for suffix in (".html", ".md", ".tex", ".csv", ".json")]
    options = [option for file in files for option in ("--out", file)]
    found = clem("compare", world.run, "--published", *options)
    assert found.code == 0, found.err
    assert [file.name for file in files if not file.stat().st_size] == []
    assert found.err.count("Wrote ") == 5
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert [marker for marker in world.markers if marker in text] == []


def test_a_pair_is_compared_by_its_own_scores_and_decisions(clem: Invoke, world: Any, second: Path) -> None:
    paired = ("--paired", "--corpus", world.corpus, "--resamples", 100)
    found = clem("compare", world.run, second, world.run, *paired, "--json", "--quiet")
    assert found.code == 0, found.err
    changed, same = found.json["pairs"]
    metrics = json.loads((world.run / "metrics.json").read_text(encoding="utf-8"))["metrics"]
    assert changed["metrics"]["micro_f1"]["first"] == pytest.approx(100 * metrics["micro_f1"])
    # The order of the scores is that of the first; the decisions are not.
    assert changed["metrics"]["map"]["difference"] == pytest.approx(0, abs=0.5)
    assert {one["difference"] for one in same["metrics"].values()} == {0}
    assert {one["p_bootstrap"] for one in same["metrics"].values()} == {1}
    assert found.json["tables"] == []
    assert "p, randomisation" in clem("compare", world.run, second, *paired).out


def test_a_pair_has_the_requested_metrics(clem: Invoke, world: Any, second: Path) -> None:
    options = ("--paired", "--corpus", world.corpus, "--resamples", 100, "--metric", "macro_f1_caml")
    found = clem("compare", world.run, second, *options, "--json", "--quiet")
    assert list(found.json["pairs"][0]["metrics"]) == ["macro_f1_caml"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["compare"], ["nothing to compare", "Name runs, or pass --published"]),
        (["compare", "--dataset", "mimic5"], ["no published results are known for mimic5", "mimic4-icd10"]),
        (["compare", "RUN", "--metric", "macro_f1"], ["unknown metric macro_f1", "macro_f1_caml"]),
        (["compare", "RUN", "--out", "x.docx"], ["x.docx", "suffix '.docx'"]),
        (["compare", "RUN", "--out", "RUN/metrics.json"], ["already exists", "--force"]),
        (["compare", "CORPUS"], ["not a run folder"]),
        (["compare", "RUN", "RUN", "--paired"], ["both --paired and --corpus"]),
        (
            ["compare", "RUN", "--split", "validation"],
            [
                "--split cannot be used without --paired",
                "Pass --paired and --corpus as well, or leave out --split",
            ],
        ),
        (
            ["compare", "RUN", "--split", "train", "--resamples", "200"],
            ["--split, --resamples cannot be used without --paired"],
        ),
        (
            ["compare", "RUN", "--paired", "--corpus", "CORPUS"],
            ["of 1 runs, expected at least two", "Name another run"],
        ),
        (
            ["compare", "RUN", "RUN/metrics.json", "--paired", "--corpus", "CORPUS"],
            [
                "metrics.json: is a file, expected the folder of a run",
                "Name a folder that `clem train` wrote",
            ],
        ),
        (["compare", "RUN", "RUN", "--paired", "--corpus", "CORPUS", "--published"], ["no scores"]),
        (
            ["compare", "RUN", "RUN", "--paired", "--corpus", "CORPUS", "--metric", "f1"],
            ["unknown metric f1"],
        ),
        (
            ["compare", "RUN", "RUN", "--paired", "--corpus", "CORPUS", "--split", "train"],
            ["train.parquet", "no such file"],
        ),
    ],
)
def test_incomparable_results_are_refused(
    refused: Refused, world: Any, arguments: Sequence[str], says: Sequence[str]
) -> None:
    places = {"RUN": str(world.run), "CORPUS": str(world.corpus)}
    given = [
        argument.replace("RUN", places["RUN"]).replace("CORPUS", places["CORPUS"]) for argument in arguments
    ]
    refused(*given, says=says)


def test_scores_of_other_notes_are_refused_with_the_difference(
    refused: Refused, world: Any, second: Path
) -> None:
    scores = Scores.read(second / "scores" / "test.parquet")
    ids = ["stranger", *scores.note_ids[1:]]
    rows = zip(ids, scores.values, strict=True)
    write_scores(second / "scores" / "test.parquet", scores.labels, rows, scores.about, force=True)
    paired = ("--paired", "--corpus", world.corpus)
    refused("compare", world.run, second, *paired, says=["1 of its", "1 scored notes are not in it"])


def test_a_folder_of_several_seeds_is_refused_in_a_paired_comparison(refused: Refused, world: Any) -> None:
    several = world.root / "several"
    shutil.copytree(world.run, several / "seed-0")
    paired = ("--paired", "--corpus", world.corpus)
    refused(
        "compare", world.run, several, *paired, says=["holds several runs, one per seed", "such as", "seed-0"]
    )


def test_the_example_in_the_documentation_is_current(clem: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    pages = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "docs").rglob("*.md"))
    begin = "Published: mimic3-50, test, codes; percent"
    [example] = re.findall(rf"^```text\n({begin}\n.*?)\n```$", pages, flags=re.DOTALL | re.MULTILINE)
    printed = clem("compare", "--dataset", "mimic3-50").out
    assert example in "\n".join(line.rstrip() for line in printed.splitlines())
