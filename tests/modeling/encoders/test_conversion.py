from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModel, AutoModelForMaskedLM, PreTrainedModel

from clem_icd.errors import ModelError, OutputError
from clem_icd.files import sha256_of
from clem_icd.modeling import PretrainedEncoder, convert_encoder, load_language_model
from encoder_folders import (
    SPECIAL,
    TEXTS,
    as_in_2020,
    bert,
    modernbert,
    roberta,
    write_pickled,
    write_tokenizer,
)

Weights = dict[str, torch.Tensor]
IDS = torch.tensor([[0, *range(5, 45), 2], [0, *range(100, 120), 2, *[1] * 20]])
MASK = (IDS != 1).long()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_pickled(tmp_path / "pickled")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "converted"


@torch.no_grad()
def hidden(model: PreTrainedModel) -> torch.Tensor:
    return torch.as_tensor(model.eval()(input_ids=IDS, attention_mask=MASK).last_hidden_state)


@torch.no_grad()
def logits(model: PreTrainedModel) -> torch.Tensor:
    return torch.as_tensor(model.eval()(input_ids=IDS, attention_mask=MASK).logits)


def opened(folder: Path, auto: Any = AutoModel) -> PreTrainedModel:
    return PretrainedEncoder(name=str(folder)).open(positions=64).load(auto)


def pickled(folder: Path, auto: Any = AutoModel) -> PreTrainedModel:
    """Return what transformers reads from the pickle itself."""
    model: PreTrainedModel = auto.from_pretrained(
        folder, use_safetensors=False, dtype=torch.float32, attn_implementation="sdpa"
    )
    return model


def sharded(folder: Path) -> None:
    weights = list(torch.load(folder / "pytorch_model.bin", weights_only=True).items())
    (folder / "pytorch_model.bin").unlink()
    parts = {"pytorch_model-1.bin": dict(weights[::2]), "pytorch_model-2.bin": dict(weights[1::2])}
    for name, part in parts.items():
        torch.save(part, folder / name)
    weight_map = {parameter: name for name, part in parts.items() for parameter in part}
    (folder / "pytorch_model.bin.index.json").write_text(
        json.dumps({"metadata": {}, "weight_map": weight_map})
    )


@pytest.mark.parametrize("make", [roberta, bert, modernbert], ids=lambda make: str(make.__name__))
@pytest.mark.parametrize("parts", [1, 2])
def test_the_converted_encoder_gives_the_hidden_states_of_the_pickle(
    tmp_path: Path, out: Path, make: Callable[[], PreTrainedModel], parts: int
) -> None:
    folder = write_pickled(tmp_path / "pickled", make)
    if parts == 2:
        sharded(folder)
    found = convert_encoder(folder, out)

    torch.testing.assert_close(hidden(opened(out)), hidden(pickled(folder)), rtol=0, atol=0)
    masked = load_language_model(PretrainedEncoder(name=str(out)), 64)[0]
    torch.testing.assert_close(
        logits(masked), logits(pickled(folder, AutoModelForMaskedLM)), rtol=0, atol=1e-6
    )
    assert (found.left_out, found.dtypes) == ((), ("float32",))
    assert found.parameters == make().num_parameters()


def test_a_checkpoint_as_transformers_2_wrote_it_is_converted(tmp_path: Path, out: Path) -> None:
    folder = write_pickled(tmp_path / "pickled", change=as_in_2020, zipped=False)
    found = convert_encoder(folder, out)

    torch.testing.assert_close(hidden(opened(out)), hidden(pickled(folder)), rtol=0, atol=0)
    masked = pickled(folder, AutoModelForMaskedLM)
    torch.testing.assert_close(logits(opened(out, AutoModelForMaskedLM)), logits(masked), rtol=0, atol=1e-6)
    assert found.left_out == ("roberta.embeddings.position_ids", "roberta.pooler.dense.weight")
    names = load_file(out / "model.safetensors").keys()
    assert "roberta.embeddings.LayerNorm.weight" in names
    assert not [name for name in names if name.endswith((".gamma", ".beta")) or "decoder" in name]


