"""`clem convert-encoder` as a user types it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from clem_icd.corpus import Corpus
from encoder_folders import as_in_2020, write_pickled


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_pickled(tmp_path / "RoBERTa-hf", change=as_in_2020, zipped=False)


def test_a_converted_encoder_is_trained(
    clem: Callable[..., Any], folder: Path, tmp_path: Path, little_corpus: Corpus
) -> None:
    out = tmp_path / "encoders" / "RoBERTa"
    found = clem("convert-encoder", folder, "--out", out)
    assert (found.code, found.err) == (0, "")
    first, left_out, use = found.out.splitlines()
    assert first.startswith("RobertaForMaskedLM, ")
    assert first.endswith(f" parameters in float32, 385 tokens: {out}")
    assert left_out == (
        "Left out, since the model has no place for them: roberta.embeddings.position_ids, "
        "roberta.pooler.dense.weight"
    )
    assert use == f"Use it: clem train RECIPE --corpus CORPUS --out RUN encoder={out}"
    assert sorted(path.name for path in out.iterdir()) == [
        "README.md",
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    ]
    settings = [f"encoder={out}", "reading.max_tokens=64", "training.epochs=1", "training.precision=fp32"]
    trained = clem(
        "train", "clem-icd", "--corpus", little_corpus.path, "--out", tmp_path / "run", *settings, "-q"
    )
    assert (trained.code, trained.err) == (0, "")


def test_the_result_is_one_json_object(clem: Callable[..., Any], folder: Path, tmp_path: Path) -> None:
    found = clem("convert-encoder", folder, "--out", tmp_path / "new", "--json", "--quiet")
    assert (found.code, found.err) == (0, "")
    assert found.json["encoder"] == str(tmp_path / "new")
    assert found.json["source"] == "RoBERTa-hf"
    assert (found.json["model"], found.json["dtypes"], found.json["tokens"]) == (
        "RobertaForMaskedLM",
        ["float32"],
        385,
    )
    assert sorted(found.json["inputs"]) == ["config.json", "merges.txt", "pytorch_model.bin", "vocab.json"]


def test_force_replaces_the_output(clem: Callable[..., Any], folder: Path, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "old.txt").write_text("old")
    assert clem("convert-encoder", folder, "--out", tmp_path / "new", "--force").code == 0
    assert not (tmp_path / "new" / "old.txt").exists()


def test_bad_input_is_refused(
    refused: Callable[..., str], folder: Path, tmp_path: Path, little_corpus: Corpus
) -> None:
    out = ("--out", tmp_path / "new")
    refused("convert-encoder", tmp_path / "absent", *out, says=["absent", "not a folder"])
    refused("convert-encoder", folder, "--out", folder, says=[str(folder), "already exists"])
    refused("convert-encoder", folder, "--out", folder, "--force", says=["contains the encoder to convert"])
    torch.save({"weight": torch.ones(2)}, folder / "pytorch_model.bin")
    refused("convert-encoder", folder, *out, says=["pytorch_model.bin", "lacks 37 parameters"])
    run = ("--out", tmp_path / "run")
    refused(
        *("train", "clem-icd", "--corpus", little_corpus.path, *run, f"encoder={folder}"),
        says=["pytorch_model.bin", "a pickle, which could run code", f"`clem convert-encoder {folder} --out"],
    )


class Code:
    def __reduce__(self) -> Any:
        return print, ("it was run",)


def test_a_pickle_with_code_is_refused_and_not_run(
    refused: Callable[..., str], folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.save({"weight": Code()}, folder / "pytorch_model.bin")
    refused(
        "convert-encoder", folder, "--out", tmp_path / "new", says=["asks for print", "Nothing in it was run"]
    )
    assert "it was run" not in "".join(capsys.readouterr())
