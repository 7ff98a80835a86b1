"""A model loaded in reduced precision scores nearly as in fp32, whatever else is scored beside a note."""

from __future__ import annotations

import random
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch

from clem_icd.corpus import Corpus
from clem_icd.errors import InputError, ModelError
from clem_icd.explanation import Explainer
from clem_icd.modeling import (
    Architecture,
    LabelSpace,
    LinearSystem,
    ModelInfo,
    NeuralSystem,
    build,
    load_model,
    precision,
    save_model,
    write_info,
)
from clem_icd.modeling.machine import hardware
from clem_icd.modeling.precision import Precision, objection
from clem_icd.modeling.precision_record import PrecisionEffect, PrecisionRecord
from clem_icd.modeling.reduced_linears import ReducedLinear
from support import info_of, make_note, tiny

CPU = torch.device("cpu")
REDUCED = [
    pytest.param(name, marks=pytest.mark.skipif(objection(name, CPU) is not None, reason="not on this CPU"))
    for name in precision.REDUCED
]
TEXTS = [make_note(number).text * (1 + number % 5) for number in range(12)]

ARCHITECTURES = {
    "pooled": tiny(256, head={"kind": "pooled", "pooling": "mean"}),
    "label attention": tiny(256, head={"kind": "label-attention"}),
    "segments": Architecture.model_validate(
        {
            **tiny(256, head={"kind": "label-attention"}).model_dump(mode="json"),
            "reading": {"kind": "segments", "max_tokens": 256, "segment_tokens": 32},
        }
    ),
}


