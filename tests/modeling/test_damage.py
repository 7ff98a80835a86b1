from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import PreTrainedModel

from clem_icd.corpus import Corpus
from clem_icd.errors import MissingExtraError, ModelError
from clem_icd.modeling import LabelSpace, build, load_model, save_model
from clem_icd.modeling.counting import open_tokenizer
from clem_icd.modeling.damage import CONFIG, TOKENIZER, WEIGHTS, Part, naming_damage, require_file
from support import info_of, new_system, tiny

Damage = Callable[[Path], object]

WEIGHTS_FILE = "model.safetensors"


@pytest.fixture(scope="module")
def intact(little_corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("intact") / "model"
    save_model(new_system(little_corpus, tiny(256)), info_of(little_corpus, tiny(256)), folder)
    return folder


@pytest.fixture
def folder(intact: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "model"
    copy.mkdir()
    for path in intact.iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    return copy


def cut(size: int) -> Damage:
    return lambda path: path.write_bytes(path.read_bytes()[:size])


def overwritten(data: bytes) -> Damage:
    return lambda path: path.write_bytes(data)


def gone(path: Path) -> None:
    path.unlink()


def fields(**changes: object) -> Damage:
    return lambda path: path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def narrower(path: Path) -> None:
    weights = load_file(path)
    name = "model.layers.1.mlp.Wi.weight"
    weights[name] = weights[name][:-1].clone()
    save_file(weights, path, metadata={"format": "pt"})


def shorter_by_the_end(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-50])


TRUNCATED = "is damaged: it is truncated, or not"
UNSUPPORTED = "the file is damaged, or the model is not supported"

OF_ALL = [
    (WEIGHTS_FILE, gone, "is missing"),
    (WEIGHTS_FILE, cut(0), "is damaged: it is empty"),
    (WEIGHTS_FILE, cut(100), TRUNCATED),
    (WEIGHTS_FILE, shorter_by_the_end, TRUNCATED),
    (WEIGHTS_FILE, overwritten(b"<html>404</html>" * 100), TRUNCATED),
    (WEIGHTS_FILE, overwritten(b"version https://git-lfs.github.com/spec/v1\n"), "is a pointer of Git LFS"),
    (WEIGHTS_FILE, narrower, "has 1 parameter in another shape than config.json describes"),
    ("config.json", gone, "is missing"),
    ("config.json", cut(100), TRUNCATED),
    ("config.json", overwritten(b"\xff\x00"), TRUNCATED),
    ("config.json", overwritten(b"[1]"), "is damaged: it is a json list, expected an object"),
    ("config.json", fields(model_type="martian"), UNSUPPORTED),
    ("config.json", fields(hidden_size="x"), UNSUPPORTED),
    ("config.json", fields(num_attention_heads=0), UNSUPPORTED),
    ("config.json", fields(hidden_activation="none"), UNSUPPORTED),
]
OF_TOKENIZERS = [
    ("tokenizer.json", gone, "is missing"),
    ("tokenizer.json", cut(1000), TRUNCATED),
    ("tokenizer.json", overwritten(b"{}"), "is damaged: it is json, but not a tokenizer"),
    ("tokenizer.json", overwritten(b"[1]"), "is damaged: it is a json list"),
    ("tokenizer.json", fields(model={"type": "none"}), "is damaged: it is json, but not a tokenizer"),
    ("tokenizer_config.json", cut(20), TRUNCATED),
    ("tokenizer_config.json", overwritten(b"[1]"), "is damaged: it is a json list"),
    ("tokenizer_config.json", fields(pad_token=7), "the file is damaged, or the tokenizer is not supported"),
]
OF_PADDING = [
    ("tokenizer_config.json", gone, "is missing"),
    ("tokenizer_config.json", fields(pad_token=None), "names no padding token"),
]


def refusal_of(load: Callable[[], object]) -> str:
    with pytest.raises(ModelError) as caught:
        load()
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(("name", "damage", "words"), [*OF_ALL, *OF_TOKENIZERS, *OF_PADDING])
def test_damaged_file_of_a_model_is_named_with_its_flaw(
    folder: Path, name: str, damage: Damage, words: str
) -> None:
    damage(folder / name)

    refusal = refusal_of(lambda: load_model(folder))

    assert refusal.startswith(f"{folder / name}: ")
    assert words in refusal
    assert refusal.endswith("Copy the whole model folder again.")


@pytest.mark.parametrize(("name", "damage", "words"), [*OF_ALL, *OF_TOKENIZERS, *OF_PADDING])
def test_damaged_file_of_an_encoder_is_named_with_its_flaw(
    little_corpus: Corpus, folder: Path, name: str, damage: Damage, words: str
) -> None:
    damage(folder / name)

    refusal = refusal_of(lambda: build(tiny(256, encoder=str(folder)), LabelSpace.of(little_corpus)))

    assert refusal.startswith(f"{folder / name}: ")
    assert words in refusal
    assert "Copy the encoder's folder again, or name one with config.json" in refusal


@pytest.mark.parametrize(("name", "damage", "words"), OF_TOKENIZERS)
def test_damaged_file_of_a_tokenizer_is_named_with_its_flaw(
    folder: Path, name: str, damage: Damage, words: str
) -> None:
    damage(folder / name)

    refusal = refusal_of(lambda: open_tokenizer(str(folder)))

    assert refusal.startswith(f"{folder / name}: ")
    assert words in refusal


@pytest.mark.parametrize("damage", [cut(50), overwritten(b"[]")])
def test_damaged_description_of_a_model_is_named_with_a_remedy(folder: Path, damage: Damage) -> None:
    damage(folder / "clem.json")

    refusal = refusal_of(lambda: load_model(folder))

    assert refusal.startswith(f"{folder / 'clem.json'}: ")
    assert refusal.endswith("Copy the whole model folder again.")


def sharded(model: PreTrainedModel, folder: Path) -> list[Path]:
    (folder / WEIGHTS_FILE).unlink()
    model.save_pretrained(folder, max_shard_size="20KB")
    return sorted(folder.glob("model-*.safetensors"))


@pytest.mark.parametrize("damage", [gone, cut(100)])
def test_damaged_shard_is_named(little_corpus: Corpus, folder: Path, damage: Damage) -> None:
    shards = sharded(new_system(little_corpus, tiny(256)).model, folder)
    load_model(folder)
    damage(shards[1])

    assert refusal_of(lambda: load_model(folder)).startswith(f"{shards[1]}: is ")


@pytest.mark.parametrize("part", [CONFIG, WEIGHTS, TOKENIZER])
def test_errors_of_this_package_are_not_taken_for_damage(folder: Path, part: Part) -> None:
    with pytest.raises(MissingExtraError, match="lora"), naming_damage(folder, part, "Copy it"):
        raise MissingExtraError("lora is not installed")


def test_intact_file_is_accepted(folder: Path) -> None:
    for name in (WEIGHTS_FILE, "config.json", "tokenizer.json", "tokenizer_config.json"):
        require_file(folder / name, "Copy it")


def test_weights_of_a_scalar_shape_are_described(folder: Path) -> None:
    weights = load_file(folder / WEIGHTS_FILE)
    weights["classifier.bias"] = torch.tensor(1.0)
    save_file(weights, folder / WEIGHTS_FILE, metadata={"format": "pt"})

    assert "classifier.bias in one number, expected 6" in refusal_of(lambda: load_model(folder))


@pytest.mark.parametrize("weight_map", [None, ["x"], {"x": 1}, {}])
def test_damaged_index_of_a_large_model_is_named(folder: Path, weight_map: object) -> None:
    index = folder / "model.safetensors.index.json"
    (folder / WEIGHTS_FILE).unlink()
    index.write_text(json.dumps({"weight_map": weight_map}))
    with pytest.raises(ModelError, match="is damaged: its weight_map") as caught:
        load_model(folder)
    assert caught.value.path == index
