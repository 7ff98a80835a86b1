from __future__ import annotations

import gc
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from clem_icd.corpus import Corpus
from clem_icd.decisions import Threshold
from clem_icd.errors import ModelError, OutputError
from clem_icd.modeling import LinearSystem, NeuralSystem, System, load_model, save_model
from support import info_of, make_note, new_system, tiny

TEXTS = [make_note(number).text for number in range(200, 212)] + ["naïve café 🫀 e\u0301", "zz " * 400]


@pytest.fixture
def folder(little_corpus: Corpus, tmp_path: Path) -> Path:
    save_model(new_system(little_corpus, tiny(256)), info_of(little_corpus, tiny(256)), tmp_path / "model")
    return tmp_path / "model"


def probabilities(system: System) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.stack([score.probabilities for score in system.score(TEXTS)])


def test_a_neural_model_survives_a_round_trip(folder: Path, little_corpus: Corpus) -> None:
    system, info = load_model(folder)
    np.testing.assert_array_equal(probabilities(system), probabilities(new_system(little_corpus, tiny(256))))
    assert (info.labels, info.rule) == (little_corpus.codes, Threshold(0.25))


def test_all_files_of_a_model_have_the_same_permissions(folder: Path) -> None:
    modes = {path.name: path.stat().st_mode for path in folder.iterdir()}
    assert modes["model.safetensors"] == modes["config.json"] == modes["clem.json"]
    assert len(set(modes.values())) == 1


def test_a_transformers_pipeline_gives_the_same_probabilities(little_corpus: Corpus, tmp_path: Path) -> None:
    from transformers import pipeline

    # The encoder's context exceeds the model's max_tokens.
    model, tokenizer = new_system(little_corpus).model, new_system(little_corpus).tokenizer
    folder = tmp_path / "model"
    save_model(NeuralSystem(model, tokenizer, tiny(256).reading), info_of(little_corpus, tiny(256)), folder)
    system, info = load_model(folder)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        stock: Any = pipeline(
            "text-classification", model=str(folder), top_k=None, function_to_apply="sigmoid", truncation=True
        )
        found = stock(TEXTS)
    assert any((score.tokens or 0) > 256 for score in system.score(TEXTS))
    for ours, theirs in zip(probabilities(system), found, strict=True):
        by_code = {row["label"]: row["score"] for row in theirs}
        np.testing.assert_allclose(ours, [by_code[label.value] for label in info.labels], atol=1e-5)


@pytest.fixture
def linear(little_corpus: Corpus, tmp_path: Path) -> tuple[LinearSystem, Path]:
    positives = [np.arange(label, 80, label + 2) for label in range(len(little_corpus.codes))]
    system = LinearSystem.fit(
        little_corpus.texts("train"),
        positives,
        ngrams=(1, 2),
        features=500,
        min_notes=1,
        inverse_regularization=1.0,
    )
    save_model(system, info_of(little_corpus, system="linear"), tmp_path / "linear")
    return system, tmp_path / "linear"


def test_a_linear_model_survives_a_round_trip(linear: tuple[LinearSystem, Path]) -> None:
    system, folder = linear
    loaded, _ = load_model(folder)
    np.testing.assert_allclose(probabilities(loaded), probabilities(system), atol=1e-6)


def test_the_card_of_a_model_trained_on_synthetic_notes_says_so(folder: Path) -> None:
    card = (folder / "README.md").read_text()
    assert "synthetic" in card
    assert "exceeds 0.25:" in card


def test_a_model_is_not_overwritten_without_force(folder: Path, little_corpus: Corpus) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(OutputError, match="--force"):
        save_model(new_system(little_corpus, tiny(256)), info_of(little_corpus), folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize("name", ["pytorch_model.bin", "deep/er/weights.pkl", "head.PT", "x.joblib"])
def test_a_folder_with_a_pickle_is_refused(folder: Path, name: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(b"cos\nsystem\n")
    with pytest.raises(ModelError, match="holds a pickle"):
        load_model(folder)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("clem.json", "not a model: clem.json is missing"),
        ("config.json", "config.json"),
        ("model.safetensors", "missing"),
    ],
)
def test_a_missing_file_is_named_in_the_error(folder: Path, name: str, words: str) -> None:
    (folder / name).unlink()
    with pytest.raises(ModelError, match=words):
        load_model(folder)


