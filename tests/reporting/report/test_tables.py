from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from clem_icd.evaluation.definitions import DEFINITIONS
from clem_icd.evaluation.headlines import HEADLINES
from clem_icd.reporting.formatting import training_notes
from clem_icd.reporting.report import metrics, tables
from clem_icd.runs.results import read_run

MakeRun = Callable[..., Path]


def test_metrics_of_runs_are_side_by_side_with_their_definition(make_run: MakeRun) -> None:
    first, second = read_run(make_run("first")), read_run(make_run("second", metrics=None))
    assert first.test is not None
    rows = metrics.metric_rows([first, second], HEADLINES)
    assert [row.name for row in rows] == list(HEADLINES)
    for row in rows:
        assert row.values == [f"{100 * first.test['metrics'][row.name]:.1f}", "\N{EN DASH}"]
        assert row.definition == DEFINITIONS[row.name].definition


def test_all_metrics_except_buckets_are_listed_by_default(make_run: MakeRun) -> None:
    names = [row.name for row in metrics.metric_rows([read_run(make_run())])]
    assert names == [name for name in DEFINITIONS if "train_count" not in name]


def test_facts_summarise_the_evaluation(make_run: MakeRun) -> None:
    assert metrics.run_facts(read_run(make_run())) == (
        "clem-icd, small-hospital, test: 60 notes, 300 labels, threshold 0.36 (model)"
    )
    assert "metrics.json is missing" in metrics.run_facts(read_run(make_run("other", metrics=None)))


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ({"kind": "at-least", "value": 0.5}, "300 labels, scores of at least 0.5 (model)"),
        ({"kind": "top-k", "k": 3}, "300 labels, no single threshold (model)"),
    ],
)
def test_facts_name_a_rule_that_is_not_a_threshold_to_exceed(
    make_run: MakeRun, rule: dict[str, Any], says: str
) -> None:
    run = read_run(make_run())
    assert run.test is not None
    other = {**run.test, "threshold": None, "rule": rule}
    assert metrics.run_facts(replace(run, test=other)).endswith(says)


def test_every_bucket_of_every_run_has_a_row(make_run: MakeRun) -> None:
    runs = [read_run(make_run("first")), read_run(make_run("second", seed=7))]
    table = tables.bucket_table(runs)
    assert table is not None
    assert [row[0] for row in table.rows] == ["first"] * 6 + ["second"] * 6
    assert sum(int(row[2]) for row in table.rows[:6]) == 300
    assert all(len(row) == len(table.header) for row in table.rows)
    assert tables.bucket_table([read_run(make_run("third", metrics=None))]) is None


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [(0, 0, "0"), (1, 5, "1\N{EN DASH}5"), (501, None, "over 500")],
)
def test_range_of_training_notes_is_formatted(low: int, high: int | None, text: str) -> None:
    assert training_notes({"low": low, "high": high}) == text


def test_every_evaluation_during_training_has_a_row(make_run: MakeRun) -> None:
    signs = {"eval_distinct_codes": 1080, "eval_code_overlap": 0.25, "eval_micro_f1_over_constant": -0.012}
    history = [
        {"epoch": 0.1, "step": 1, "loss": 0.6},
        {
            "epoch": 1.0,
            "step": 10,
            "eval_loss": 0.03354,
            "eval_map": 0.5,
            "eval_micro_f1_tuned": 0.4,
            **signs,
        },
        # An earlier release wrote no signs of a collapse.
        {"epoch": 2.0, "step": 20, "eval_loss": 0.03, "eval_map": 0.75},
    ]
    table = tables.evaluation_table(read_run(make_run(history=history)))
    assert table is not None
    dash = "\N{EN DASH}"
    assert table.rows == [
        ["1", "0.03354", "50.0", "40.0", "-1.2", "1,080", "25.0"],
        ["2", "0.03", "75.0", dash, dash, dash, dash],
    ]
    assert len(table.header) == len(table.rows[0])


