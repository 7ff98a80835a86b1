"""clem precision, and --precision of the verbs that score."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
import torch

from clem_icd.cli.options import Precision
from clem_icd.modeling import ModelInfo
from clem_icd.modeling.precision import PRECISIONS, REDUCED, objection

Invoke = Callable[..., Any]
Refused = Callable[..., str]

SUPPORTED = [name for name in REDUCED if objection(name, torch.device("cpu")) is None]
needs_reduced = pytest.mark.skipif(not SUPPORTED, reason="this CPU supports no reduced precision")


@pytest.fixture(scope="module")
def measured(journey: Any, clem: Invoke, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """A copy of the model of the journey with its effects, and what the verb printed."""
    model = tmp_path_factory.mktemp("precision") / "model"
    shutil.copytree(journey.model, model)
    found = clem("precision", model, "--corpus", journey.corpus, "--json", "--quiet")
    assert found.code == 0, found.err + found.traceback
    return model, found.json


def test_the_option_offers_every_precision_of_the_package() -> None:
    literal, _ = get_args(Precision)
    assert get_args(literal) == PRECISIONS


@needs_reduced
def test_effects_are_printed_and_recorded(measured: tuple[Path, Any]) -> None:
    model, printed = measured
    [record] = ModelInfo.read(model).precision
    assert {**record.model_dump(), "leaves_f1": printed["leaves_f1"]} == printed
    assert list(printed["effects"]) == list(printed["leaves_f1"]) == SUPPORTED


@needs_reduced
def test_the_table_names_every_precision(journey: Any, clem: Invoke, tmp_path: Path) -> None:
    shutil.copytree(journey.model, tmp_path / "model")
    found = clem("precision", tmp_path / "model", "--corpus", journey.corpus, "--quiet")
    assert found.code == 0, found.err + found.traceback
    for name in SUPPORTED:
        assert f"{name}: " in found.out
    assert "Recorded in clem.json for" in found.out


@needs_reduced
def test_auto_says_what_it_took_and_why(measured: tuple[Path, Any], clem: Invoke, tmp_path: Path) -> None:
    model = shutil.copytree(measured[0], tmp_path / "model")
    info = ModelInfo.read(model)
    [record] = info.precision
    name = SUPPORTED[0]
    effect = record.effects[name].model_copy(update={"changes": {"micro_f1": -0.005}, "speed": 3.0})
    enough = record.model_copy(update={"notes": 500, "effects": {name: effect}})
    replace(info, precision=(enough,)).write(model)
    note = tmp_path / "note.txt"
    note.write_text("The patient has hypertension.", encoding="utf-8")
    found = clem("code", model, note, "--precision", "auto", "--json")
    assert found.code == 0, found.err + found.traceback
    assert f"Precision fp32: {name} changes F1 by 0.50 points" in found.err


def test_auto_without_a_measurement_scores_as_fp32(journey: Any, clem: Invoke, tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_text("The patient has hypertension.", encoding="utf-8")
    default, auto = (
        clem("code", journey.model, note, "--json", *more) for more in ((), ("--precision", "auto"))
    )
    assert default.json == auto.json
    assert "Precision fp32: the effect of others was not measured" in auto.err
    assert "Precision" not in default.err


@needs_reduced
def test_every_verb_that_scores_takes_a_precision(journey: Any, clem: Invoke, tmp_path: Path) -> None:
    name = SUPPORTED[-1]
    note = tmp_path / "note.txt"
    note.write_text("The patient has hypertension.", encoding="utf-8")
    explained = clem("explain", journey.model, note, "--top", "2", "--precision", name, "--json")
    assert explained.code == 0, explained.err + explained.traceback
    predicted = clem(
        *("predict", journey.model, "--corpus", journey.corpus, "--split", "test"),
        *("--out", tmp_path / "scores.parquet", "--precision", name),
    )
    assert predicted.code == 0, predicted.err + predicted.traceback


def test_a_search_in_titles_is_refused_in_reduced_precision(refused: Refused, tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_text("The patient has hypertension.", encoding="utf-8")
    says = ["int8 is for neural systems, and a search in titles is not one"]
    refused("code", "icd10cm", note, "--precision", "int8", says=says)
