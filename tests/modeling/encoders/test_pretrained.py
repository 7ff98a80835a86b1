from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from huggingface_hub.errors import LocalEntryNotFoundError
from transformers import AutoModel, AutoTokenizer, PreTrainedModel

from clem_icd.errors import ModelError
from clem_icd.modeling import PretrainedEncoder, convert_encoder, open_tokenizer
from clem_icd.modeling.damage import CONFIG
from clem_icd.modeling.encoders.hub import hub_error
from encoder_folders import publish, roberta, use_offline, write_pickled

FIRST, SECOND = "a" * 40, "b" * 40
NAME = "clinic/encoder"
WEIGHT = "embeddings.LayerNorm.bias"


def marked(folder: Path, value: float) -> Path:
    """Write an encoder that can be told from others by one of its weights."""

    def mark(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        return {**weights, f"roberta.{WEIGHT}": torch.full((32,), value)}

    convert_encoder(write_pickled(folder.with_name(f"{folder.name}-pickled"), roberta, mark), folder)
    return folder


def value_of(model: PreTrainedModel) -> float:
    return model.get_parameter(WEIGHT)[0].item()


def load(encoder: PretrainedEncoder) -> PreTrainedModel:
    return encoder.open(positions=64).load(AutoModel)


@pytest.fixture(scope="module")
def encoders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two states of one encoder."""
    root = tmp_path_factory.mktemp("encoders")
    return marked(root / "first", 1.0), marked(root / "second", 2.0)


@pytest.fixture(scope="module")
def home(encoders: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache of the Hub: the main branch and a tag at the first commit, a branch at the second."""
    cache = tmp_path_factory.mktemp("home") / "hub"
    publish(cache, NAME, encoders[0], FIRST, "main", "v1")
    publish(cache, NAME, encoders[1], SECOND, "longer")
    return cache.parent


@pytest.fixture
def cache(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return use_offline(home / "hub", monkeypatch)


@pytest.mark.parametrize(
    ("revision", "commit"),
    [(None, FIRST), ("main", FIRST), ("v1", FIRST), ("longer", SECOND), (SECOND, SECOND)],
)
def test_a_hub_id_is_loaded_from_the_cache_at_its_revision(
    cache: Path, revision: str | None, commit: str
) -> None:
    encoder = PretrainedEncoder(name=NAME, revision=revision)
    opened = encoder.open(positions=64)
    assert (encoder.commit(), opened.revision) == (commit, commit)
    assert opened.tokenizer("hypertension").input_ids[0] == 0
    assert value_of(opened.load(AutoModel)) == {FIRST: 1.0, SECOND: 2.0}[commit]


def test_config_tokenizer_and_weights_are_read_at_one_commit(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, Any]] = []
    for auto in (AutoTokenizer, AutoModel):
        original = auto.from_pretrained

        def recorded(*arguments: Any, original: Any = original, **others: Any) -> Any:
            asked.append((arguments[0], others["revision"]))
            return original(*arguments, **others)

        monkeypatch.setattr(auto, "from_pretrained", recorded)
    load(PretrainedEncoder(name=NAME, revision="longer"))
    assert asked == [(NAME, SECOND)] * 2


PROGRAM = """
import sys
from transformers import AutoModel
from clem_icd.errors import ModelError
from clem_icd.modeling import PretrainedEncoder

name, second, weight = sys.argv[1:]
for revision in (None, "longer", second):
    opened = PretrainedEncoder(name=name, revision=revision).open(positions=64)
    print(opened.revision, opened.load(AutoModel).get_parameter(weight)[0].item())
try:
    PretrainedEncoder(name="clinic/absent").open(positions=64)
except ModelError as error:
    print(error)
"""


def test_the_variables_of_the_hub_are_all_that_offline_use_needs(home: Path) -> None:
    variables = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(home)}
    variables.pop("HF_HUB_CACHE", None)
    found = subprocess.run(
        [sys.executable, "-c", PROGRAM, NAME, SECOND, WEIGHT],
        env=variables,
        capture_output=True,
        text=True,
        check=True,
    )
    *loaded, error = found.stdout.splitlines()
    assert loaded == [f"{FIRST} 1.0", f"{SECOND} 2.0", f"{SECOND} 2.0"]
    assert error.startswith("the encoder 'clinic/absent' is not in the Hub cache")