@pytest.mark.parametrize("size", [0, 7, 100, 5000])
def test_truncated_weights_are_refused(folder: Path, size: int) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:size])
    with pytest.raises(ModelError, match=r"model/model\.safetensors: is damaged: it is .*\. Copy the whole"):
        load_model(folder)


def edit(path: Path, **changes: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_another_format_version_is_refused(folder: Path) -> None:
    edit(folder / "clem.json", format_version=99)
    with pytest.raises(ModelError, match="99"):
        load_model(folder)


def test_labels_that_differ_between_config_and_clem_json_are_refused(folder: Path) -> None:
    labels = json.loads((folder / "clem.json").read_text())["labels"]
    edit(folder / "clem.json", labels=labels[::-1])
    with pytest.raises(ModelError, match="disagree"):
        load_model(folder)


def test_a_path_that_is_not_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not a folder"):
        load_model(tmp_path / "nothing")


@pytest.mark.parametrize("name", ["classifier.weight", "model.layers.1.mlp.Wi.weight"])
def test_missing_weights_are_refused(folder: Path, name: str) -> None:
    weights = load_file(folder / "model.safetensors")
    del weights[name]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match=rf"model\.safetensors: lacks 1 parameter of the model: .* {name}"):
        load_model(folder)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"architecture": {"encoder": "small", "reading": {"max_tokens": "many"}}}, "max_tokens"),
        ({"architecture": {"encoder": "small", "reading": {"max_tokens": 0}}}, "max_tokens"),
        ({"architecture": {"encoder": "small", "reading": {"max_tokens": 10**9}}}, "asked for 1000000000"),
        ({"architecture": {"encoder": "small", "head": "oracle"}}, "there is no head 'oracle'"),
        ({"architecture": {"encoder": "small", "head": {"start": "nowhere"}}}, "random"),
        ({"architecture": None}, "encoder is missing"),
        ({"threshold": float("nan")}, "threshold"),
        ({"system": "oracle"}, "system"),
        ({"labels": [{"code": "I10", "system": "icd11", "title": None}]}, "labels.0.system"),
        ({"labels": [{"code": "I10", "system": "icd10cm", "title": 7}]}, "labels.0.title"),
        ({"auto_map": {}}, "auto_map"),
    ],
)
def test_an_invalid_field_is_named_in_the_error(folder: Path, changes: dict[str, object], words: str) -> None:
    edit(folder / "clem.json", **changes)
    with pytest.raises(ModelError, match=words):
        load_model(folder)


def test_a_missing_tokenizer_is_refused(folder: Path) -> None:
    (folder / "tokenizer_config.json").unlink()
    with pytest.raises(ModelError, match=r"tokenizer_config\.json: is missing"):
        load_model(folder)


@pytest.mark.parametrize(
    "vocabulary",
    [
        {},
        {"ngrams": [1, 2], "terms": []},
        {"ngrams": [1, 2], "terms": ["a", "b"]},
        {"ngrams": [1, 2], "terms": ["a", "a"]},
        {"ngrams": 1, "terms": ["a"]},
        {"ngrams": [1, 2], "terms": 7},
    ],
)
def test_a_damaged_vocabulary_is_refused(
    linear: tuple[LinearSystem, Path], vocabulary: dict[str, object]
) -> None:
    (linear[1] / "vocabulary.json").write_text(json.dumps(vocabulary))
    with pytest.raises(ModelError, match="are damaged"):
        load_model(linear[1])


@pytest.mark.parametrize("name", ["weights", "bias", "idf"])
@pytest.mark.parametrize("damage", ["gone", "short", "flat"])
def test_damaged_linear_weights_are_refused(
    linear: tuple[LinearSystem, Path], name: str, damage: str
) -> None:
    path = linear[1] / "linear.safetensors"
    arrays = load_file(path)
    array = arrays.pop(name)
    if damage != "gone":
        arrays[name] = array[:-1].clone() if damage == "short" else array.sum()
    save_file(arrays, path)
    with pytest.raises(ModelError, match="are damaged"):
        load_model(linear[1])


@pytest.mark.parametrize("collects", [True, False])
def test_garbage_is_collected_after_loading_as_before(tmp_path: Path, *, collects: bool) -> None:
    try:
        if not collects:
            gc.disable()
        with pytest.raises(ModelError):
            load_model(tmp_path)
        assert gc.isenabled() == collects
    finally:
        gc.enable()
