"""Training by levels: when levels begin, which checkpoint is selected, and resuming across a level."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import TrainerControl, TrainerState, TrainingArguments

from clem_icd.corpus import Corpus, Note, corpus_writer
from clem_icd.errors import ModelError, RecipeError
from clem_icd.icd import Code, CodeSystem, default_codebook
from clem_icd.modeling import NeuralSystem
from clem_icd.modeling.heads.label_tree_attention import LabelTreeAttention
from clem_icd.progress import Silent
from clem_icd.runs.checkpoints import last_checkpoint
from clem_icd.runs.layout import RunLayout
from clem_icd.training import NeuralRecipe, fit, notes_trainer, plan_training, read_recipe, train
from clem_icd.training.alarm import CollapseAlarm
from clem_icd.training.validation import validation_metrics
from support import LITTLE_SETTINGS
from training.interrupting import Interrupting

# 10 steps per epoch: levels begin after 10, 20 and 30 steps.
LEVELS = [
    *LITTLE_SETTINGS,
    "head={kind: label-tree-attention, level_epochs: [1, 1, 1], dropout: 0.1}",
    "training.epochs=4",
]


def recipe_with(*settings: str) -> NeuralRecipe:
    recipe = read_recipe("clem-icd-small", [*LEVELS, *settings])
    assert isinstance(recipe, NeuralRecipe)
    return recipe


def fitted(recipe: NeuralRecipe, corpus: Corpus, run: Path, observer: Silent | None = None) -> NeuralSystem:
    run.mkdir(exist_ok=True)
    return fit.fit_neural(recipe, corpus, run, observer or Silent())


def evaluations(run: Path) -> list[dict[str, Any]]:
    rows = json.loads((run / "history.json").read_text(encoding="utf-8"))
    return [row for row in rows if "eval_map" in row]


@pytest.fixture(scope="module")
def whole(little_corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, NeuralSystem]:
    """A run with a checkpoint in the middle and at the end of each level."""
    run = tmp_path_factory.mktemp("levels") / "whole"
    return run, fitted(recipe_with("training.checkpoint_steps=5"), little_corpus, run)


def test_codes_are_learned_below_their_ancestors(whole: tuple[Path, NeuralSystem]) -> None:
    run, system = whole
    rows = evaluations(run)
    assert int(system.model.get_buffer("head.level")) == 3
    assert rows[0]["eval_candidate_recall"] == 1, "all chapters are candidates"
    assert rows[0]["eval_candidates_per_note"] == 6
    assert rows[-1]["eval_map"] > rows[0]["eval_map"] + 0.1
    assert 0.5 < rows[-1]["eval_candidate_recall"] <= 1
    assert rows[-1]["eval_candidates_per_note"] < 6


def test_each_level_begins_with_a_new_state_of_the_optimizer(whole: tuple[Path, NeuralSystem]) -> None:
    last = RunLayout(whole[0]).checkpoints / "checkpoint-40" / "optimizer.pt"
    states = torch.load(last, weights_only=True)["state"].values()
    assert {int(state["step"]) for state in states} == {10}, "the codes have learned for 10 steps"


# Checkpoints are at every fifth step. From that of step 5, a resumed run goes on with a level, and begins all
# others; from that of step 10, it begins a level again; in that of step 25, the level has begun.
@pytest.mark.parametrize(("steps", "again"), [(7, []), (13, ["block"]), (28, [])])
def test_a_run_resumes_to_the_same_weights_across_levels(
    whole: tuple[Path, NeuralSystem], little_corpus: Corpus, tmp_path: Path, steps: int, again: list[str]
) -> None:
    recipe = recipe_with("training.checkpoint_steps=5")
    interrupted, resumed = Interrupting(steps), Interrupting(100)
    with pytest.raises(KeyboardInterrupt):
        fitted(recipe, little_corpus, tmp_path, interrupted)
    weights = fitted(recipe, little_corpus, tmp_path, resumed).model.state_dict()
    expected = whole[1].model.state_dict()
    assert all(torch.equal(weights[name], expected[name]) for name in expected)
    levels = [line.split()[4] for line in [*interrupted.lines, *resumed.lines] if "level" in line]
    assert levels == ["block", *again, "category", "code"]


def test_no_checkpoint_is_selected_before_the_codes_are_learned(
    little_corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    metrics = validation_metrics
    falling = iter(range(100, 0, -10))

    def worse_and_worse(*arguments: Any) -> dict[str, float]:
        return {**metrics(*arguments), "map": next(falling)}

    monkeypatch.setattr(notes_trainer, "validation_metrics", worse_and_worse)
    system = fitted(recipe_with("training.patience=1", "training.epochs=9"), little_corpus, tmp_path)
    last = last_checkpoint(RunLayout(tmp_path).checkpoints, print)
    # The first epoch of the codes is the best from there on, and patience begins to count after it.
    assert last is not None
    assert (last.best_step, last.step) == (40, 50)
    assert int(system.model.get_buffer("head.level")) == 3


@pytest.mark.parametrize(("epoch", "lines"), [(3.0, 0), (3.1, 1)])
def test_no_collapse_is_reported_before_the_codes_are_learned(
    listener: Any, tmp_path: Path, epoch: float, lines: int
) -> None:
    alarm = CollapseAlarm(recipe_with(), 6, listener)
    signs = {"micro_f1_over_constant": 0.0, "micro_f1_tuned": 0.3, "code_overlap": 1.0, "distinct_codes": 2.0}
    alarm.on_evaluate(
        TrainingArguments(str(tmp_path), use_cpu=True),
        TrainerState(epoch=epoch, global_step=30, max_steps=40),
        TrainerControl(),
        metrics={f"eval_{name}": value for name, value in signs.items()},
    )
    assert len(listener.lines) == lines


def test_a_plan_measures_steps_that_train_all_levels(
    little_corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    levels = set()
    forward = LabelTreeAttention.forward

    def recorded(module: LabelTreeAttention, *arguments: Any) -> torch.Tensor:
        levels.add(int(module.level))
        return forward(module, *arguments)

    monkeypatch.setattr(LabelTreeAttention, "forward", recorded)
    plan_training(recipe_with(), little_corpus, tmp_path / "run")
    assert levels == {3}


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["training.epochs=3"], "training.epochs is 3, but head label-tree-attention takes 3 epochs before"),
        (["head.level_epochs=[0, 1, 1]"], "head.level_epochs.0: .* greater than 0"),
        (["head.level_epochs=[1, 1]"], "head.level_epochs"),
        (["head.candidate_threshold=1"], "head.candidate_threshold: .* less than 1"),
        (["head.start=titles"], "head.start does not apply to head 'label-tree-attention'"),
        (["head=label-attention", "head.level_epochs=[1, 1, 1]"], "a field of head label-tree-attention"),
    ],
)
def test_settings_that_do_not_fit_are_refused(settings: list[str], words: str) -> None:
    with pytest.raises(RecipeError, match=words):
        recipe_with(*settings)


def test_a_corpus_without_a_hierarchy_is_refused_before_a_note_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = [Code(value, CodeSystem.CPT) for value in ("99213", "99291")]
    with corpus_writer(
        tmp_path / "cpt", name="cpt", source="test", options={}, inputs=[], codebook=default_codebook()
    ) as writer:
        for split in ("train", "validation"):
            writer.write(split, [Note(f"{split}{row}", "a visit", (code,)) for row, code in enumerate(codes)])
    corpus = Corpus.open(tmp_path / "cpt")
    monkeypatch.setattr(Corpus, "texts", lambda *_: pytest.fail("a note was read"))
    with pytest.raises(ModelError, match="needs a hierarchy, but none of the 2 codes"):
        train(recipe_with(), corpus, tmp_path / "run")
    with pytest.raises(ModelError, match="needs a hierarchy, but none of the 2 codes"):
        plan_training(recipe_with(), corpus, tmp_path / "run")
    assert not (tmp_path / "run").exists()
