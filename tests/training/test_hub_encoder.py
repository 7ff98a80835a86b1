"""Runs that start from an encoder of the Hub: which commit they record, and that they keep to it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from transformers import Trainer

from clem_icd.corpus import Corpus
from clem_icd.errors import ModelError, RecipeError
from clem_icd.modeling import convert_encoder
from clem_icd.progress import Silent
from clem_icd.training import NeuralRecipe, read_recipe, train
from encoder_folders import publish, use_offline, write_pickled

pytestmark = pytest.mark.usefixtures("without_report")

FIRST, SECOND = "a" * 40, "b" * 40
NAME = "clinic/encoder"


def recipe_of(*settings: str) -> NeuralRecipe:
    recipe = read_recipe(
        "clem-icd",
        [
            f"encoder={NAME}",
            *settings,
            "reading.max_tokens=64",
            "training.epochs=2",
            "training.gradient_accumulation=1",
            "training.batch_size=16",
            "training.precision=fp32",
        ],
    )
    assert isinstance(recipe, NeuralRecipe)
    return recipe


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("encoder")
    convert_encoder(write_pickled(root / "pickled"), root / "encoder")
    return root / "encoder"


@pytest.fixture
def cache(encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    cache = use_offline(tmp_path / "hub", monkeypatch)
    publish(cache, NAME, encoder, FIRST, "main")
    return cache


def read(path: Path) -> Any:
    return json.loads(path.read_text())


def recorded(run: Path) -> list[Any]:
    """Return the encoder in environment.json, and its revision in clem.json."""
    about = read(run / "model" / "clem.json")
    revisions = [about[group]["encoder"]["revision"] for group in ("architecture", "recipe")]
    return [read(run / "environment.json")["encoder"], *revisions]


def test_a_run_records_the_commit_of_its_encoder(cache: Path, little_corpus: Corpus, tmp_path: Path) -> None:
    recipe = recipe_of("training.epochs=1")
    run = train(recipe, little_corpus, tmp_path / "run")
    assert recorded(run) == [{"name": NAME, "revision": None, "commit": FIRST}, FIRST, FIRST]
    assert read_recipe(str(run / "recipe.yaml")) == recipe


def test_a_resumed_run_keeps_to_the_commit_that_it_started_from(
    cache: Path, encoder: Path, little_corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe, out = recipe_of("encoder.revision=main"), tmp_path / "run"
    original, steps = Trainer.training_step, 0

    def interrupted(*arguments: Any, **others: Any) -> Any:
        nonlocal steps
        steps += 1
        if steps > 6:  # an epoch has five
            raise KeyboardInterrupt
        return original(*arguments, **others)

    with monkeypatch.context() as patched:
        patched.setattr(Trainer, "training_step", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train(recipe, little_corpus, out)
    publish(cache, NAME, encoder, SECOND, "main")
    shutil.rmtree(cache / "models--clinic--encoder" / "snapshots")
    train(recipe, little_corpus, out, resume=True)
    assert recorded(out) == [{"name": NAME, "revision": "main", "commit": FIRST}, FIRST, FIRST]


def test_a_run_from_a_folder_records_no_commit(encoder: Path, little_corpus: Corpus, tmp_path: Path) -> None:
    run = train(recipe_of(f"encoder.name={encoder}", "training.epochs=1"), little_corpus, tmp_path / "run")
    assert "encoder" not in read(run / "environment.json")
    assert read(run / "model" / "clem.json")["architecture"]["encoder"]["revision"] is None


def test_a_revision_of_a_folder_is_refused_before_notes_are_read(
    encoder: Path, little_corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(Corpus, "texts")
    monkeypatch.delattr(Corpus, "notes")
    monkeypatch.delattr(Corpus, "frame")
    recipe = recipe_of(f"encoder.name={encoder}", "encoder.revision=main")
    with pytest.raises(ModelError, match=r"encoder\.revision is 'main', but .* is not on the Hub"):
        train(recipe, little_corpus, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_commit_that_is_not_in_the_cache_leaves_no_run(
    cache: Path, little_corpus: Corpus, tmp_path: Path
) -> None:
    with pytest.raises(
        ModelError, match="revision 'absent' of the encoder 'clinic/encoder' is not in the Hub"
    ):
        train(recipe_of("encoder.revision=absent"), little_corpus, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_an_encoder_with_random_weights_has_no_revision() -> None:
    with pytest.raises(RecipeError, match=r"encoder\.revision does not apply to encoder 'small'"):
        read_recipe("clem-icd-small", ["encoder.revision=main"])


class Publishing(Silent):
    """Moves the main branch to the second commit when a seed begins."""

    def __init__(self, cache: Path, encoder: Path, seed: int) -> None:
        self._cache, self._encoder = cache, encoder
        self._begins = f"Seed {seed} "

    def say(self, line: str) -> None:
        if line.startswith(self._begins):
            publish(self._cache, NAME, self._encoder, SECOND, "main")


def test_all_seeds_start_from_the_commit_that_was_resolved_first(
    cache: Path, encoder: Path, little_corpus: Corpus, tmp_path: Path
) -> None:
    out, one_epoch = tmp_path / "runs", ("training.epochs=1", "encoder.revision=main")
    train(recipe_of("seeds=2", *one_epoch), little_corpus, out, observer=Publishing(cache, encoder, 2))
    train(recipe_of("seeds=3", *one_epoch), little_corpus, out, resume=True)
    for seed in range(3):
        assert recorded(out / f"seed-{seed}") == [
            {"name": NAME, "revision": "main", "commit": FIRST},
            FIRST,
            FIRST,
        ]
    other = train(recipe_of(*one_epoch), little_corpus, tmp_path / "other")
    assert recorded(other)[0]["commit"] == SECOND


def test_a_commit_that_is_not_in_the_cache_leaves_no_runs(
    cache: Path, little_corpus: Corpus, tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match="revision 'absent' of the encoder"):
        train(recipe_of("encoder.revision=absent", "seeds=2"), little_corpus, tmp_path / "runs")
    assert not (tmp_path / "runs").exists()