@pytest.mark.parametrize(
    ("name", "revision", "words"),
    [
        ("clinic/absent", None, "the encoder 'clinic/absent' is not in the Hub cache"),
        (NAME, "absent", f"revision 'absent' of the encoder '{NAME}' is not in the Hub cache"),
        (NAME, "c" * 40, f"revision '{'c' * 40}' of the encoder '{NAME}' is not in the Hub cache"),
    ],
)
def test_what_the_cache_lacks_is_refused_in_one_line(
    cache: Path, name: str, revision: str | None, words: str
) -> None:
    with pytest.raises(ModelError) as caught:
        PretrainedEncoder(name=name, revision=revision).open(positions=64)
    line = str(caught.value)
    assert line.startswith(words)
    assert "Unset HF_HUB_OFFLINE to download it, or name a folder" in line
    assert "\n" not in line


def without_network(*_arguments: Any, **_options: Any) -> None:
    """Fail as transformers does after the last attempt of huggingface_hub."""
    request = ConnectionError("[Errno -2] Name or service not known\nsecond line")
    try:
        raise LocalEntryNotFoundError("An error happened while trying to locate the file") from request
    except LocalEntryNotFoundError as problem:
        raise OSError("We couldn't connect to 'https://huggingface.co'") from problem


@pytest.mark.parametrize("revision", [None, "v1"])
def test_without_a_network_one_line_says_how_to_get_the_encoder(
    monkeypatch: pytest.MonkeyPatch, revision: str | None
) -> None:
    monkeypatch.setattr("clem_icd.modeling.encoders.hub.is_offline_mode", lambda: False)
    monkeypatch.setattr("clem_icd.modeling.encoders.hub.cached_file", without_network)
    with pytest.raises(ModelError) as caught:
        PretrainedEncoder(name=NAME, revision=revision).open(positions=64)
    line = str(caught.value)
    assert f"the encoder '{NAME}' is not on this machine and cannot be fetched from the Hugging Face" in line
    assert "Hub ([Errno -2] Name or service not known). Download it on another machine" in line
    assert "set HF_HUB_OFFLINE=1; see docs/how-to/use-an-encoder-offline.md" in line
    assert line.startswith("the encoder" if revision is None else "revision 'v1' of the encoder")
    assert "\n" not in line


def test_an_encoder_that_the_hub_does_not_have_is_not_taken_for_a_missing_network(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("clem_icd.modeling.encoders.hub.is_offline_mode", lambda: False)
    line = str(hub_error(NAME, NAME, None, CONFIG, OSError("is not a valid model identifier")))
    assert "cannot be loaded (OSError)" in line
    assert "cannot be fetched" not in line


@pytest.mark.parametrize(
    ("lost", "words"),
    [
        (["model.safetensors"], "is not in the Hub cache, or only parts of it are"),
        (["tokenizer.json", "tokenizer_config.json"], "has no vocabulary"),
    ],
)
def test_a_cache_with_parts_of_an_encoder_is_refused(
    encoders: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: list[str], words: str
) -> None:
    shutil.copytree(encoders[0], tmp_path / "parts")
    for name in lost:
        (tmp_path / "parts" / name).unlink()
    cache = use_offline(tmp_path / "hub", monkeypatch)
    publish(cache, NAME, tmp_path / "parts", FIRST, "main")
    with pytest.raises(ModelError, match=words):
        load(PretrainedEncoder(name=NAME))


@pytest.mark.parametrize("revision", [None, "v1"])
def test_a_hub_id_with_only_pickled_weights_is_refused_with_the_way_to_convert_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, revision: str | None
) -> None:
    cache = use_offline(tmp_path / "hub", monkeypatch)
    publish(cache, NAME, write_pickled(tmp_path / "pickled"), FIRST, "main", "v1")
    with pytest.raises(ModelError) as caught:
        load(PretrainedEncoder(name=NAME, revision=revision))
    line = str(caught.value)
    assert "has its weights only as a pickle, pytorch_model.bin, which could run code" in line
    assert f"`hf download {NAME} --revision {FIRST} --local-dir FOLDER`" in line
    assert "`clem convert-encoder FOLDER --out NEW_FOLDER`" in line


