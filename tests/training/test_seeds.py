"""Runs that differ only in their seed, and their common metrics."""

from __future__ import annotations

import json
import shutil
import statistics
from pathlib import Path
from typing import Any

import pytest

from clem_icd.corpus import Corpus
from clem_icd.errors import CorpusError, ModelError, OutputError, RecipeError, RunError
from clem_icd.locking import LOCK
from clem_icd.modeling import PooledHead
from clem_icd.progress import Silent
from clem_icd.training import NeuralRecipe, SeedsFolder, judge, read_recipe, train
from support import LITTLE_SETTINGS, write_little_corpus

SEEDS = (4, 5)
RESULTS = (
    "recipe.yaml",
    "metrics.json",
    "metrics-validation.json",
    "model/model.safetensors",
    "model/clem.json",
)


@pytest.fixture(scope="module")
def recipe() -> NeuralRecipe:
    quick = read_recipe("clem-icd-small", [*LITTLE_SETTINGS, "training.epochs=1"])
    assert isinstance(quick, NeuralRecipe)
    return quick


def with_seeds(recipe: NeuralRecipe, seeds: int, **fields: Any) -> NeuralRecipe:
    return recipe.model_copy(update={"seed": SEEDS[0], "seeds": seeds, **fields})


@pytest.fixture(scope="module")
def runs(little_corpus: Corpus, recipe: NeuralRecipe, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(with_seeds(recipe, 2), little_corpus, tmp_path_factory.mktemp("seeds") / "runs")


@pytest.fixture
def copied(runs: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(runs, tmp_path / "copied"))


def read(path: Path) -> Any:
    return json.loads(path.read_text())


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_run_of_a_seed_equals_a_run_with_that_seed_alone(
    runs: Path, little_corpus: Corpus, recipe: NeuralRecipe, tmp_path: Path
) -> None:
    alone = train(recipe.model_copy(update={"seed": 5}), little_corpus, tmp_path / "alone")
    for name in RESULTS:
        assert (runs / "seed-5" / name).read_bytes() == (alone / name).read_bytes(), name
    assert snapshot(runs / "seed-5").keys() == snapshot(alone).keys()


def test_the_common_metrics_summarise_those_of_the_runs(runs: Path) -> None:
    for name in ("metrics.json", "metrics-validation.json"):
        summary = read(runs / name)
        values = [read(runs / f"seed-{seed}" / name)["metrics"]["map"] for seed in SEEDS]
        assert values[0] != values[1]
        assert summary["seeds"] == list(SEEDS)
        assert summary["metrics"]["map"]["values"] == values
        assert summary["metrics"]["map"]["sd"] == pytest.approx(statistics.stdev(values))


def test_the_best_run_is_selected_on_validation(runs: Path) -> None:
    on_validation = {
        seed: read(runs / f"seed-{seed}" / "metrics-validation.json")["metrics"]["map"] for seed in SEEDS
    }
    seed = max(SEEDS, key=lambda seed: on_validation[seed])
    expected = {"seed": seed, "run": f"seed-{seed}", "metric": "map", "value": on_validation[seed]}
    assert read(runs / "seeds.json")["best_on_validation"] == expected
    assert read(runs / "metrics.json")["best_on_validation"] == expected


@pytest.mark.usefixtures("without_report")
def test_the_lowest_loss_is_best_if_loss_is_the_selection_metric(copied: Path, little_corpus: Corpus) -> None:
    state = read(copied / "seeds.json")
    state["recipe"]["training"]["selection_metric"] = "loss"
    (copied / "seeds.json").write_text(json.dumps(state))
    for seed, losses in zip(SEEDS, ([0.5, 0.6], [0.7, 0.4]), strict=True):
        rows = [{"epoch": 1, "loss": 0.1}, *({"epoch": 1, "eval_loss": loss} for loss in losses)]
        (copied / f"seed-{seed}" / "history.json").write_text(json.dumps(rows))
    judge(copied, little_corpus)
    best = read(copied / "metrics.json")["best_on_validation"]
    assert read(copied / "seeds.json")["best_on_validation"] == best
    assert best == {"seed": 5, "run": "seed-5", "metric": "loss", "value": 0.4}


def test_finished_runs_have_a_report_and_no_leftovers(runs: Path) -> None:
    names = {path.name for path in runs.iterdir()}
    assert names >= {"recipe.yaml", "seeds.json", "metrics.json", "report.html", "seed-4", "seed-5"}
    assert [path.name for path in runs.parent.iterdir()] == ["runs"]


def test_resuming_finished_runs_changes_nothing(
    runs: Path, little_corpus: Corpus, recipe: NeuralRecipe
) -> None:
    before = snapshot(runs)
    train(with_seeds(recipe, 2), little_corpus, runs, resume=True)
    assert snapshot(runs) == before
    with pytest.raises(OutputError, match="--force"):
        train(with_seeds(recipe, 2), little_corpus, runs)


def test_leftovers_of_a_killed_process_are_deleted(
    copied: Path, little_corpus: Corpus, recipe: NeuralRecipe
) -> None:
    (copied / ".partial-file.json").touch()
    (copied / ".partial-folder" / "inner").mkdir(parents=True)
    train(with_seeds(recipe, 2), little_corpus, copied, resume=True)
    assert [path.name for path in copied.iterdir() if path.name.startswith(".")] == [LOCK]


@pytest.mark.usefixtures("without_report")
def test_resuming_may_add_seeds(
    copied: Path, little_corpus: Corpus, recipe: NeuralRecipe, listener: Any
) -> None:
    before = {seed: snapshot(copied / f"seed-{seed}") for seed in SEEDS}

    train(with_seeds(recipe, 3), little_corpus, copied, resume=True, observer=listener)
    assert {seed: snapshot(copied / f"seed-{seed}") for seed in SEEDS} == before
    assert read(copied / "metrics.json")["seeds"] == [4, 5, 6]
    assert read_recipe(str(copied / "recipe.yaml")) == with_seeds(recipe, 3)
    assert "Training (seed 3 of 3)" in listener.tasks
    assert "Seed 3 of 3, in seed-6" in listener.lines
    with pytest.raises(RunError, match=r"has 3 seeds, but the recipe asks for 2"):
        train(with_seeds(recipe, 2), little_corpus, copied, resume=True)


def test_one_seed_and_several_do_not_resume_each_other(
    runs: Path, little_corpus: Corpus, recipe: NeuralRecipe
) -> None:
    one, several = "a run with one seed", "runs with several seeds"
    for seeds, place, found, expected in ((1, runs, several, one), (2, runs / "seed-4", one, several)):
        before = snapshot(place)
        with pytest.raises(RunError, match=f"holds {found}, expected {expected}"):
            train(with_seeds(recipe, seeds), little_corpus, place, resume=True)
        assert snapshot(place) == before


def test_another_recipe_or_first_seed_does_not_resume(
    runs: Path, little_corpus: Corpus, recipe: NeuralRecipe
) -> None:
    other = with_seeds(recipe, 3, seed=1, head=PooledHead(dropout=0.5, prior_bias=True))
    with pytest.raises(RunError, match=r"another recipe: head\.dropout, seed changed"):
        train(other, little_corpus, runs, resume=True)


def test_runs_that_fail_before_a_checkpoint_replace_nothing(
    copied: Path, little_corpus: Corpus, recipe: NeuralRecipe, tmp_path: Path
) -> None:
    before = snapshot(copied)
    broken = with_seeds(recipe, 2, encoder="./no-such-folder")
    with pytest.raises(ModelError):
        train(broken, little_corpus, copied, force=True)
    assert snapshot(copied) == before
    assert [path.name for path in tmp_path.iterdir()] == ["copied"]


@pytest.mark.usefixtures("without_report")
def test_one_seed_and_several_replace_each_other_with_force(
    copied: Path, little_corpus: Corpus, recipe: NeuralRecipe
) -> None:
    train(with_seeds(recipe, 1), little_corpus, copied, force=True)
    assert not (copied / "seeds.json").exists()
    train(with_seeds(recipe, 2), little_corpus, copied, force=True)
    assert not (copied / "run.json").exists()
    assert [path.name for path in copied.parent.iterdir()] == ["copied"]


@pytest.mark.usefixtures("without_report")
def test_a_failure_in_a_later_run_keeps_the_earlier_ones(
    little_corpus: Corpus, recipe: NeuralRecipe, tmp_path: Path
) -> None:
    class Interrupted(Silent):
        def say(self, line: str) -> None:
            if line == "Seed 2 of 2, in seed-5":
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(with_seeds(recipe, 2), little_corpus, tmp_path / "runs", observer=Interrupted())
    assert read(tmp_path / "runs" / "seed-4" / "run.json")["ended"]
    assert not read(tmp_path / "runs" / "seeds.json")["ended"]


def test_two_processes_do_not_train_the_same_seeds(
    copied: Path, little_corpus: Corpus, recipe: NeuralRecipe
) -> None:
    with SeedsFolder(copied).locked(), pytest.raises(RunError, match="another process"):
        train(with_seeds(recipe, 3), little_corpus, copied, resume=True)
    assert read(copied / "seeds.json")["recipe"]["seeds"] == 2


def test_without_a_validation_split_nothing_is_made(recipe: NeuralRecipe, tmp_path: Path) -> None:
    corpus = write_little_corpus(tmp_path / "corpus", sizes={"train": 40, "test": 15})
    with pytest.raises(CorpusError, match="no validation split"):
        train(with_seeds(recipe, 2), corpus, tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("place", [Path(), Path("seed-4")])
def test_reevaluating_changes_nothing(runs: Path, little_corpus: Corpus, tmp_path: Path, place: Path) -> None:
    # Of the same name, which is the title of the report.
    copied = Path(shutil.copytree(runs, tmp_path / runs.name))
    before = snapshot(copied)
    assert judge(copied / place, little_corpus) == copied / place
    assert snapshot(copied) == before


def test_reevaluating_uses_the_scores_and_the_threshold_on_disk(copied: Path, little_corpus: Corpus) -> None:
    run = copied / "seed-4"
    before = read(run / "metrics.json")
    about = read(run / "model" / "clem.json")
    about["threshold"] = 0.999
    (run / "model" / "clem.json").write_text(json.dumps(about))
    for name in ("metrics.json", "metrics-validation.json", "report.html"):
        (run / name).unlink()
    judge(run, little_corpus)
    found = read(run / "metrics.json")
    assert found["threshold"] == 0.999
    assert found["metrics"]["micro_recall"] < before["metrics"]["micro_recall"]
    assert found["metrics"]["map"] == before["metrics"]["map"]
    assert read(run / "model" / "clem.json")["metrics"]["test"] == found["metrics"]
    assert (run / "report.html").is_file()


def test_an_unfinished_run_or_another_corpus_is_not_reevaluated(
    copied: Path, little_corpus: Corpus, tmp_path: Path
) -> None:
    other = write_little_corpus(tmp_path / "other", sizes={"train": 30, "validation": 10})
    for place, state in ((copied, "seeds.json"), (copied / "seed-5", "run.json")):
        with pytest.raises(RunError, match="another corpus"):
            judge(place, other)
        (place / state).write_text(json.dumps(read(place / state) | {"ended": False}))
        with pytest.raises(RunError, match="is not finished"):
            judge(place, little_corpus)
    with pytest.raises(RunError, match="no such file"):
        judge(tmp_path, little_corpus)


def test_a_stored_recipe_without_a_new_field_can_be_resumed(
    copied: Path, little_corpus: Corpus, recipe: NeuralRecipe
) -> None:
    run = copied / "seed-4"
    state = read(run / "run.json")
    del state["recipe"]["seeds"]
    (run / "run.json").write_text(json.dumps(state))
    before = snapshot(run)
    train(with_seeds(recipe, 1), little_corpus, run, resume=True)
    assert snapshot(run) == before


@pytest.mark.parametrize("key", ["seed", "seeds"])
def test_the_linear_baseline_refuses_a_seed(key: str, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=rf"no key '{key}'.*no randomness"):
        read_recipe("linear", [f"{key}=5"])
    (tmp_path / "mine.yaml").write_text(f"system: linear\n{key}: 5\n")
    with pytest.raises(RecipeError, match=rf"no key '{key}'.*no randomness"):
        read_recipe(str(tmp_path / "mine.yaml"))


def test_fewer_than_one_seed_is_refused() -> None:
    with pytest.raises(RecipeError, match=r"seeds: .*greater than or equal to 1"):
        read_recipe("clem-icd-small", ["seeds=0"])
