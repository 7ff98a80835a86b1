"""What reduced precision changes is measured as it is defined, and recorded with the model."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from clem_icd.corpus import Corpus
from clem_icd.decisions import POLICIES, choose_rule
from clem_icd.errors import InputError, ModelError
from clem_icd.evaluation import evaluate
from clem_icd.modeling import ModelInfo, load_model, save_model, write_info
from clem_icd.modeling.machine import hardware
from clem_icd.modeling.precision import REDUCED, objection
from clem_icd.modeling.precision_record import PrecisionRecord
from clem_icd.prediction import (
    Coder,
    measure_precisions,
    precision_effects,
    predict_split,
    record_precisions,
)
from clem_icd.scores import open_scores
from support import info_of, new_system, tiny, write_little_corpus

CPU = torch.device("cpu")
SUPPORTED = [name for name in REDUCED if objection(name, CPU) is None]
pytestmark = pytest.mark.skipif(not SUPPORTED, reason="this CPU supports no reduced precision")


@pytest.fixture(scope="module")
def model(little_corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("precision") / "model"
    info = replace(info_of(little_corpus, tiny(64)), threshold_policy=POLICIES["exact"].sentence)
    save_model(new_system(little_corpus, tiny(64)), info, folder)
    return folder


@pytest.fixture(scope="module")
def record(model: Path, little_corpus: Corpus) -> PrecisionRecord:
    return measure_precisions(model, little_corpus)


def test_effects_are_those_of_the_scores(model: Path, little_corpus: Corpus, record: PrecisionRecord) -> None:
    scores = {}
    for name in ("fp32", *SUPPORTED):
        system, info = load_model(model, precision=name)
        scored = system.score(little_corpus.texts("validation"))
        scores[name] = np.stack([one.probabilities for one in scored])
    targets, counts = little_corpus.targets("validation"), little_corpus.train_counts()
    assert (record.split, record.notes, record.corpus) == ("validation", 20, "little")
    assert record.hardware == hardware(CPU)
    assert record.rule == info.rule.as_json()
    metrics = ["micro_f1", "macro_f1_all_labels", "macro_f1_split_labels", "macro_f1_caml"]
    expected = evaluate(targets, scores["fp32"], info.rule, metrics)
    assert record.metrics == pytest.approx(expected)
    assert list(record.effects) == SUPPORTED
    for name, effect in record.effects.items():
        found = evaluate(targets, scores[name], info.rule, metrics)
        assert effect.metrics == pytest.approx(found)
        assert effect.changes == pytest.approx({one: found[one] - expected[one] for one in metrics})
        assert effect.largest_change == pytest.approx(
            float(np.abs(scores[name] - scores["fp32"]).max()), abs=2e-3
        )
        again = choose_rule("exact", targets, scores[name], counts)
        best = evaluate(targets, scores[name], again, metrics)
        assert effect.rechosen == pytest.approx({one: best[one] - found[one] for one in metrics})
        assert effect.speed > 0


def test_the_rule_is_chosen_again_on_validation_alone(model: Path, little_corpus: Corpus) -> None:
    on_test = measure_precisions(model, little_corpus, "test")
    assert {effect.rechosen for effect in on_test.effects.values()} == {None}


def test_notes_are_counted_and_parts_scored_in_turn(
    model: Path, little_corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision_effects, "_NOTES_PER_PART", 8)
    counted: list[int] = []
    measure_precisions(model, little_corpus, progress=counted.append)
    assert counted == [8, 8, 4]


def test_speed_is_the_median_over_the_parts(
    model: Path, little_corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = {"fp32": [6.0, 8.0, 90.0]} | {name: [3.0, 2.0, 30.0] for name in SUPPORTED}
    left = {name: iter(taken) for name, taken in seconds.items()}
    order = iter([name for _ in range(3) for name in ("fp32", *SUPPORTED)])
    ends: list[float] = []

    def clock() -> float:
        if ends:
            return ends.pop()
        ends.append(next(left[next(order)]))
        return 0.0

    monkeypatch.setattr(precision_effects, "_NOTES_PER_PART", 8)
    monkeypatch.setattr(time, "perf_counter", clock)
    record = measure_precisions(model, little_corpus)
    assert {name: effect.speed for name, effect in record.effects.items()} == dict.fromkeys(SUPPORTED, 3.0)


def test_a_record_replaces_that_of_the_same_hardware_and_keeps_others(
    model: Path, record: PrecisionRecord, tmp_path: Path
) -> None:
    write_info(ModelInfo.read(model), tmp_path)
    (tmp_path / "README.md").write_text("A card that was edited.", encoding="utf-8")
    elsewhere = record.model_copy(update={"hardware": "another machine"})
    for one in (record, elsewhere, record.model_copy(update={"notes": 7})):
        record_precisions(tmp_path, one)
    found = ModelInfo.read(tmp_path).precision
    assert [(one.hardware, one.notes) for one in found] == [("another machine", 20), (record.hardware, 7)]
    before = replace(ModelInfo.read(tmp_path), precision=())
    assert before == ModelInfo.read(model)
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == "A card that was edited."


def test_clem_json_has_no_key_for_what_was_not_measured(model: Path) -> None:
    assert "precision" not in json.loads((model / "clem.json").read_text(encoding="utf-8"))


def test_systems_without_an_encoder_and_other_label_spaces_are_refused(
    model: Path, little_corpus: Corpus, tmp_path: Path
) -> None:
    info_of(little_corpus, system="linear").write(tmp_path)
    with pytest.raises(InputError, match="for neural systems, and this one is linear"):
        measure_precisions(tmp_path, little_corpus)
    info = ModelInfo.read(model)
    write_info(replace(info, labels=info.labels[1:], titles=info.titles[1:]), tmp_path)
    with pytest.raises(InputError, match="has 5 labels, expected the 6 of the corpus"):
        measure_precisions(tmp_path, little_corpus)


def test_a_machine_without_reduced_precision_is_named(
    model: Path, little_corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision_effects, "objection", lambda name, _: f"no {name} here")
    with pytest.raises(ModelError, match="supports no reduced precision: no bf16 here; no int8 here"):
        measure_precisions(model, little_corpus)


@pytest.mark.parametrize("name", SUPPORTED)
def test_the_coder_scores_in_a_precision(model: Path, little_corpus: Corpus, name: str) -> None:
    text = next(little_corpus.texts("test"))
    exact, reduced = (Coder.load(model, precision=one).code(text, top=6) for one in ("fp32", name))
    assert Coder.load(model).code(text, top=6) == exact
    by_code = {one.code: one.probability for one in exact}
    differences = [abs(one.probability - by_code[one.code]) for one in reduced]
    assert 0 < max(differences) < 0.03


@pytest.mark.parametrize("name", ["fp32", *SUPPORTED])
def test_scores_say_in_which_reduced_precision_they_were_made(model: Path, tmp_path: Path, name: str) -> None:
    corpus = write_little_corpus(tmp_path / "corpus")
    system, info = load_model(model, precision=name)
    predict_split(system, info, corpus, "test", tmp_path / "scores.parquet")
    about = open_scores(tmp_path / "scores.parquet").about
    assert about.get("precision") == (None if name == "fp32" else name)
