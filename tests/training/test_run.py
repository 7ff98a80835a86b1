"""A small run: its files, its results, and what it refuses."""

from __future__ import annotations

import errno
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from safetensors import SafetensorError
from transformers import Trainer

from clem_icd.corpus import Corpus
from clem_icd.decisions import choose_rule, single_threshold
from clem_icd.errors import CorpusError, ModelError, OutputError, RunError
from clem_icd.modeling import load_model
from clem_icd.scores import Scores
from clem_icd.training import NeuralRecipe, RunFolder, read_recipe, train
from support import LITTLE_SETTINGS, write_little_corpus


@pytest.fixture(scope="module")
def run(little_corpus: Corpus, little_recipe: NeuralRecipe, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(little_recipe, little_corpus, tmp_path_factory.mktemp("run") / "neural")


def read(path: Path) -> Any:
    return json.loads(path.read_text())


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_run_has_all_its_files(run: Path) -> None:
    names = set(snapshot(run))
    assert names >= {
        "recipe.yaml",
        "environment.json",
        "history.json",
        "metrics.json",
        "metrics-validation.json",
        "model/clem.json",
        "model/model.safetensors",
        "scores/validation.parquet",
        "scores/test.parquet",
        "learning-curves.png",
        "report.html",
    }
    assert not any(name.startswith("checkpoints") for name in names)


def test_a_little_model_learns_the_little_corpus(run: Path) -> None:
    document = read(run / "metrics.json")
    assert document["split"] == "test"
    # Predicting every label for every note would give 0.57.
    assert document["metrics"]["micro_f1"] > 0.75


def test_the_history_shows_every_epoch(run: Path) -> None:
    rows = [row for row in read(run / "history.json") if "eval_loss" in row]
    assert [row["epoch"] for row in rows] == [1.0, 2.0, 3.0]
    assert {"eval_micro_f1", "eval_map", "eval_macro_f1_caml"} <= rows[0].keys()
    assert rows[-1]["eval_loss"] < rows[0]["eval_loss"]


def test_the_threshold_is_the_best_on_validation(run: Path, little_corpus: Corpus) -> None:
    scores = Scores.read(run / "scores" / "validation.parquet").of(little_corpus, "validation")
    targets = little_corpus.targets("validation")
    chosen = single_threshold(choose_rule("edin2024", targets, scores, little_corpus.train_counts()))
    assert read(run / "model" / "clem.json")["threshold"] == chosen == read(run / "metrics.json")["threshold"]


def test_the_model_gives_the_scores_of_the_run(run: Path, little_corpus: Corpus) -> None:
    system, _ = load_model(run / "model")
    found = np.stack([score.probabilities for score in system.score(little_corpus.texts("test"))])
    np.testing.assert_allclose(found, Scores.read(run / "scores" / "test.parquet").values, atol=1e-6)


def test_the_resolved_recipe_is_a_recipe(run: Path, little_recipe: NeuralRecipe) -> None:
    assert read_recipe(str(run / "recipe.yaml")) == little_recipe
    assert yaml.safe_load((run / "recipe.yaml").read_text())["training"]["epochs"] == 3


def test_no_note_text_is_in_a_run(run: Path, little_corpus: Corpus) -> None:
    phrases = [text[:40].encode() for text in little_corpus.texts("test")]
    for name, content in snapshot(run).items():
        assert not any(phrase in content for phrase in phrases), name


def test_resuming_a_finished_run_changes_nothing(
    run: Path, little_corpus: Corpus, little_recipe: NeuralRecipe
) -> None:
    before = snapshot(run)
    train(little_recipe, little_corpus, run, resume=True)
    assert snapshot(run) == before


def test_a_run_is_not_overwritten_without_force(
    run: Path, little_corpus: Corpus, little_recipe: NeuralRecipe
) -> None:
    before = snapshot(run)
    with pytest.raises(OutputError, match="--force"):
        train(little_recipe, little_corpus, run)
    assert snapshot(run) == before


def test_another_recipe_does_not_resume_a_run(run: Path, little_corpus: Corpus) -> None:
    other = read_recipe(str(run / "recipe.yaml"), ["training.learning_rate=0.5", "seed=3"])
    with pytest.raises(RunError, match=r"seed, training\.learning_rate changed"):
        train(other, little_corpus, run, resume=True)


def test_another_corpus_does_not_resume_a_run(run: Path, little_recipe: NeuralRecipe, tmp_path: Path) -> None:
    other = write_little_corpus(tmp_path / "other", sizes={"train": 30, "validation": 10})
    with pytest.raises(RunError, match="another corpus"):
        train(little_recipe, other, run, resume=True)


@pytest.mark.usefixtures("without_report")
def test_a_run_of_an_earlier_format_is_not_resumed(
    run: Path, little_corpus: Corpus, little_recipe: NeuralRecipe, tmp_path: Path
) -> None:
    old = Path(shutil.copytree(run, tmp_path / "old"))
    (old / "run.json").write_text(json.dumps(read(old / "run.json") | {"format_version": 1}))
    before = snapshot(old)
    message = r"has format 'clem-icd/run' version 1, expected 'clem-icd/run' version 2.*--force"
    with pytest.raises(RunError, match=message) as caught:
        train(little_recipe, little_corpus, old, resume=True)
    assert caught.value.path == old / "run.json"
    assert snapshot(old) == before
    train(read_recipe("linear"), little_corpus, old, force=True)
    assert read(old / "run.json")["format_version"] == 2


@pytest.mark.usefixtures("without_report")
def test_the_same_seed_gives_the_same_weights(
    run: Path, little_corpus: Corpus, little_recipe: NeuralRecipe, tmp_path: Path
) -> None:
    train(little_recipe, little_corpus, tmp_path / "again")
    weights = "model/model.safetensors"
    assert (tmp_path / "again" / weights).read_bytes() == (run / weights).read_bytes()


def test_the_linear_baseline_has_the_files_of_a_run(little_corpus: Corpus, tmp_path: Path) -> None:
    run = train(read_recipe("linear"), little_corpus, tmp_path / "linear")
    assert read(run / "metrics.json")["metrics"]["micro_f1"] > 0.75
    assert {"model/linear.safetensors", "scores/test.parquet", "report.html"} <= set(snapshot(run))


@pytest.mark.usefixtures("without_report")
def test_without_a_test_split_the_metrics_are_those_of_validation(tmp_path: Path) -> None:
    corpus = write_little_corpus(tmp_path / "corpus", sizes={"train": 40, "validation": 15})
    run = train(read_recipe("linear"), corpus, tmp_path / "run")
    assert read(run / "metrics.json")["split"] == "validation"


def test_without_a_validation_split_nothing_is_trained(little_recipe: NeuralRecipe, tmp_path: Path) -> None:
    corpus = write_little_corpus(tmp_path / "corpus", sizes={"train": 40, "test": 15})
    with pytest.raises(CorpusError, match="no validation split"):
        train(little_recipe, corpus, tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.usefixtures("without_report")
def test_early_stopping_keeps_the_best_epoch(little_corpus: Corpus, tmp_path: Path) -> None:
    recipe = read_recipe(
        "clem-icd-small",
        [
            *LITTLE_SETTINGS,
            "training.learning_rate=3.0",
            "training.epochs=30",
            "training.patience=1",
        ],
    )
    run = train(recipe, little_corpus, tmp_path / "run")
    rows = [row for row in read(run / "history.json") if "eval_loss" in row]
    assert len(rows) < 30
    best = max(row["eval_map"] for row in rows)
    assert read(run / "metrics-validation.json")["metrics"]["map"] == pytest.approx(best, abs=1e-6)


@pytest.mark.usefixtures("without_report")
def test_tensorboard_events_are_written_on_request(
    little_corpus: Corpus, little_recipe: NeuralRecipe, tmp_path: Path
) -> None:
    recipe = little_recipe.model_copy(
        update={
            "training": little_recipe.training.model_copy(update={"report_to": ["tensorboard"], "epochs": 1})
        }
    )
    run = train(recipe, little_corpus, tmp_path / "run")
    assert list((run / "tensorboard").rglob("events.out.tfevents.*"))


def test_a_run_that_fails_before_a_checkpoint_leaves_nothing(little_corpus: Corpus, tmp_path: Path) -> None:
    recipe = read_recipe("clem-icd-small", [*LITTLE_SETTINGS, "encoder=./no-such-folder"])
    with pytest.raises(ModelError, match="no such encoder folder"):
        train(recipe, little_corpus, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_several_processes_without_a_launcher_are_refused(
    little_corpus: Corpus, little_recipe: NeuralRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.delenv("RANK", raising=False)
    with pytest.raises(RunError, match=r"RANK is not set, .* Start the run with torchrun"):
        train(little_recipe, little_corpus, tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.usefixtures("without_report")
def test_a_run_is_replaced_only_by_a_finished_one(
    little_corpus: Corpus, little_recipe: NeuralRecipe, tmp_path: Path
) -> None:
    run = train(read_recipe("linear"), little_corpus, tmp_path / "run")
    before = snapshot(run)
    broken = read_recipe("clem-icd-small", [*LITTLE_SETTINGS, "encoder=./no-such-folder"])
    with pytest.raises(ModelError):
        train(broken, little_corpus, run, force=True)
    assert snapshot(run) == before
    train(read_recipe("linear", ["training.min_notes=3"]), little_corpus, run, force=True)
    assert snapshot(run) != before
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


@pytest.mark.parametrize("place", [".", "run", ".."])
def test_a_run_never_replaces_a_corpus(tmp_path: Path, place: str) -> None:
    corpus = write_little_corpus(tmp_path / "corpus", sizes={"train": 40, "validation": 15})
    before = snapshot(tmp_path)
    with pytest.raises(OutputError, match="would overlap the corpus"):
        train(read_recipe("linear"), corpus, corpus.path / place, force=True)
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("seeds", [1, 2])
@pytest.mark.parametrize("place", [".", "model", "model/run"])
def test_a_run_never_replaces_the_encoder_that_it_starts_from(
    run: Path, little_corpus: Corpus, tmp_path: Path, place: str, seeds: int
) -> None:
    own = shutil.copytree(run, tmp_path / "run")
    settings = [*LITTLE_SETTINGS[5:], f"encoder={own / 'model'}", f"seeds={seeds}"]
    before = snapshot(tmp_path)
    with pytest.raises(OutputError, match="would overlap the encoder"):
        train(read_recipe("clem-icd-small", settings), little_corpus, own / place, force=True)
    assert snapshot(tmp_path) == before


def test_force_replaces_runs_and_nothing_else(little_corpus: Corpus, tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter-1.txt").write_text("mine")
    with pytest.raises(OutputError, match="something other than a run"):
        train(read_recipe("linear"), little_corpus, tmp_path / "thesis", force=True)
    assert (tmp_path / "thesis" / "chapter-1.txt").read_text() == "mine"


def test_two_processes_do_not_train_one_run(
    little_corpus: Corpus, little_recipe: NeuralRecipe, tmp_path: Path
) -> None:
    run = RunFolder.start(tmp_path / "run", little_recipe, little_corpus, resume=False, force=False)
    with run.locked(), pytest.raises(RunError, match="another process"):
        train(little_recipe, little_corpus, tmp_path / "run", resume=True)
    assert (tmp_path / "run" / "run.json").is_file()


@pytest.mark.parametrize(
    "error",
    [
        SafetensorError("I/O error: No space left on device (os error 28)"),
        RuntimeError("PytorchStreamWriter failed writing file data/3: file write failed"),
        OSError(errno.ENOSPC, "No space left on device"),
    ],
)
def test_a_full_disk_is_an_output_error(
    little_corpus: Corpus,
    little_recipe: NeuralRecipe,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
) -> None:
    def full(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(Trainer, "save_model", full)
    with pytest.raises(OutputError, match=r"the disk is full.*--resume"):
        train(little_recipe, little_corpus, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_min_notes_that_leaves_no_words_is_refused(little_corpus: Corpus, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"Lower training\.min_notes"):
        train(read_recipe("linear", ["training.min_notes=500"]), little_corpus, tmp_path / "run")
    assert not (tmp_path / "run").exists()
