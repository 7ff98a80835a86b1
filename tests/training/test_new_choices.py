"""A new head, loss, reading, adapter or explanation method needs no change in ``src``."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from clem_icd.corpus import Corpus
from clem_icd.errors import ModelError, RecipeError
from clem_icd.explanation import Explainer
from clem_icd.modeling import LOSSES, EncoderWithHead, NeuralSystem, load_model
from clem_icd.prediction import Coder
from clem_icd.progress import Silent
from clem_icd.scores import Scores
from clem_icd.training import NeuralRecipe, read_recipe, train
from clem_icd.training.fit import fit_neural
from support import FINDINGS, LITTLE_SETTINGS, info_of, make_note
from toys import SETTINGS
from training.interrupting import Interrupting

FEW_EPOCHS = ["training.epochs=6", "training.checkpoint_steps=7", "training.patience=null"]


def recipe_with(*settings: str) -> NeuralRecipe:
    recipe = read_recipe("clem-icd-small", [*LITTLE_SETTINGS, *SETTINGS, *FEW_EPOCHS, *settings])
    assert isinstance(recipe, NeuralRecipe)
    return recipe


@pytest.fixture(scope="module")
def run(little_corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(recipe_with(), little_corpus, tmp_path_factory.mktemp("toys") / "run")


@pytest.fixture(scope="module")
def system(run: Path) -> NeuralSystem:
    loaded, _ = load_model(run / "model")
    assert isinstance(loaded, NeuralSystem)
    return loaded


def test_choices_are_stored_with_the_model(run: Path, system: NeuralSystem) -> None:
    about = json.loads((run / "model" / "clem.json").read_text(encoding="utf-8"))["architecture"]
    assert about["head"] == {"kind": "toy-max", "prior_bias": True, "scale": 2.0}
    assert about["loss"] == {"kind": "toy-squared-error", "rare_weight": 2.0}
    assert about["reading"] == {"kind": "toy-segments", "max_tokens": 128, "segment_tokens": 16}
    assert isinstance(system.model, EncoderWithHead)
    assert system.reading == recipe_with().reading


def test_the_model_learns_and_scores_the_same_after_loading(
    run: Path, system: NeuralSystem, little_corpus: Corpus
) -> None:
    assert json.loads((run / "metrics.json").read_text(encoding="utf-8"))["metrics"]["map"] > 0.6
    scores = np.stack([note.probabilities for note in system.score(little_corpus.texts("test"))])
    np.testing.assert_allclose(
        scores, Scores.read(run / "scores" / "test.parquet").of(little_corpus, "test"), atol=1e-6
    )


def test_the_coder_loads_a_model_with_new_choices(run: Path) -> None:
    [first, *_] = Coder.load(run / "model").code(make_note(3).text)
    assert first.code in FINDINGS


def test_scores_do_not_depend_on_padding_batch_or_order(system: NeuralSystem) -> None:
    texts = [make_note(number).text * (1 + number % 3) for number in range(16)]
    alone = np.stack([next(iter(system.score([text]))).probabilities for text in texts])
    together = np.stack([note.probabilities for note in system.score(texts)])
    order = random.Random(0).sample(range(16), 16)
    shuffled = np.stack([note.probabilities for note in system.score([texts[row] for row in order])])
    assert alone.std() > 0.01
    np.testing.assert_allclose(together, alone, atol=1e-5)
    np.testing.assert_allclose(shuffled, alone[order], atol=1e-5)


def test_an_interrupted_run_resumes_to_the_same_weights(
    run: Path, little_corpus: Corpus, tmp_path: Path
) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(recipe_with(), little_corpus, tmp_path / "run", observer=Interrupting(25))
    train(recipe_with(), little_corpus, tmp_path / "run", resume=True)
    for name in ("model/model.safetensors", "scores/test.parquet", "metrics.json"):
        assert (tmp_path / "run" / name).read_bytes() == (run / name).read_bytes(), name


LOSS_SETTINGS = [
    [f"loss={{kind: {kind}, reduction: sum}}"] for kind in LOSSES.kinds if not kind.startswith("toy-")
]
HEAD_SETTINGS = [
    ["head={kind: label-attention, dropout: 0.2}", "training.head_learning_rate_factor=3"],
    ["head={kind: label-cross-attention, output: own, start: titles}", "training.selection_metric=last"],
]


@pytest.mark.parametrize("settings", [*LOSS_SETTINGS, *HEAD_SETTINGS], ids=str)
def test_training_with_each_loss_and_head_resumes_to_the_same_weights(
    settings: list[str], little_corpus: Corpus, tmp_path: Path
) -> None:
    recipe = recipe_with(*settings, "training.epochs=1")
    whole, run = tmp_path / "whole", tmp_path / "run"
    for folder in (whole, run):
        folder.mkdir()
    weights = fit_neural(recipe, little_corpus, whole, Silent()).model.state_dict()
    with pytest.raises(KeyboardInterrupt):
        fit_neural(recipe, little_corpus, run, Interrupting(8))
    resumed = fit_neural(recipe, little_corpus, run, Silent()).model.state_dict()
    assert all(torch.equal(resumed[name], weights[name]) for name in weights)


def test_an_adapter_limits_which_weights_are_trained(little_corpus: Corpus, tmp_path: Path) -> None:
    weights = []
    for epochs in (1, 2):
        (folder := tmp_path / str(epochs)).mkdir()
        recipe = recipe_with("adapter=toy-frozen", f"training.epochs={epochs}")
        weights.append(fit_neural(recipe, little_corpus, folder, Silent()).model.state_dict())
    shorter, longer = weights
    assert sorted(name for name in shorter if not torch.equal(shorter[name], longer[name])) == [
        "head.classifier.bias",
        "head.classifier.weight",
    ]


def test_modules_of_an_adapter_are_trained_resumed_and_merged_when_saved(
    little_corpus: Corpus, tmp_path: Path
) -> None:
    recipe = recipe_with("adapter=toy-scaled", "training.epochs=3")
    whole = train(recipe, little_corpus, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train(recipe, little_corpus, tmp_path / "run", observer=Interrupting(17))
    resumed = train(recipe, little_corpus, tmp_path / "run", resume=True)
    weights = load_file(whole / "model" / "model.safetensors")
    assert {name for name in weights if name.startswith("head.")} == {
        "head.classifier.bias",
        "head.classifier.weight",
    }
    for name in ("model/model.safetensors", "scores/test.parquet"):
        assert (resumed / name).read_bytes() == (whole / name).read_bytes(), name
    loaded, _ = load_model(whole / "model")
    scores = np.stack([note.probabilities for note in loaded.score(little_corpus.texts("test"))])
    stored = Scores.read(whole / "scores" / "test.parquet").of(little_corpus, "test")
    np.testing.assert_allclose(scores, stored, atol=1e-6)
    unscaled = train(recipe_with("training.epochs=3"), little_corpus, tmp_path / "unscaled")
    assert not torch.equal(
        load_file(unscaled / "model" / "model.safetensors")["head.classifier.weight"],
        weights["head.classifier.weight"],
    )


@pytest.mark.parametrize("method", ["toy-occlusion", "input-x-gradient"])
def test_explanations_cover_the_raw_text(system: NeuralSystem, little_corpus: Corpus, method: str) -> None:
    note = make_note(3)
    explanations = Explainer(system, info_of(little_corpus), method).explain(note.text, note.codes)
    assert [one.code for one in explanations] == list(note.codes)
    for one in explanations:
        assert len(one.offsets) == len(one.weights) > 10
        assert (one.offsets[:, 0] < one.offsets[:, 1]).all()
        assert one.offsets.max() <= len(note.text)
        covered = "".join(note.text[begin:end] for begin, end in one.offsets)
        assert covered.replace(" ", "") == note.text.strip().replace(" ", "")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["head=pooled"], "head pooled needs a note in one piece"),
        (["head=toy-max", "head.pooling=mean"], "head.pooling does not apply to head 'toy-max'"),
        (["reading=whole", "reading.segment_tokens=4"], "does not apply to reading 'whole'"),
        (["head=toy-mx"], "did you mean toy-max"),
        (["adapter=lorra"], "there is no adapter 'lorra'; did you mean lora"),
        (["head.kind=foo"], "there is no head 'foo'"),
        (["head.kind=foo", "head.pooling=mean"], "there is no head 'foo'"),
        (["encoder.kind=smal"], "there is no encoder 'smal'; did you mean small"),
        (["head={kind: [a]}"], "there is no head"),
        (["head.kind=pooled"], "head.scale does not apply to head 'pooled'"),
        (["encoder="], "encoder"),
        (["adapter={}"], "adapter has no kind"),
        (["head={kind: pooled, start: titles, pooling: cls}"], "start=titles needs pooling=mean"),
        (["small.layers=2"], "encoder.layers=2"),
        (["head_from_titles=true"], "head.start=titles"),
        (["dropout=0.1"], "encoder.dropout, head.dropout"),
        (["max_tokens=64"], "Did you mean reading.max_tokens"),
        (["encoder=null"], "encoder is missing"),
        (["loss.rare_weight=many"], "loss.rare_weight"),
    ],
)
def test_incompatible_choices_are_refused_when_the_recipe_is_read(settings: list[str], words: str) -> None:
    with pytest.raises(RecipeError, match=words):
        recipe_with(*settings)


def test_a_segment_longer_than_the_context_is_refused(little_corpus: Corpus, tmp_path: Path) -> None:
    recipe = recipe_with("encoder=clem-small", "reading.segment_tokens=9000")
    with pytest.raises(
        ModelError, match=r"reads 8192 tokens, asked for 9000\. Set reading\.segment_tokens=8192"
    ):
        train(recipe, little_corpus, tmp_path / "run")