@pytest.mark.parametrize("history", [None, []])
def test_without_evaluations_there_is_no_table_of_them(
    make_run: MakeRun, history: list[object] | None
) -> None:
    assert tables.evaluation_table(read_run(make_run(history=history))) is None


EVIDENCE = {
    "format": "clem-icd/evidence-metrics",
    "format_version": 1,
    "notes": 1200,
    "metrics": {f"evidence_{one}": 0.25 for one in ("span_precision", "span_recall", "span_f1", "token_f1")},
    "explanation": {
        "method": "attention",
        "rule": {"cut": 0.01234, "gap": 1, "most": 5},
        "assigned_codes": 5000,
        "assigned_codes_without_span": 12,
    },
}


def test_the_evidence_of_every_run_and_seed_that_has_some_has_a_row(
    make_run: MakeRun, make_seeds: MakeRun
) -> None:
    own = EVIDENCE | {"explanation": {"method": "lexicon", "rule": None, "assigned_codes": 3}}
    own["metrics"] = {"evidence_token_f1": 0.25, "evidence_match_empty": 0.5, "evidence_label_overlap": 0.125}
    intervals = {"evidence_token_f1": {"low": 0.2, "high": 0.3125}}
    own["intervals"] = {"level": 0.95, "metrics": intervals}
    seeds = make_seeds(runs=2)
    (seeds / "seed-1" / "evidence.json").write_text(json.dumps(own))
    runs = [make_run(evidence=EVIDENCE), make_run("bare"), seeds]
    table = tables.evidence_table([read_run(run) for run in runs])
    assert table is not None
    dash = "\N{EN DASH}"
    values = ["25.0", "25.0", "25.0", dash, dash, "25.0", *[dash] * 6]
    intervalled = [*[dash] * 5, "25.0 [20.0, 31.2]", *[dash] * 4, "50.0", "12.5"]
    assert table.rows == [
        ["clem", "attention", "0.01234", "1,200", *values, "5,000", "12"],
        ["seed-1", "lexicon", dash, "1,200", *intervalled, "3", dash],
    ]
    assert len(table.header) == len(table.rows[0])


def test_without_evidence_there_is_no_table_of_it(make_run: MakeRun) -> None:
    assert tables.evidence_table([read_run(make_run())]) is None


SPREAD = {"mean": 12.25, "p5": 6.0, "p25": 9.0, "p50": 12.0, "p75": 14.5, "p95": 1234.56, "max": 20000}
DESCRIPTION = {
    "splits": {
        "train": {
            "notes": 12000,
            "subjects": None,
            "admissions": 11000,
            "notes_without_codes": 3,
            "codes_per_note": SPREAD,
            "words_per_note": SPREAD,
            "tokens_per_note": None,
            "beyond_tokens": {"512": 0.875, "8192": 0.0125},
        },
        "test": {"notes": 1, "codes_per_note": SPREAD, "beyond_tokens": None},
    }
}


def test_split_table_counts_notes_and_shares_beyond_context_lengths() -> None:
    table = tables.split_table(DESCRIPTION)
    assert table.header[5:] == ["Over 512 tokens", "Over 8,192 tokens"]
    dash = "\N{EN DASH}"
    assert table.rows == [
        ["train", "12,000", dash, "11,000", "3", "87.5 %", "1.2 %"],
        ["test", "1", dash, dash, dash, dash, dash],
    ]


def test_known_distributions_are_listed() -> None:
    table = tables.spread_table(DESCRIPTION)
    assert [row[0] for row in table.rows] == ["train, codes", "train, words", "test, codes"]
    assert table.rows[0][1:] == ["12.2", "6", "9", "12", "14.5", "1,235", "20,000"]


def test_environment_values_are_shown_verbatim() -> None:
    table = tables.environment_table({"git_commit": "abc", "cores": 2, "gpu": None, "exact": True})
    assert table.rows == [["git commit", "abc"], ["cores", "2"], ["gpu", "null"], ["exact", "true"]]
