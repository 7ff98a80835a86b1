"""clem evaluate: profiles, intervals, rules chosen on the spot, known labels, and re-evaluated runs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clem_icd.cli.evaluate import Profile
from clem_icd.corpus import Corpus
from clem_icd.decisions import Threshold, choose_rule
from clem_icd.evaluation import PROFILES, evaluate
from clem_icd.scores import Scores, write_scores
from support import write_little_corpus

Invoke = Callable[..., Any]
Refused = Callable[..., str]


def test_the_command_offers_every_profile_of_the_package() -> None:
    assert [profile.value for profile in Profile] == list(PROFILES)


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_is_computed_and_shown(world: Any, clem: Invoke, profile: str) -> None:
    arguments = world.evaluate("--threshold", 0.2, "--profile", profile, "--resamples", 0, "--force")
    document = clem(*arguments, "--json").json
    corpus = Corpus.open(world.corpus)
    scores = Scores.read(world.scores).of(corpus, "test")
    expected = evaluate(corpus.targets("test"), scores, 0.2, profile)
    own = {name: document["metrics"][name] for name in expected}
    assert own == expected
    assert document["profile"] == profile
    assert "intervals" not in document
    shown = clem(*arguments).out
    if profile != "all":
        assert all(document["definitions"][name]["title"] in shown for name in document["metrics"])


def test_intervals_contain_the_value_and_name_the_resampled_unit(world: Any, clem: Invoke) -> None:
    document = clem(*world.evaluate("--threshold", 0.2, "--resamples", 20), "--json").json
    intervals = document["intervals"]
    assert (intervals["resamples"], intervals["unit"]) == (20, "subjects")
    assert intervals["metrics"].keys() == document["metrics"].keys()
    for name, value in document["metrics"].items():
        assert intervals["metrics"][name]["low"] <= value <= intervals["metrics"][name]["high"], name
    assert "95 % interval" in clem(*world.evaluate("--threshold", 0.2, "--resamples", 20, "--force")).out


def test_checksums_identify_what_was_evaluated(world: Any, clem: Invoke) -> None:
    one = clem(*world.evaluate("--threshold", 0.2, "--resamples", 0), "--json").json
    run = json.loads((world.run / "metrics.json").read_text(encoding="utf-8"))
    assert one["identity"] == run["identity"]


def test_a_rule_is_chosen_on_validation_scores(world: Any, clem: Invoke) -> None:
    validation = world.run / "scores/validation.parquet"
    arguments = world.evaluate("--validation-scores", validation, "--policy", "exact", "--resamples", 0)
    document = clem(*arguments, "--json").json
    corpus = Corpus.open(world.corpus)
    scores = Scores.read(validation).of(corpus, "validation")
    expected = choose_rule("exact", corpus.targets("validation"), scores, corpus.train_counts())
    assert isinstance(expected, Threshold)
    assert document["threshold"] == expected.value
    assert document["threshold_source"] == "validation"


def test_a_rule_other_than_a_threshold_is_described(world: Any, clem: Invoke) -> None:
    validation = world.run / "scores/validation.parquet"
    arguments = world.evaluate("--validation-scores", validation, "--policy", "top-k", "--resamples", 0)
    shown = clem(*arguments).out
    assert "a code is assigned when its score is among the" in shown
    assert json.loads((world.root / "new.json").read_text(encoding="utf-8"))["threshold"] is None


def test_reevaluating_a_run_reproduces_its_metrics(world: Any, clem: Invoke) -> None:
    before = (world.run / "metrics.json").read_bytes()
    (world.run / "metrics.json").unlink()
    (world.run / "report.html").unlink()
    again = clem("evaluate", "--run", world.run, "--corpus", world.corpus)
    assert again.code == 0, again.err
    assert (world.run / "metrics.json").read_bytes() == before
    assert (world.run / "report.html").is_file()


@pytest.fixture
def partly_known(tmp_path: Path) -> tuple[Corpus, Path]:
    """A corpus, and scores for half of its labels."""
    corpus = write_little_corpus(tmp_path / "corpus", sizes={"train": 30, "validation": 10, "test": 12})
    known = corpus.codes[: len(corpus.codes) // 2]
    values = np.random.default_rng(0).random((12, len(known))).astype(np.float32)
    out = tmp_path / "scores.parquet"
    write_scores(out, known, zip(corpus.note_ids("test"), values, strict=True), {"system": "theirs"})
    return corpus, out


def test_known_labels_leaves_out_codes_that_the_system_does_not_know(
    tmp_path: Path, clem: Invoke, refused: Refused, partly_known: tuple[Corpus, Path]
) -> None:
    corpus, scores = partly_known
    arguments = ["evaluate", "--corpus", corpus.path, "--scores", scores, "--out", tmp_path / "m.json"]
    arguments += ["--threshold", 0.5, "--resamples", 0]
    refused(*arguments, says=["different label spaces"])
    document = clem(*arguments, "--known-labels", "--json").json
    known = len(corpus.codes) // 2
    assert document["labels"] == known
    assert document["notes"] == int(corpus.targets("test")[:, :known].any(axis=1).sum())
    assert "left out" in " ".join(document["warnings"])
    assert "errors" not in document


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ([], ["neither a run nor scores files", "either --run or --scores"]),
        (["--scores", "s.parquet"], ["--scores needs --out", "Name the metrics file"]),
        (
            ["--run", "RUN", "--scores", "s.parquet"],
            ["both a run and scores files", "either --run or --scores"],
        ),
    ],
)
def test_either_a_run_or_scores_with_an_output_file_are_required(
    world: Any, refused: Refused, options: list[str], says: list[str]
) -> None:
    named = [str(world.run) if option == "RUN" else option for option in options]
    refused("evaluate", "--corpus", world.corpus, *named, says=says)


@pytest.mark.parametrize(
    "option",
    [
        ("--out", "m.json"),
        ("--split", "validation"),
        ("--model", "MODEL"),
        ("--threshold", 0.2),
        ("--validation-scores", "v.parquet"),
        ("--policy", "exact"),
        ("--profile", "caml"),
        ("--resamples", 10),
        ("--known-labels",),
    ],
    ids=lambda option: option[0],
)
def test_an_option_that_a_run_would_ignore_is_refused(
    world: Any, refused: Refused, option: tuple[object, ...]
) -> None:
    says = [
        f"{option[0]} cannot be combined with --run, expected --run alone",
        f"Leave out {option[0]}, or name a scores file of the run with --scores",
    ]
    refused("evaluate", "--corpus", world.corpus, "--run", world.run, *option, says=says)


def test_all_options_that_a_run_would_ignore_are_named_at_once(world: Any, refused: Refused) -> None:
    options = ("--profile", "caml", "--threshold", 0.2, "--out", "m.json")
    refused(
        "evaluate", "--corpus", world.corpus, "--run", world.run, *options,
        says=["--out, --threshold, --profile cannot be combined with --run"],
    )  # fmt: skip


def test_a_policy_without_scores_to_choose_on_is_refused(world: Any, refused: Refused) -> None:
    says = ["--policy needs --validation-scores", "Name both, or leave out --policy"]
    refused(*world.evaluate("--threshold", 0.5, "--policy", "exact"), says=says)


def test_two_rules_are_refused(world: Any, refused: Refused) -> None:
    validation = world.run / "scores/validation.parquet"
    says = ["several rules", "one of --model, --threshold and --validation-scores"]
    refused(*world.evaluate("--validation-scores", validation, "--threshold", 0.5), says=says)


def test_a_run_is_not_reevaluated_on_another_corpus(tmp_path: Path, world: Any, refused: Refused) -> None:
    shutil.copytree(world.corpus, tmp_path / "other")
    about = json.loads((tmp_path / "other/corpus.json").read_text(encoding="utf-8"))
    (tmp_path / "other/corpus.json").write_text(json.dumps(about | {"name": "other"}), encoding="utf-8")
    refused("evaluate", "--run", world.run, "--corpus", tmp_path / "other", says=["another corpus"])
