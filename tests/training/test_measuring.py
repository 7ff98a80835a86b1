"""Steps are measured in the Trainer that trains, on exactly the batches that are asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from clem_icd.corpus import Corpus
from clem_icd.progress import Silent
from clem_icd.training import NeuralRecipe
from clem_icd.training.fit import prepare_fit
from clem_icd.training.measuring import measure_steps


def snapshot(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("every", [1, None])
def test_a_step_is_made_for_each_batch_and_nothing_else(
    little_corpus: Corpus, little_recipe: NeuralRecipe, tmp_path: Path, every: int | None
) -> None:
    changes = {"gradient_accumulation": 4, "checkpoint_steps": every, "log_steps": 1}
    training = little_recipe.training.model_copy(update=changes)
    recipe = little_recipe.model_copy(update={"training": training})
    trainer = prepare_fit(recipe, little_corpus, tmp_path, Silent())
    files = snapshot(tmp_path)
    seen: list[int] = []
    collate = trainer.data_collator

    def recording(items: Any) -> Any:
        seen.append(len(items))
        return collate(items)

    trainer.data_collator = recording
    before = {name: one.detach().clone() for name, one in trainer.model.named_parameters()}  # type: ignore[union-attr]
    advanced: list[None] = []
    costs = measure_steps(trainer, [[0, 1], [2, 3, 4], [5]], lambda: advanced.append(None))
    again = measure_steps(trainer, [[6, 7, 8, 9]], lambda: advanced.append(None))
    assert seen == [2, 3, 1, 4]
    assert (len(costs), len(again), len(advanced)) == (3, 1, 4)
    assert all(0 < one.update_seconds < one.seconds for one in (*costs, *again))
    after = dict(trainer.model.named_parameters())  # type: ignore[union-attr]
    assert any(not torch.equal(before[name], after[name]) for name in before)
    assert not any("eval_loss" in row or "loss" in row for row in trainer.state.log_history)
    assert snapshot(tmp_path) == files