def test_the_tokenizer_becomes_fast_and_keeps_its_tokens(folder: Path, out: Path, tmp_path: Path) -> None:
    convert_encoder(folder, out)
    tokenizer = PretrainedEncoder(name=str(out)).open(positions=64).tokenizer
    (tmp_path / "own").mkdir()
    own = write_tokenizer(tmp_path / "own")
    assert (out / "tokenizer.json").is_file()
    assert tokenizer.convert_ids_to_tokens([*range(len(SPECIAL))]) == list(SPECIAL)
    for text in [*TEXTS, "naïve café 🫀 e\u0301", "  two  spaces\n"]:
        assert tokenizer(text).input_ids == [0, *own.encode(text).ids, 2]


def test_half_precision_becomes_single_and_is_reported(tmp_path: Path, out: Path) -> None:
    def halved(weights: Weights) -> Weights:
        return {name: tensor.half() for name, tensor in weights.items()}

    folder = write_pickled(tmp_path / "pickled", change=halved)
    found = convert_encoder(folder, out)

    assert found.dtypes == ("float16",)
    assert "in float32 (float16 in the pickle)" in (out / "README.md").read_text()
    assert {tensor.dtype for tensor in load_file(out / "model.safetensors").values()} == {torch.float32}
    assert json.loads((out / "config.json").read_text())["dtype"] == "float32"
    torch.testing.assert_close(hidden(opened(out)), hidden(pickled(folder)), rtol=0, atol=0)


def bare(weights: Weights) -> Weights:
    return {
        name.removeprefix("bert."): tensor for name, tensor in weights.items() if name.startswith("bert.")
    }


def test_an_encoder_without_a_head_keeps_its_pooler_and_gets_no_random_head(
    tmp_path: Path, out: Path
) -> None:
    found = convert_encoder(write_pickled(tmp_path / "pickled", bert, bare), out)
    assert (found.model, found.left_out) == ("BertModel", ())
    names = load_file(out / "model.safetensors").keys()
    assert "pooler.dense.weight" in names
    assert not [name for name in names if name.startswith("cls.")]


def test_a_half_of_a_head_is_kept_and_its_rest_is_not_made_up(tmp_path: Path, out: Path) -> None:
    def masked_only(weights: Weights) -> Weights:
        return {
            name: tensor
            for name, tensor in weights.items()
            if "pooler" not in name and "seq_relationship" not in name
        }

    convert_encoder(write_pickled(tmp_path / "pickled", bert, masked_only), out)
    names = load_file(out / "model.safetensors").keys()
    assert "cls.predictions.bias" in names
    assert not [name for name in names if "pooler" in name or "seq_relationship" in name]


def test_a_classifier_is_left_out_by_name(tmp_path: Path, out: Path) -> None:
    def classifier(weights: Weights) -> Weights:
        encoder = {name: tensor for name, tensor in weights.items() if name.startswith("roberta.")}
        return {**encoder, "classifier.out_proj.weight": torch.ones(3, 32)}

    found = convert_encoder(write_pickled(tmp_path / "pickled", change=classifier), out)
    assert (found.model, found.left_out) == ("RobertaModel", ("classifier.out_proj.weight",))
    assert "classifier.out_proj.weight" in (out / "README.md").read_text()


def test_the_card_records_the_files_that_were_converted(folder: Path, out: Path) -> None:
    found = convert_encoder(folder, out)
    card = (out / "README.md").read_text()
    assert sorted(found.inputs) == ["config.json", "merges.txt", "pytorch_model.bin", "vocab.json"]
    for name, digest in found.inputs.items():
        assert digest == sha256_of(folder / name)
        assert f"| `{name}` | `{digest}` |" in card
    assert "# pickled, with safetensors" in card
    assert "The licence and the terms of the original apply." in card