@pytest.fixture(scope="module")
def folders(little_corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Models with random weights."""
    found = {}
    for name, architecture in ARCHITECTURES.items():
        torch.manual_seed(0)
        model, tokenizer = build(
            architecture, LabelSpace.of(little_corpus), texts=little_corpus.texts("train")
        )
        with torch.no_grad():
            for parameter, values in model.named_parameters():
                if "classifier" in parameter or "queries" in parameter:
                    values.mul_(8)
        found[name] = tmp_path_factory.mktemp("models") / name.replace(" ", "-")
        system = NeuralSystem(model, tokenizer, architecture.reading)
        save_model(system, info_of(little_corpus, architecture), found[name])
    return found


def loaded(folder: Path, name: str) -> NeuralSystem:
    return cast(NeuralSystem, load_model(folder, precision=name)[0])


def scores(system: NeuralSystem, texts: list[str]) -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.stack([one.probabilities for one in system.score(texts)])


def test_fp32_is_the_default_and_leaves_every_bit(folders: dict[str, Path]) -> None:
    for folder in folders.values():
        default, _ = load_model(folder)
        named = loaded(folder, "fp32")
        assert named.precision == Precision("fp32")
        assert not any(isinstance(module, ReducedLinear) for module in named.model.modules())
        assert np.array_equal(scores(cast(NeuralSystem, default), TEXTS), scores(named, TEXTS))


@pytest.mark.parametrize("name", REDUCED)
@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_probabilities_change_a_little(folders: dict[str, Path], kind: str, name: str) -> None:
    exact, reduced = loaded(folders[kind], "fp32"), loaded(folders[kind], name)
    assert reduced.precision == Precision(name)
    difference = np.abs(scores(reduced, TEXTS) - scores(exact, TEXTS)).max()
    assert 0 < difference < 0.03


@pytest.mark.parametrize("name", REDUCED)
@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_scores_do_not_depend_on_batch_mates_or_order(folders: dict[str, Path], kind: str, name: str) -> None:
    system = loaded(folders[kind], name)
    alone = np.concatenate([scores(system, [text]) for text in TEXTS])
    order = list(range(len(TEXTS)))
    random.Random(0).shuffle(order)
    shuffled = scores(system, [TEXTS[row] for row in order])
    # bf16 has 8 bits, so the last one of a sum may differ with the number of tokens that are multiplied.
    np.testing.assert_allclose(shuffled, alone[order], rtol=0, atol=2e-3)


@pytest.mark.parametrize("name", REDUCED)
def test_scores_do_not_depend_on_padding(folders: dict[str, Path], name: str) -> None:
    system = loaded(folders["pooled"], name)
    encoded = system.tokenizer(TEXTS[4], return_tensors="pt")
    padded = system.tokenizer(TEXTS[4], padding="max_length", max_length=256, return_tensors="pt")
    with torch.inference_mode():
        alone, beside = (system.model(**inputs).logits.sigmoid() for inputs in (encoded, padded))
    assert padded["input_ids"].shape[1] > encoded["input_ids"].shape[1]
    torch.testing.assert_close(beside, alone, rtol=0, atol=5e-3)


@pytest.mark.parametrize("name", REDUCED)
@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_the_head_and_what_enters_it_stay_in_single_precision(
    folders: dict[str, Path], kind: str, name: str
) -> None:
    system = loaded(folders[kind], name)
    encoder = cast(torch.nn.Module, system.model.base_model)
    assert any(isinstance(module, ReducedLinear) for module in encoder.modules())
    inside = {id(module) for module in encoder.modules()}
    outside = [module for module in system.model.modules() if id(module) not in inside]
    assert not any(isinstance(module, ReducedLinear) for module in outside)
    assert {parameter.dtype for parameter in system.model.parameters()} == {torch.float32}
    seen: list[torch.Tensor] = []
    encoder.register_forward_hook(lambda _, __, output: seen.append(output.last_hidden_state))
    scores(system, TEXTS[:1])
    assert seen[0].dtype == torch.float32


@pytest.mark.parametrize("name", REDUCED)
def test_a_system_in_reduced_precision_is_not_saved(
    folders: dict[str, Path], name: str, tmp_path: Path
) -> None:
    before = {path.name: path.read_bytes() for path in folders["pooled"].iterdir()}
    system, info = load_model(folders["pooled"], precision=name)
    with pytest.raises(ModelError, match="cannot be saved, expected one in fp32"):
        save_model(system, info, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()
    assert {path.name: path.read_bytes() for path in folders["pooled"].iterdir()} == before


@pytest.mark.parametrize("name", REDUCED)
@pytest.mark.parametrize(
    ("kind", "method"),
    [
        ("pooled", "decomposition-x-saliency"),
        ("pooled", "input-x-gradient"),
        ("label attention", "att-in-grad"),
    ],
)
def test_methods_with_gradients_explain_in_single_precision(
    folders: dict[str, Path], kind: str, method: str, name: str
) -> None:
    exact, info = load_model(folders[kind])
    expected = Explainer(exact, info, method).weigh(TEXTS[0], [0, 3])
    reduced, _ = load_model(folders[kind], precision=name)
    explainer = Explainer(reduced, info, method)
    assert explainer.system is reduced
    assert np.array_equal(explainer.weigh(TEXTS[0], [0, 3]).weights, expected.weights)


@pytest.mark.parametrize("name", REDUCED)
@pytest.mark.parametrize(
    ("kind", "method"),
    [
        ("pooled", "head-decomposition"),
        ("pooled", "attention-rollout"),
        ("label attention", "attention"),
        ("label attention", "contributions"),
        ("segments", "attention-rollout"),
    ],
)
def test_other_methods_look_into_the_reduced_model(
    folders: dict[str, Path], kind: str, method: str, name: str
) -> None:
    exact, info = load_model(folders[kind])
    expected = Explainer(exact, info, method).weigh(TEXTS[0], [0]).weights
    reduced, _ = load_model(folders[kind], precision=name)
    found = Explainer(reduced, info, method).weigh(TEXTS[0], [0]).weights
    assert not np.array_equal(found, expected)
    np.testing.assert_allclose(found, expected, rtol=0, atol=0.1 * np.abs(expected).max())


@pytest.mark.parametrize("name", ["bf16", "int8"])
def test_systems_without_an_encoder_are_refused_before_their_weights_are_read(
    little_corpus: Corpus, tmp_path: Path, name: str
) -> None:
    info_of(little_corpus, system="linear").write(tmp_path)
    with pytest.raises(InputError, match=f"precision {name} is for neural systems, and this one is linear"):
        load_model(tmp_path, precision=name)


def test_auto_leaves_systems_without_an_encoder_as_they_are(little_corpus: Corpus, tmp_path: Path) -> None:
    system = LinearSystem.fit(
        little_corpus.texts("train"),
        [np.arange(label, 80, label + 2) for label in range(len(little_corpus.codes))],
        ngrams=(1, 1),
        features=100,
        min_notes=1,
        inverse_regularization=1.0,
    )
    save_model(system, info_of(little_corpus, system="linear"), tmp_path / "model")
    assert isinstance(load_model(tmp_path / "model", precision="auto")[0], LinearSystem)


def test_unknown_precisions_are_refused(folders: dict[str, Path]) -> None:
    with pytest.raises(InputError, match=r"unknown precision 'fp16'\. Choose one of fp32, bf16, int8, auto"):
        load_model(folders["pooled"], precision="fp16")


def test_int8_is_refused_on_a_gpu() -> None:
    assert "int8 is for CPUs" in str(objection("int8", torch.device("cuda")))
    assert objection("fp32", torch.device("cuda")) is None


def test_bf16_is_refused_where_the_cpu_does_not_multiply_it(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision, "hardware", lambda _: "x86_64 avx2")
    with pytest.raises(ModelError, match="this CPU does not multiply bf16"):
        load_model(folders["pooled"], precision="bf16")


@pytest.mark.parametrize("name", REDUCED[1:])
def test_int8_leaves_in_single_precision_where_the_cpu_does_not_multiply_bf16(
    folders: dict[str, Path], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    exact = loaded(folders["pooled"], "fp32")
    monkeypatch.setattr(precision, "hardware", lambda _: "x86_64 avx2")
    reduced = loaded(folders["pooled"], name)
    [first, *_] = [module for module in reduced.model.modules() if isinstance(module, ReducedLinear)]
    with torch.inference_mode():
        assert first(torch.ones(2, 32)).dtype == torch.float32
    assert 0 < np.abs(scores(reduced, TEXTS) - scores(exact, TEXTS)).max() < 0.03


def effect(change: float, speed: float) -> PrecisionEffect:
    return PrecisionEffect(
        largest_change=0.01,
        decisions_changed=1,
        metrics={"micro_f1": 0.5 + change},
        changes={"micro_f1": change},
        speed=speed,
    )


def record(info: ModelInfo, effects: dict[str, PrecisionEffect], **others: Any) -> PrecisionRecord:
    values: dict[str, Any] = {
        "hardware": hardware(CPU),
        "processor": "a CPU",
        "threads": 1,
        "corpus": "little",
        "corpus_fingerprint": "0",
        "split": "validation",
        "notes": 200,
        "rule": info.rule.as_json(),
        "metrics": {"micro_f1": 0.5},
        "effects": effects,
    }
    return PrecisionRecord(**{**values, **others})


def chosen(folder: Path, records: tuple[PrecisionRecord, ...]) -> Precision:
    info = replace(ModelInfo.read(folder), precision=records)
    write_info(info, folder)
    try:
        assert ModelInfo.read(folder) == info
        return loaded(folder, "auto").precision
    finally:
        write_info(replace(info, precision=()), folder)


@pytest.fixture
def model(folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model of which every reduced precision is faster in the trial."""
    monkeypatch.setattr(precision, "_is_faster_here", lambda *_: True)
    return folders["pooled"]


def test_auto_stays_with_fp32_where_nothing_was_measured_and_says_how_to_measure(model: Path) -> None:
    info = ModelInfo.read(model)
    elsewhere = record(info, {"bf16": effect(0, 2)}, hardware="another machine")
    other_rule = record(info, {"bf16": effect(0, 2)}, rule={"kind": "top-k", "k": 3})
    for records in ((), (elsewhere,), (other_rule,)):
        found = chosen(model, records)
        assert found.name == "fp32"
        assert "`clem precision MODEL --corpus CORPUS` measures it" in str(found.reason)


@pytest.mark.parametrize(
    ("others", "said"),
    [({"notes": 99}, "measured on 99 notes of validation"), ({"split": "train"}, "200 notes of train")],
)
def test_auto_does_not_trust_few_notes_nor_those_of_training(
    model: Path, others: dict[str, Any], said: str
) -> None:
    info = ModelInfo.read(model)
    found = chosen(model, (record(info, {"bf16": effect(0, 2), "int8": effect(0, 2)}, **others),))
    assert found.name == "fp32"
    assert said in str(found.reason)


@pytest.mark.parametrize("name", REDUCED[:1])
def test_auto_takes_the_fastest_that_leaves_f1_as_it_is(model: Path, name: str) -> None:
    info = ModelInfo.read(model)
    found = chosen(model, (record(info, {"bf16": effect(0.001, 2.5), "int8": effect(-0.0011, 3.5)}),))
    assert found == Precision(
        "bf16",
        "2.5 times as fast as fp32, and F1 changes by 0.10 points, as measured on 200 notes of validation",
    )


@pytest.mark.parametrize("name", REDUCED)
def test_auto_never_takes_what_is_slower(model: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    info = ModelInfo.read(model)
    slower = record(info, {name: effect(0, 0.9)})
    assert chosen(model, (slower,)) == Precision("fp32", f"{name} is not faster")
    faster_there = record(info, {name: effect(0, 2)})
    assert chosen(model, (faster_there,)).name == name
    monkeypatch.setattr(precision, "_is_faster_here", lambda *_: False)
    assert chosen(model, (faster_there,)) == Precision("fp32", f"{name} is not faster")


@pytest.mark.parametrize("name", REDUCED)
def test_the_trial_compares_the_time_of_a_layer(
    folders: dict[str, Path], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = loaded(folders["pooled"], "fp32").model
    now = 0.0

    def passing(of: str) -> Any:
        def forward(self: torch.nn.Module, inputs: torch.Tensor) -> torch.Tensor:
            nonlocal now
            now += taken[of]
            return inputs

        return forward

    monkeypatch.setattr(time, "perf_counter", lambda: now)
    monkeypatch.setattr(ReducedLinear, "forward", passing("reduced"))
    for module in model.base_model.modules():
        if isinstance(module, torch.nn.Linear):
            monkeypatch.setattr(type(module), "forward", passing("exact"))
    taken = {"exact": 2.0, "reduced": 1.0}
    assert precision._is_faster_here(model, name)
    taken = {"exact": 1.0, "reduced": 1.0}
    assert not precision._is_faster_here(model, name)