@pytest.mark.parametrize("name", ["pytorch_model.bin", "pytorch_model.bin.index.json"])
def test_a_folder_with_only_pickled_weights_is_refused_with_the_command_that_converts_it(
    tmp_path: Path, name: str
) -> None:
    folder = write_pickled(tmp_path / "pickled")
    (folder / "pytorch_model.bin").rename(folder / name)
    with pytest.raises(ModelError) as caught:
        PretrainedEncoder(name=str(folder)).open(positions=64)
    assert caught.value.path == folder / name
    assert f"`clem convert-encoder {folder} --out NEW_FOLDER`" in str(caught.value)


def test_a_pickle_next_to_safetensors_is_not_read(encoders: tuple[Path, Path], tmp_path: Path) -> None:
    folder = shutil.copytree(encoders[0], tmp_path / "both")
    (folder / "pytorch_model.bin").write_bytes(b"not even a pickle")
    assert value_of(load(PretrainedEncoder(name=str(folder)))) == 1.0


def spoil_config(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    own = {"auto_map": {"AutoConfig": "own.Own", "AutoModel": "own.Own"}}
    (folder / "config.json").write_text(json.dumps({**config, **own}))


def spoil_tokenizer(folder: Path) -> None:
    config = json.loads((folder / "tokenizer_config.json").read_text())
    own = {"auto_map": {"AutoTokenizer": ["own.Own", "own.Own"]}}
    (folder / "tokenizer_config.json").write_text(json.dumps({**config, **own}))


@pytest.mark.parametrize("spoil", [spoil_config, spoil_tokenizer])
@pytest.mark.parametrize("from_hub", [False, True])
def test_code_in_an_encoder_is_never_run(
    encoders: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    spoil: Callable[[Path], None],
    from_hub: bool,
) -> None:
    folder = shutil.copytree(encoders[0], tmp_path / "own")
    (folder / "own.py").write_text(f"open({str(tmp_path / 'made')!r}, 'w')\n")
    spoil(folder)
    cache = use_offline(tmp_path / "hub", monkeypatch)
    publish(cache, NAME, folder, FIRST, "main")
    assert value_of(load(PretrainedEncoder(name=NAME if from_hub else str(folder)))) == 1.0
    assert not (tmp_path / "made").exists()


def test_an_encoder_that_is_nothing_without_its_code_is_refused(
    encoders: tuple[Path, Path], tmp_path: Path
) -> None:
    folder = shutil.copytree(encoders[0], tmp_path / "own")
    (folder / "own.py").write_text(f"open({str(tmp_path / 'made')!r}, 'w')\n")
    own = {"model_type": "own", "auto_map": {"AutoConfig": "own.Own", "AutoModel": "own.Own"}}
    (folder / "config.json").write_text(json.dumps(own))
    with pytest.raises(ModelError, match="the model is not supported"):
        load(PretrainedEncoder(name=str(folder)))
    assert not (tmp_path / "made").exists()


def test_a_revision_of_a_folder_or_a_shipped_encoder_is_refused(encoders: tuple[Path, Path]) -> None:
    for name in (str(encoders[0]), "clem-small"):
        encoder = PretrainedEncoder(name=name, revision="main")
        for use in (encoder.commit, encoder.local_folder, lambda: encoder.open(positions=64)):  # noqa: B023
            with pytest.raises(ModelError, match=r"encoder\.revision is 'main', but .* is not on the Hub"):
                use()


def test_a_folder_has_no_commit_even_inside_a_cache(cache: Path) -> None:
    folder = cache / "models--clinic--encoder" / "snapshots" / FIRST
    opened = PretrainedEncoder(name=str(folder)).open(positions=64)
    assert opened.revision is None
    assert value_of(opened.load(AutoModel)) == 1.0


def test_a_tokenizer_without_its_files_is_refused(encoders: tuple[Path, Path], tmp_path: Path) -> None:
    folder = shutil.copytree(encoders[0], tmp_path / "bare")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).unlink()
    words = rf"{folder}: has no vocabulary: the tokenizer's files are missing"
    with pytest.raises(ModelError, match=words):
        PretrainedEncoder(name=str(folder)).open(positions=64)
    with pytest.raises(ModelError, match=words):
        open_tokenizer(str(folder))