class Code:
    """Unpickles by calling a function."""

    def __init__(self, function: Callable[..., object], *arguments: object) -> None:
        self.call = function, arguments

    def __reduce__(self) -> Any:
        return self.call


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize(
    ("function", "argument", "name"),
    [
        (os.mkdir, "{made}", f"{os.mkdir.__module__}.mkdir"),
        (exec, "__import__('os').mkdir('{made}')", "exec"),
    ],
)
def test_a_pickle_that_would_run_code_is_refused_by_name_and_runs_nothing(
    folder: Path,
    out: Path,
    tmp_path: Path,
    zipped: bool,
    function: Callable[..., object],
    argument: str,
    name: str,
) -> None:
    made = tmp_path / "made"
    content = {"weight": torch.ones(2), "code": Code(function, argument.format(made=made))}
    torch.save(content, folder / "pytorch_model.bin", _use_new_zipfile_serialization=zipped)

    with pytest.raises(ModelError, match=rf"/pytorch_model\.bin: asks for {name}, which weights do not need"):
        convert_encoder(folder, out)
    assert not made.exists()
    assert not out.exists()
    # It would have run.
    torch.load(folder / "pytorch_model.bin", weights_only=False)
    assert made.exists()


def test_code_named_in_the_config_is_neither_run_nor_kept(folder: Path, out: Path, tmp_path: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    config["auto_map"] = {"AutoConfig": "own.Own", "AutoModel": "own.Own", "AutoModelForMaskedLM": "own.Own"}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "own.py").write_text(f"open({str(tmp_path / 'made')!r}, 'w')\n")
    convert_encoder(folder, out)
    opened(out)
    assert not (tmp_path / "made").exists()
    assert "auto_map" not in json.loads((out / "config.json").read_text())


def rewritten(content: object) -> Callable[[Path], object]:
    return lambda path: torch.save(content, path)


def narrower(path: Path) -> None:
    weights = torch.load(path, weights_only=True)
    name = "roberta.encoder.layer.1.output.dense.weight"
    torch.save({**weights, name: weights[name][:-1]}, path)


def lacking(path: Path) -> None:
    weights = torch.load(path, weights_only=True)
    del weights["roberta.encoder.layer.1.output.dense.weight"]
    torch.save(weights, path)


def deeper(path: Path) -> None:
    weights = torch.load(path, weights_only=True)
    more = {name.replace("layer.1", "layer.2"): one for name, one in weights.items() if "layer.1" in name}
    torch.save({**weights, **more}, path)


def integers(path: Path) -> None:
    weights = torch.load(path, weights_only=True)
    name = "roberta.encoder.layer.1.output.dense.weight"
    torch.save({**weights, name: weights[name].to(torch.int8)}, path)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (Path.unlink, "is missing"),
        (lambda path: path.write_bytes(b""), "is damaged: it is empty"),
        (lambda path: path.write_bytes(path.read_bytes()[:-200]), "is damaged: it is truncated, or not"),
        (lambda path: path.write_bytes(b"<html>404</html>" * 99), "is damaged: it is truncated, or not"),
        (
            lambda path: path.write_bytes(b"version https://git-lfs.github.com/spec/v1\n"),
            "pointer of Git LFS",
        ),
        (rewritten([torch.ones(2)]), "does not hold one tensor per parameter"),
        (rewritten({"state_dict": {"weight": torch.ones(2)}}), "does not hold one tensor per parameter"),
        (rewritten({"weight": torch.ones(2)}), "lacks 37 parameters of the model: for example roberta"),
        (lacking, "lacks 1 parameter of the model: for example roberta.encoder.layer.1.output.dense.weight"),
        (integers, "lacks 1 parameter of the model: for example roberta.encoder.layer.1.output.dense.weight"),
        (narrower, "has 1 parameter in another shape than config.json describes"),
        (deeper, "has 16 parameters that config.json does not describe: for example roberta.encoder.layer.2"),
    ],
)
def test_weights_that_are_damaged_or_of_another_model_are_refused(
    folder: Path, out: Path, damage: Callable[[Path], object], words: str
) -> None:
    path = folder / "pytorch_model.bin"
    damage(path)
    with pytest.raises(ModelError) as caught:
        convert_encoder(folder, out)
    assert str(caught.value).startswith(f"{path}: ")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not out.exists()


