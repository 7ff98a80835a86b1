from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clem_icd.errors import RunError
from clem_icd.runs.results import read_run

MakeRun = Callable[..., Path]


def test_a_complete_run_is_read(make_run: MakeRun) -> None:
    run = read_run(make_run("clem"))
    assert run.name == "clem"
    assert run.recipe is not None
    assert "learning_rate" in run.recipe
    assert run.history is not None
    assert len(run.history) == 70
    assert run.test is not None
    assert run.validation is not None
    assert (run.test["split"], run.validation["split"]) == ("test", "validation")
    assert run.threshold == 0.31
    assert run.synthetic


def test_missing_files_are_none(make_run: MakeRun) -> None:
    folder = make_run(
        **dict.fromkeys(["environment", "corpus", "metrics", "metrics-validation", "description"])
    )
    run = read_run(folder)
    assert (run.environment, run.test, run.validation, run.description) == (None,) * 4
    assert run.corpus == {}
    assert not run.synthetic


@pytest.mark.parametrize("model", [None, {}, {"threshold": [0.1, 0.2]}])
def test_without_a_model_the_threshold_is_that_of_the_metrics(make_run: MakeRun, model: Any) -> None:
    run = read_run(make_run(model__clem=model))
    assert run.test is not None
    assert run.threshold == run.test["threshold"]


def test_the_threshold_may_be_one_that_scores_can_equal(make_run: MakeRun) -> None:
    rule = {"kind": "at-least", "value": 0.5}
    assert read_run(make_run(model__clem={"threshold": None, "rule": rule})).threshold == 0.5
    # A rule of another kind has no threshold to show.
    other = {"threshold": None, "rule": {"kind": "top-k", "k": 3}}
    assert read_run(make_run("other", model__clem=other, metrics=None)).threshold is None


def test_the_metrics_may_say_that_a_corpus_is_synthetic(make_run: MakeRun) -> None:
    assert read_run(make_run(corpus=None)).synthetic
    assert not read_run(make_run("real", corpus=None, synthetic=False)).synthetic


def test_an_empty_or_absent_folder_is_not_a_run(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "absent"):
        with pytest.raises(RunError, match="not a run folder") as caught:
            read_run(folder)
        assert caught.value.path == folder


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("history", "[{]", r"history\.json: is not valid JSON \(line 1\)"),
        ("history", "{}", r"history\.json: holds a JSON dict, expected a list"),
        ("history", '[{"epoch": 1}, 2]', r"history\.json, row 2: is not a JSON object"),
        ("environment", "[]", r"environment\.json: holds a JSON list, expected a dict"),
        ("metrics", {"format": "other"}, "has format 'other' version None"),
        ("metrics", {"format": "clem-icd/metrics", "format_version": 2}, "version 2, expected"),
        ("metrics", {"format": "clem-icd/metrics", "format_version": 1, "corpus": {}}, "lacks split, notes"),
        (
            "evidence",
            {"format": "clem-icd/metrics", "format_version": 1},
            r"evidence\.json: has format 'clem",
        ),
        (
            "evidence",
            {"format": "clem-icd/evidence-metrics", "format_version": 1, "metrics": {}},
            "lacks expl",
        ),
    ],
)
def test_a_broken_file_is_named(make_run: MakeRun, file: str, content: Any, message: str) -> None:
    with pytest.raises(RunError, match=message):
        read_run(make_run(**{file: content}))


def test_a_file_that_is_not_text_is_named(make_run: MakeRun) -> None:
    folder = make_run()
    (folder / "recipe.yaml").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(RunError, match=r"recipe\.yaml: cannot be read as text \(UnicodeDecodeError\)"):
        read_run(folder)


def test_seeds_are_read_in_order(make_seeds: MakeRun) -> None:
    folder = make_seeds(runs=11)
    run = read_run(folder)
    assert [seed.name for seed in run.seeds] == [f"seed-{number}" for number in range(11)]
    assert run.test is not None
    assert (run.threshold, run.history) == (None, None)
    assert run.test["metrics"]["map"] == run.test["spread"]["map"]["mean"]
    assert run.test["buckets"][0]["micro_f1"] == run.test["buckets"][0]["spread"]["micro_f1"]["mean"]
    assert run.description == run.seeds[0].description
    assert run.synthetic


def test_a_metrics_file_is_named_after_itself_or_its_folder(make_run: MakeRun, make_seeds: MakeRun) -> None:
    path = make_run("clem") / "metrics.json"
    run = read_run(path)
    assert (run.name, run.threshold, run.history) == ("clem", 0.36, None)
    assert read_run(path.rename(path.with_name("plm-icd.json"))).name == "plm-icd"
    seeds = read_run(make_seeds("several") / "metrics.json")
    assert (seeds.name, seeds.seeds) == ("several", ())
    assert seeds.test is not None
    assert seeds.test["runs"] == 3


def test_a_file_without_metrics_is_refused(make_run: MakeRun) -> None:
    with pytest.raises(RunError, match="has format None version None"):
        read_run(make_run() / "environment.json")
