"""The whole measurement, with a tiny model and tiny rivals."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clem_icd.corpus import Corpus
from clem_icd.errors import CorpusError, InputError, ModelError
from clem_icd.modeling import LinearSystem, load_model, save_model
from clem_icd.speed import Settings, contender, measure_speed, plan_speed, plm_icd, rivals
from clem_icd.speed.conclusion import conclusion
from clem_icd.speed.load import is_busy
from support import info_of

SETTINGS = Settings(lengths=(16, 64), repeats=2, memory=False, precisions=("fp32",), quick=True)
TINY_ROBERTA = {
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "vocab_size": 500,
}


@pytest.fixture(autouse=True)
def small_work(quick_notes: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def tiny_config(labels: int, **_: int) -> Any:
        return plm_icd.plm_icd_config(labels, **TINY_ROBERTA)

    monkeypatch.setattr(rivals, "plm_icd_config", tiny_config)
    monkeypatch.setattr("clem_icd.speed.ceiling.QUICK_SIZE", 64)
    monkeypatch.setattr("clem_icd.speed.passes._LEAST_SECONDS", 1_000)
    monkeypatch.setattr("clem_icd.speed.passes._MOST_TIMES", 2)


ROW: dict[str, Any] = {
    "workload": str,
    "lengths": list,
    "system": str,
    "length_read": int,
    "seconds": float,
    "times": int,
    "seconds_of_repeats": list,
    "notes_per_second": float,
    "tokens_per_second": float,
    "words_per_second": type(None),
    "peak_bytes": type(None),
    "peak_bytes_above": type(None),
    "gigaflops": float,
    "share_of_ceiling": float,
    "faster_than": dict,
    "largest_difference": (float, type(None)),
}


def test_a_neural_model_is_measured_beside_its_rivals(pooled: Path, little_corpus: Corpus) -> None:
    found = measure_speed(pooled, SETTINGS, corpus=little_corpus, split="test", price=2.0)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert (found["format"], found["format_version"], found["unit"]) == ("clem-icd/speed", 1, "tokens")
    systems = ["fp32", "stock", "plm-icd", "plm-icd-same-size"]
    assert [one["system"] for one in found["systems"]] == systems
    expected = [(name, system) for name in ("16", "64", "mixed") for system in systems]
    assert [(row["workload"], row["system"]) for row in found["rows"]] == expected
    for row in found["rows"]:
        assert row.keys() == ROW.keys()
        assert all(isinstance(row[name], kind) for name, kind in ROW.items()), row
        assert (row["times"], len(row["seconds_of_repeats"])) == (2, 2)
        assert row["notes_per_second"] == pytest.approx(len(row["lengths"]) / row["seconds"])
        assert row["tokens_per_second"] == pytest.approx(sum(row["lengths"]) / row["seconds"])
        assert list(row["faster_than"]) == (systems[1:] if row["system"] == "fp32" else [])
    by_key = {(row["workload"], row["system"]): row for row in found["rows"]}
    ratio = by_key["64", "fp32"]["faster_than"]["stock"]
    assert ratio == by_key["64", "stock"]["seconds"] / by_key["64", "fp32"]["seconds"]
    assert by_key["64", "stock"]["largest_difference"] < 1e-5
    assert by_key["64", "plm-icd"]["largest_difference"] is None
    estimate = found["estimate"]
    assert estimate["lengths_of"] == "the notes of little, synthetic, test"
    for one in estimate["systems"]:
        assert one["cost"] == pytest.approx(one["seconds"] / 3600 * 2.0)
    assert found["conclusion"].startswith("100,000 notes take ")
    # Of the corpus, the lengths alone are used.
    assert not any(word in json.dumps(found) for word in ("hypertension", "pneumonia", "ward"))


def test_precisions_that_cannot_be_had_are_named_with_the_reason(
    pooled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(folder: Path, *, precision: str) -> Any:
        if precision == "bf16":
            raise ModelError("this processor has no bf16 units", remedy="Use fp32")
        return load_model(folder)

    monkeypatch.setattr(contender, "load_model", refuse)
    settings = Settings((16,), ("fp32", "bf16", "int8"), repeats=1, quick=True, longest_pass=0, memory=False)
    found = measure_speed(pooled, settings)
    assert [one["system"] for one in found["systems"]] == ["fp32", "int8"]
    [skipped] = found["skipped"]
    assert skipped == {"system": "bf16", "workload": None, "reason": "this processor has no bf16 units"}
    [_, other] = [row for row in found["rows"] if row["workload"] == "16"]
    assert other["largest_difference"] == 0.0
    assert "the fastest of 2 precisions" in found["conclusion"]
    with pytest.raises(ModelError, match="no bf16 units"):
        measure_speed(pooled, Settings((16,), ("bf16",), repeats=1, quick=True, memory=False))


def test_a_rival_that_takes_too_long_is_left_out_before_it_runs(
    pooled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings((16, 64), ("fp32",), longest_pass=1e-9, memory=False)
    found = plan_speed(pooled, settings)
    assert {one["system"] for one in found["passes"]} == {"fp32"}
    assert len(found["skipped"]) == 9
    assert "longer than the 1e-09 s allowed for it" in found["skipped"][0]["reason"]


def test_the_plan_expects_time_in_proportion_to_the_work(pooled: Path) -> None:
    found = plan_speed(pooled, Settings((16, 64), ("fp32",), repeats=3, memory=True))
    seconds = [one["expected_seconds"] for one in found["passes"]]
    # Three rounds in which short work is repeated, here twice, and once for the memory.
    assert found["expected_seconds"] == pytest.approx((3 * 2 + 1) * sum(seconds))
    stock = {one["workload"]: one["expected_seconds"] for one in found["passes"] if one["system"] == "stock"}
    assert stock["mixed"] > stock["64"]


def test_a_system_without_tokens_is_measured_in_words(
    tmp_path: Path, little_corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    positives = [np.flatnonzero(column) for column in little_corpus.targets("train").T]
    system = LinearSystem.fit(
        little_corpus.texts("train"),
        positives,
        ngrams=(1, 1),
        features=100,
        min_notes=1,
        inverse_regularization=1.0,
    )
    save_model(system, info_of(little_corpus, system="linear"), tmp_path / "linear")
    found = measure_speed(tmp_path / "linear", SETTINGS)
    assert (found["unit"], found["ceilings"], found["skipped"]) == ("words", [], [])
    assert {row["system"] for row in found["rows"]} == {"linear"}
    assert all(row["words_per_second"] > 0 and row["tokens_per_second"] is None for row in found["rows"])
    assert found["estimate"]["systems"][0]["reads"] is None
    with pytest.raises(InputError, match="precision int8 is for neural systems, and this one is linear"):
        measure_speed(tmp_path / "linear", replace(SETTINGS, precisions=("fp32", "int8")))


def test_bad_settings_are_refused(pooled: Path, little_corpus: Corpus) -> None:
    with pytest.raises(InputError, match=r"'fp64' is not a precision\. Name some of fp32, bf16, int8"):
        Settings(precisions=("fp64",))
    with pytest.raises(InputError, match="0 repeats were asked for"):
        Settings(repeats=0)
    with pytest.raises(InputError, match="the model reads 256"):
        measure_speed(pooled, Settings(lengths=(257,)))
    with pytest.raises(CorpusError, match="has no split 'tset'"):
        measure_speed(pooled, SETTINGS, corpus=little_corpus, split="tset")
    with pytest.raises(ModelError, match="not a folder"):
        measure_speed(pooled / "absent", SETTINGS)


def test_a_damaged_tokenizer_is_named(pooled: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(pooled, folder)
    (folder / "tokenizer.json").write_text("{", encoding="utf-8")
    with pytest.raises(ModelError, match="tokenizer"):
        measure_speed(folder, SETTINGS)


def test_a_machine_is_busy_if_half_of_its_cores_have_other_work() -> None:
    assert [is_busy(load, 4) for load in (None, 0.3, 2.0, 2.1, 9.0)] == [False, False, False, True, True]


def test_the_conclusion_names_where_a_rival_is_faster_and_what_that_reads() -> None:
    def row(workload: str, longest: int, **ratios: float) -> dict[str, Any]:
        named = {name.replace("_", "-"): ratio for name, ratio in ratios.items()}
        return {
            "workload": workload,
            "lengths": [10, longest],
            "system": "fp32",
            "words_per_second": None,
            "faster_than": named,
        }

    systems = [
        {"system": "fp32", "is_model": True, "reads": 8_192},
        {"system": "plm-icd", "is_model": False, "reads": 3_072},
    ]
    estimate = {"notes": 100_000, "systems": [{"system": "fp32", "seconds": 7_200.0, "cost": 3.0}]}
    rows = [row("2048", 2_048, stock=1.5, plm_icd=0.9), row("8192", 8_192, stock=2.4, plm_icd=0.5)]
    found = conclusion({"systems": systems, "estimate": estimate, "rows": rows})
    assert found == (
        "100,000 notes take 2 h 0 min and cost 3.00 here; times as fast as the stock pipeline: 1.5 at 2,048 "
        "tokens, 2.4 at 8,192 tokens; slower per note than PLM-ICD's reading (0.90 times as fast at 2,048 "
        "tokens, 0.50 times as fast at 8,192 tokens, of which that reads 3,072)."
    )
    rows = [row("2048", 2_048, plm_icd=1.0)]
    found = conclusion({"systems": systems, "estimate": estimate, "rows": rows})
    assert found.endswith(
        "here; not slower per note than PLM-ICD's reading at any of the 1 lengths compared."
    )
