"""Training with LoRA: what is trained and kept, and what is refused before any note is read."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from clem_icd.corpus import Corpus
from clem_icd.errors import ClemError, MissingExtraError, ModelError
from clem_icd.modeling import LabelSpace, NeuralSystem, build, rebuild
from clem_icd.progress import Silent
from clem_icd.runs.checkpoints import last_checkpoint
from clem_icd.training import NeuralRecipe, read_recipe, train
from clem_icd.training.fit import fit_neural
from support import LITTLE_SETTINGS


def recipe_with(*settings: str) -> NeuralRecipe:
    lora = ["adapter=lora", "adapter.rank=4", "training.epochs=2", *settings]
    recipe = read_recipe("clem-icd-small", [*LITTLE_SETTINGS, *lora])
    assert isinstance(recipe, NeuralRecipe)
    return recipe


class _Lines(Silent):
    """Remembers what is said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, line: str) -> None:
        self.said.append(line)


@dataclass(frozen=True)
class Fitted:
    """A system, its last checkpoint, and the lines that were said on the way."""

    system: NeuralSystem
    checkpoint: Path
    lines: list[str]


@pytest.fixture(scope="module")
def fitted(little_corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Fitted:
    run = tmp_path_factory.mktemp("lora")
    lines = _Lines()
    system = fit_neural(recipe_with("training.selection_metric=loss"), little_corpus, run, lines)
    last = last_checkpoint(run / "checkpoints", print)
    assert last is not None
    return Fitted(system, last.path, lines.said)


def untrained(corpus: Corpus) -> dict[str, torch.Tensor]:
    recipe = recipe_with()
    torch.manual_seed(recipe.seed)
    model, _ = build(recipe, LabelSpace.of(corpus), texts=corpus.texts("train"))
    return model.state_dict()


def test_only_matrices_and_head_change(fitted: Fitted, little_corpus: Corpus) -> None:
    weights, before = load_file(fitted.checkpoint / "model.safetensors"), untrained(little_corpus)
    changed = {name for name, values in weights.items() if not torch.equal(values, before[name])}
    assert changed == {name for name in before if ".lora_" in name or not name.startswith("model.")}
    assert any(".lora_B." in name for name in changed)


def test_the_optimizer_holds_only_what_is_trained(fitted: Fitted, little_corpus: Corpus) -> None:
    optimizer = torch.load(fitted.checkpoint / "optimizer.pt", weights_only=True)
    sizes = sorted(state["exp_avg"].numel() for state in optimizer["state"].values())
    weights = untrained(little_corpus)
    trained = [name for name in weights if ".lora_" in name or not name.startswith("model.")]
    assert sizes == sorted(weights[name].numel() for name in trained)


def test_the_share_of_trained_parameters_is_said_once(fitted: Fitted, little_corpus: Corpus) -> None:
    weights = untrained(little_corpus)
    total = sum(values.numel() for values in weights.values())
    trained = sum(
        values.numel()
        for name, values in weights.items()
        if ".lora_" in name or not name.startswith("model.")
    )
    line = f"Training {trained:,} of {total:,} parameters ({trained / total:.1%})"
    assert [one for one in fitted.lines if "parameters" in one] == [line]


def test_nothing_is_said_where_all_weights_are_trained(
    little_recipe: NeuralRecipe, little_corpus: Corpus, tmp_path: Path, listener: Any
) -> None:
    training = little_recipe.training.model_copy(update={"epochs": 1})
    fit_neural(little_recipe.model_copy(update={"training": training}), little_corpus, tmp_path, listener)
    assert not any("parameters" in line for line in listener.lines)


def test_the_system_is_the_merged_model_of_its_checkpoint(fitted: Fitted, little_corpus: Corpus) -> None:
    """The last epoch has the lowest loss."""
    recipe = recipe_with()
    model, tokenizer = rebuild(recipe, little_corpus.codes, fitted.checkpoint, merged=False)
    texts = list(little_corpus.texts("test"))
    unmerged = NeuralSystem(model, tokenizer, recipe.reading)
    expected = np.stack([note.probabilities for note in unmerged.score(texts)])
    found = np.stack([note.probabilities for note in fitted.system.score(texts)])
    assert any(".lora_" in name for name in model.state_dict())
    assert not any(".lora_" in name for name in fitted.system.model.state_dict())
    assert expected.std() > 0.01
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("settings", "kind", "words"),
    [
        (["adapter.targets=[query]"], ModelError, "no linear layer 'query'.*Choose from attn.Wo, attn.Wqkv"),
        ([], MissingExtraError, r"adapter=lora needs peft, .*pip install 'clem-icd\[lora\]'"),
        (["seeds=2"], MissingExtraError, "adapter=lora needs peft"),
    ],
)
def test_unusable_lora_is_refused_before_notes_are_read_and_leaves_nothing(
    little_corpus: Corpus,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    settings: list[str],
    kind: type[ClemError],
    words: str,
) -> None:
    def read(*_: Any, **__: Any) -> Any:
        raise AssertionError("notes were read")

    for name in ("_batches", "frame"):
        monkeypatch.setattr(Corpus, name, read)
    if kind is MissingExtraError:
        monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(kind, match=words):
        train(recipe_with(*settings), little_corpus, tmp_path / "run")
    assert list(tmp_path.iterdir()) == []