@pytest.mark.parametrize("name", ["../elsewhere.bin", "/elsewhere.bin"])
def test_an_index_cannot_name_files_elsewhere(folder: Path, out: Path, name: str) -> None:
    (folder / "pytorch_model.bin").unlink()
    index = folder / "pytorch_model.bin.index.json"
    index.write_text(json.dumps({"weight_map": {"x": name}}))
    with pytest.raises(ModelError, match="names a file outside of its folder"):
        convert_encoder(folder, out)


def test_a_missing_part_is_named(folder: Path, out: Path) -> None:
    sharded(folder)
    (folder / "pytorch_model-2.bin").unlink()
    with pytest.raises(ModelError, match=r"pytorch_model-2\.bin: is missing"):
        convert_encoder(folder, out)


def fields(folder: Path, **changes: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda folder: (folder / "config.json").unlink(), "config.json: is missing"),
        (lambda folder: fields(folder, model_type="martian"), "the model is not supported"),
        (lambda folder: fields(folder, num_attention_heads=0), "the model is not supported"),
        (lambda folder: (folder / "merges.txt").unlink(), "has no tokenizer that can be loaded"),
        (lambda folder: [(folder / name).unlink() for name in ("merges.txt", "vocab.json")], "no vocabulary"),
        (lambda folder: fields(folder, vocab_size=300), "ids up to"),
        (lambda folder: fields(folder, pad_token_id=0), "describes 420 tokens and padding 0"),
    ],
)
def test_a_config_and_a_tokenizer_that_do_not_fit_are_refused(
    folder: Path, out: Path, spoil: Callable[[Path], object], words: str
) -> None:
    spoil(folder)
    with pytest.raises(ModelError, match=words) as caught:
        convert_encoder(folder, out)
    assert str(folder) in str(caught.value)
    assert not out.exists()


def test_an_encoder_that_needs_no_conversion_is_refused(folder: Path, out: Path, tmp_path: Path) -> None:
    convert_encoder(folder, out)
    with pytest.raises(
        ModelError, match=rf"already has its weights as safetensors\. Use it with encoder={out}"
    ):
        convert_encoder(out, tmp_path / "again")


def test_the_folder_around_an_encoder_is_refused_by_the_name_of_the_right_one(
    tmp_path: Path, out: Path
) -> None:
    folder = write_pickled(tmp_path / "RoBERTa" / "RoBERTa-hf")
    with pytest.raises(ModelError, match=rf"has no config\.json, but a folder in it has\. Name {folder}\."):
        convert_encoder(folder.parent, out)


def test_an_archive_and_a_fairseq_checkpoint_are_refused(tmp_path: Path, out: Path) -> None:
    archive = tmp_path / "RoBERTa-base-PM-M3-Voc-hf.tar.gz"
    archive.write_bytes(b"\x1f\x8b")
    with pytest.raises(ModelError, match=r"not a folder\. Unpack the archive"):
        convert_encoder(archive, out)
    (tmp_path / "fairseq").mkdir()
    (tmp_path / "fairseq" / "model.pt").write_bytes(b"x")
    with pytest.raises(ModelError, match=r"holds a fairseq checkpoint.*ending in -hf"):
        convert_encoder(tmp_path / "fairseq", out)


def test_the_encoder_itself_is_never_replaced(folder: Path) -> None:
    for out in (folder, folder.parent):
        with pytest.raises(OutputError, match="contains the encoder to convert"):
            convert_encoder(folder, out, force=True)
    with pytest.raises(OutputError, match="already exists"):
        convert_encoder(folder, folder)
    assert (folder / "pytorch_model.bin").is_file()


def test_a_failed_conversion_keeps_what_it_would_have_replaced(folder: Path, out: Path) -> None:
    convert_encoder(folder, out)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    lacking(folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match="lacks 1 parameter"):
        convert_encoder(folder, out, force=True)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
