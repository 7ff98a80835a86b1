"""A plan measures real steps, adds up an epoch, and suggests only what it has measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from clem_icd.corpus import Corpus
from clem_icd.errors import CorpusError, RecipeError
from clem_icd.runs.points import Point
from clem_icd.runs.stopping import Stopped, stopping_on_sigterm
from clem_icd.training import (
    NeuralRecipe,
    TrainingPlan,
    plan_training,
    read_recipe,
    require_steps,
    train,
    trials,
)
from clem_icd.training.batching import Batching, epoch_batches, longest_batch, padded_tokens
from clem_icd.training.measuring import StepCost, measure_steps
from clem_icd.training.r_drop import divergence
from clem_icd.training.trials import BatchCost, epoch_seconds, expected_peak
from fixtures.stopping import sigterm_at
from support import LITTLE_SETTINGS, write_little_corpus

Plan = Callable[..., TrainingPlan]

GIGABYTE = 10**9

# The share of the memory that a step may take.
USABLE = {"cuda": 0.9, "cpu": 0.45}


def recipe_of(*settings: str) -> NeuralRecipe:
    recipe = read_recipe("clem-icd-small", [*LITTLE_SETTINGS, *settings])
    assert isinstance(recipe, NeuralRecipe)
    return recipe


def cost(padded: int, seconds: float, update: float = 0.0) -> BatchCost:
    return BatchCost("some", 4, padded, padded, StepCost(seconds, update, 0))


def test_real_steps_are_measured_and_nothing_is_written(
    little_corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    found = plan_training(recipe_of("training.checkpoint_steps=6"), little_corpus, tmp_path / "new" / "run")
    assert list(tmp_path.iterdir()) == []
    assert (found.notes, found.labels, found.steps_per_epoch, found.epochs) == (80, 6, 10, 3)
    assert found.evaluations == 5
    assert found.own.fits
    assert [one.batch for one in found.own.batches] == ["short", "median", "long", "longest"]
    tokens = [one.padded_tokens for one in found.own.batches]
    assert tokens == sorted(tokens)
    for one in found.own.batches:
        assert one.tokens <= one.padded_tokens
        assert 0 < one.step.update_seconds < one.step.seconds < 60
        assert 10**8 < one.step.peak_bytes < found.available_bytes
    assert found.tokens > 1000
    assert found.evaluation_seconds is not None
    assert found.own.epoch_seconds is not None
    least = 3 * found.own.epoch_seconds + 5 * found.evaluation_seconds
    total = found.seconds(found.own)
    assert total is not None
    assert total > least


def test_synthetic_notes_and_r_drop_are_part_of_the_measured_steps(
    little_corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = []

    def counted(*passes: torch.Tensor) -> torch.Tensor:
        compared.append(passes)
        return divergence(*passes)

    monkeypatch.setattr("clem_icd.training.objective.divergence", counted)
    recipe = recipe_of("training.synthetic_notes={}", "training.r_drop={}", "head.dropout=0.1")
    found = plan_training(recipe, little_corpus, tmp_path / "run")
    assert found.own.fits
    assert len(compared) >= len(found.own.batches)


def test_the_size_of_a_checkpoint_is_that_of_a_real_one(little_corpus: Corpus, tmp_path: Path) -> None:
    with sigterm_at(Point.TRAINING_STEP, 0), pytest.raises(Stopped), stopping_on_sigterm():
        train(recipe_of(), little_corpus, tmp_path / "run")
    files = [
        tmp_path / "run/checkpoints/checkpoint-1" / name for name in ("model.safetensors", "optimizer.pt")
    ]
    size = sum(file.stat().st_size for file in files)
    found = plan_training(recipe_of("seeds=2"), little_corpus, tmp_path / "run")
    assert found.checkpoint_bytes == pytest.approx(size, rel=0.15)
    assert found.disk_bytes > 3 * found.checkpoint_bytes


@pytest.fixture
def plan(little_corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """Plan on an invented machine, where memory and time are linear in the padded tokens of a batch."""

    def invented(*settings: str, memory: int, device: str = "cpu") -> TrainingPlan:
        def measure(
            trainer: Any, batches: Sequence[list[int]], advance: Callable[[], None]
        ) -> list[StepCost]:
            costs = []
            for batch in batches:
                advance()
                padded = padded_tokens(trainer.train_dataset.lengths, batch)
                each = 0.2 if trainer.args.activation_checkpointing else 1.0
                peak = int(GIGABYTE + 1e6 * padded * each)
                if device == "cuda" and peak > memory:
                    raise torch.OutOfMemoryError
                assert peak <= memory, "the kernel would have killed this process"
                costs.append(StepCost(0.1 + 0.001 * padded / each, 0.05, peak))
            return costs

        monkeypatch.setattr(trials, "measure_steps", measure)
        monkeypatch.setattr(trials, "available_bytes", lambda _: memory)
        monkeypatch.setattr(trials, "forget_peak", lambda _: None)
        monkeypatch.setattr(trials, "peak_bytes", lambda _: GIGABYTE)
        monkeypatch.setattr(trials, "best_device", lambda: torch.device(device))
        return plan_training(recipe_of(*settings), little_corpus, tmp_path / "run")

    return invented


def test_settings_that_fit_are_kept(plan: Plan) -> None:
    found = plan(memory=10 * GIGABYTE)
    assert found.own.fits
    assert found.better is None
    lengths_of_longest = found.own.batches[-1].padded_tokens
    assert found.own.peak_bytes == GIGABYTE + 10**6 * lengths_of_longest


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_the_largest_batch_that_fits_is_suggested(plan: Plan, device: str) -> None:
    longest = plan(memory=10 * GIGABYTE).own.batches[-1].padded_tokens
    # Half the batch fits, the whole does not.
    found = plan(memory=int((GIGABYTE + 0.7 * 10**6 * longest) / USABLE[device]), device=device)
    assert not found.own.fits
    assert found.seconds(found.own) is None
    assert found.better is not None
    assert found.better.batching == Batching(4, 2, False)
    assert found.seconds(found.better) is not None
    assert found.evaluation_seconds is not None


def test_a_step_that_could_end_the_process_is_not_made(plan: Plan) -> None:
    """The invented machine refuses such a step."""
    short, median, *_ = (one.padded_tokens for one in plan(memory=10 * GIGABYTE).own.batches)
    found = plan(memory=int((GIGABYTE + 10**6 * (short + median) / 2) / USABLE["cpu"]))
    assert not found.own.fits
    assert [one.batch for one in found.own.batches] == ["short"]
    assert found.own.peak_bytes is None


def test_checkpointing_is_suggested_if_a_single_note_does_not_fit_otherwise(plan: Plan) -> None:
    longest = plan(memory=10 * GIGABYTE).own.batches[-1].padded_tokens
    found = plan(memory=int((GIGABYTE + 0.1 * 10**6 * longest) / USABLE["cuda"]), device="cuda")
    assert found.better is not None
    assert found.better.batching == Batching(1, 8, True)


def test_checkpointing_is_not_suggested_to_a_recipe_that_excludes_it(plan: Plan) -> None:
    settings = ("training.regularizer=input-gradient",)
    longest = plan(*settings, memory=10 * GIGABYTE).own.batches[-1].padded_tokens
    little = int((GIGABYTE + 0.1 * 10**6 * longest) / USABLE["cuda"])
    found = plan(*settings, memory=little, device="cuda")
    assert not found.own.fits
    assert found.better is None


def test_nothing_is_suggested_if_nothing_fits(plan: Plan) -> None:
    found = plan(memory=GIGABYTE, device="cuda")
    assert not found.own.fits
    assert found.own.batches == []
    assert found.own.peak_bytes is None
    assert found.better is None
    assert found.evaluation_seconds is None


def test_accumulated_batches_are_joined_if_that_fits_and_is_faster(plan: Plan) -> None:
    settings = ("training.batch_size=2", "training.gradient_accumulation=4")
    found = plan(*settings, memory=10 * GIGABYTE)
    assert found.steps_per_epoch == 10
    assert found.own.fits
    assert found.better is not None
    assert found.better.batching == Batching(8, 1, False)
    assert found.better.epoch_seconds is not None
    assert found.own.epoch_seconds is not None
    assert found.better.epoch_seconds < found.own.epoch_seconds


def test_checkpointing_is_left_out_if_that_fits_and_is_faster(plan: Plan) -> None:
    settings = ("training.gradient_checkpointing=true",)
    found = plan(*settings, memory=10 * GIGABYTE)
    assert found.own.batching == Batching(8, 1, True)
    assert found.better is not None
    assert found.better.batching == Batching(8, 1, False)
    longest = found.own.batches[-1].padded_tokens
    little = int((GIGABYTE + 0.5 * 10**6 * longest) / USABLE["cpu"])
    found = plan(*settings, memory=little)
    assert found.own.fits
    assert found.better is None


def test_without_checkpointing_batches_are_joined_as_far_as_they_fit(plan: Plan) -> None:
    settings = ("training.batch_size=2", "training.gradient_accumulation=4")
    found = plan(*settings, "training.gradient_checkpointing=true", memory=10 * GIGABYTE)
    assert found.better is not None
    assert found.better.batching == Batching(8, 1, False)


def test_only_trials_with_checkpointing_compute_layers_twice(
    little_corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = []

    def spied(trainer: Any, *others: Any) -> list[StepCost]:
        costs = measure_steps(trainer, *others)
        measured.append((trainer.args.activation_checkpointing, trainer.model.is_activation_checkpointing))
        return costs

    monkeypatch.setattr(trials, "measure_steps", spied)
    plan_training(recipe_of("training.gradient_checkpointing=true"), little_corpus, tmp_path / "run")
    assert set(measured) == {(True, True), (False, False)}


def test_the_linear_baseline_has_no_plan() -> None:
    with pytest.raises(RecipeError, match=r"nothing to plan.*Train it without --plan"):
        require_steps(read_recipe("linear"))
    with pytest.raises(RecipeError, match=r"six times.*Plan the recipe of `stacking` alone"):
        require_steps(read_recipe("lexicon-stacked"))


def test_a_corpus_that_cannot_be_trained_on_is_refused(tmp_path: Path) -> None:
    corpus = write_little_corpus(tmp_path / "corpus", sizes={"train": 9, "test": 9})
    with pytest.raises(CorpusError, match="no validation split"):
        plan_training(recipe_of(), corpus, tmp_path / "run")


def test_time_is_linear_between_measured_batches() -> None:
    costs = [cost(100, 1.0), cost(200, 3.0), cost(400, 4.0)]
    assert epoch_seconds(costs, [100, 150, 200, 300, 400], 1) == pytest.approx(1 + 2 + 3 + 3.5 + 4)
    assert epoch_seconds(costs[::-1], [50, 500], 1) == pytest.approx(1 + 4)


def test_accumulated_batches_share_an_update() -> None:
    costs = [cost(100, 1.0, update=0.25)]
    # Five batches in steps of two: three updates instead of five.
    assert epoch_seconds(costs, [100] * 5, 2) == pytest.approx(5 - 2 * 0.25)


def test_memory_is_expected_to_grow_with_the_batch() -> None:
    assert expected_peak([(100, 1000), (200, 2000)], 400) == pytest.approx(4000, abs=1)
    assert expected_peak([(100, 1000), (200, 2000)], 50) == pytest.approx(500, abs=1)
    assert expected_peak([(100, 2000), (200, 1000)], 400) == 2000
    assert expected_peak([(100, 1000), (100, 1100)], 400) is None
    assert expected_peak([], 400) is None


@pytest.mark.parametrize("notes", [200, 203, 5])
def test_no_epoch_has_a_longer_batch_than_the_longest(notes: int) -> None:
    lengths = np.random.default_rng(0).integers(3, 400, notes)
    longest = padded_tokens(lengths, longest_batch(lengths, 8))
    for seed in range(3):
        batches = epoch_batches(lengths, 8, seed)
        assert sorted(row for batch in batches for row in batch) == list(range(notes))
        tokens = [padded_tokens(lengths, batch) for batch in batches]
        assert tokens == sorted(tokens)
        # Of 203 notes, the longest ones are in the last batch, which has only three notes.
        assert tokens[-1] < longest if notes == 203 else tokens[-1] == longest


def test_other_settings_learn_from_as_many_notes_per_step() -> None:
    own = Batching(4, 3, False)
    assert list(own.smaller()) == [
        Batching(3, 4, False),
        Batching(2, 6, False),
        Batching(1, 12, False),
        Batching(1, 12, True),
    ]
    assert list(own.larger()) == [Batching(12, 1, False), Batching(6, 2, False)]
    assert {one.notes_per_step for one in (*own.smaller(), *own.larger())} == {12}
    assert list(Batching(1, 1, True).smaller()) == []
    assert Batching(4, 3, True).without_checkpointing() == own
