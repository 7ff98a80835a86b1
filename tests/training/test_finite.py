"""Numbers that are NaN or infinite end training with one clear error, and never reach a checkpoint."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from clem_icd.corpus import Corpus
from clem_icd.errors import ModelError, RunError
from clem_icd.modeling.assembly import build
from clem_icd.modeling.losses import BinaryCrossEntropy
from clem_icd.progress import Silent
from clem_icd.runs.checkpoints import last_checkpoint, mark_complete
from clem_icd.training import NeuralRecipe, read_recipe, train
from clem_icd.training.finite import require_finite
from clem_icd.training.fit import fit_neural
from clem_icd.training.notes_trainer import NotesTrainer
from clem_icd.training.trainer import training_arguments
from support import LITTLE_SETTINGS, write_little_corpus

pytestmark = pytest.mark.usefixtures("without_report")

RECIPE = NeuralRecipe.model_validate(
    read_recipe("clem-icd-small", [*LITTLE_SETTINGS, "training.epochs=2"]).model_dump()
)

Change = Callable[[torch.Tensor], torch.Tensor]
Diverge = Callable[[int, Change], None]


class InfiniteGradient(torch.autograd.Function):
    """Leaves a value unchanged; its gradient is infinite."""

    @staticmethod
    def forward(context: Any, value: torch.Tensor) -> torch.Tensor:
        return value.clone()

    @staticmethod
    def backward(context: Any, *gradients: torch.Tensor) -> torch.Tensor:
        return torch.full_like(gradients[0], torch.inf)


@pytest.fixture
def diverge(monkeypatch: pytest.MonkeyPatch) -> Diverge:
    """Change the loss of a training step, counted from 1 in this process."""

    def at(step: int, change: Change) -> None:
        taken = iter(range(1, 1000))

        def function(self: BinaryCrossEntropy, counts: np.ndarray) -> Any:
            def loss(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
                value = torch.nn.functional.binary_cross_entropy_with_logits(logits, targets)
                return change(value) if torch.is_grad_enabled() and next(taken) == step else value

            return loss

        monkeypatch.setattr(BinaryCrossEntropy, "function", function)

    return at


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """A corpus whose epochs have two steps; a run has two of them, and a checkpoint after each."""
    return write_little_corpus(
        tmp_path_factory.mktemp("finite") / "corpus", sizes={"train": 16, "validation": 8}
    )


def last_step(run: Path) -> int:
    """Return the step of the last checkpoint; it has no weights that are NaN or infinite."""
    kept = last_checkpoint(run / "checkpoints", print)
    assert kept is not None
    weights = load_file(kept.path / "model.safetensors")
    assert all(torch.isfinite(weight).all() for weight in weights.values())
    return kept.step


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda loss: loss * torch.nan, "the training loss is NaN"),
        (lambda loss: loss * torch.inf, "the training loss is infinite"),
        (InfiniteGradient.apply, "the gradient is (NaN|infinite)"),
    ],
)
def test_divergence_names_what_and_the_step_and_keeps_the_checkpoint(
    corpus: Corpus, tmp_path: Path, diverge: Diverge, change: Change, found: str
) -> None:
    diverge(3, change)
    message = (
        f"training has diverged: {found} at step 3; the checkpoint of step 2 is kept. "
        "Train into another folder with a lower training.learning_rate or a longer warm-up"
    )
    with pytest.raises(RunError, match=message):
        train(RECIPE, corpus, tmp_path / "run")
    assert last_step(tmp_path / "run") == 2


def test_a_run_that_diverged_resumes_from_before(corpus: Corpus, tmp_path: Path, diverge: Diverge) -> None:
    def weights(name: str) -> bytes:
        (tmp_path / name).mkdir(exist_ok=True)
        fit_neural(RECIPE, corpus, tmp_path / name, Silent())
        return (tmp_path / name / "checkpoints" / "checkpoint-4" / "model.safetensors").read_bytes()

    diverge(0, torch.clone)
    whole = weights("whole")
    diverge(3, lambda loss: loss * torch.nan)
    with pytest.raises(RunError, match="NaN at step 3"):
        weights("run")
    # Where the cause persists, so does the error.
    diverge(1, lambda loss: loss * torch.nan)
    with pytest.raises(RunError, match="NaN at step 3"):
        weights("run")
    diverge(0, torch.clone)
    assert weights("run") == whole


def test_divergence_before_a_checkpoint_leaves_nothing(
    corpus: Corpus, tmp_path: Path, diverge: Diverge
) -> None:
    diverge(1, lambda loss: loss * torch.nan)
    with pytest.raises(RunError, match=r"is NaN at step 1\. Train again with a lower"):
        train(RECIPE, corpus, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_single_precision_is_advised_in_half_precision(tmp_path: Path) -> None:
    for half, advice in ((True, r" or training\.precision=fp32\.$"), (False, r"a longer warm-up\.$")):
        arguments = training_arguments(tmp_path / "checkpoints", bf16=half)
        with pytest.raises(RunError, match=advice):
            require_finite("the training loss", torch.tensor(torch.nan), arguments, 1)


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_logits_that_are_not_finite_end_the_run_before_the_checkpoint(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: float
) -> None:
    compute = NotesTrainer.compute_loss

    def broken(trainer: NotesTrainer, model: torch.nn.Module, *arguments: Any, **keywords: Any) -> Any:
        found = compute(trainer, model, *arguments, **keywords)
        if not model.training and trainer.state.global_step == 4:
            found[1].logits[0, 0] = value
        return found

    monkeypatch.setattr(NotesTrainer, "compute_loss", broken)
    with pytest.raises(
        RunError, match=r"a validation logit is (NaN|infinite) at step 4; .* of step 2 is kept"
    ):
        train(RECIPE, corpus, tmp_path / "run")
    assert last_step(tmp_path / "run") == 2


def test_a_checkpoint_with_nan_is_not_resumed_from(corpus: Corpus, tmp_path: Path, diverge: Diverge) -> None:
    diverge(3, lambda loss: loss * torch.nan)
    with pytest.raises(RunError):
        train(RECIPE, corpus, tmp_path / "run")
    file = tmp_path / "run" / "checkpoints" / "checkpoint-2" / "model.safetensors"
    weights = load_file(file)
    # A token that no note has: the loss would stay finite.
    weights["model.embeddings.tok_embeddings.weight"][-1, 0] = torch.nan
    save_file(weights, file, metadata={"format": "pt"})
    # As if it had been saved like this: otherwise it would be taken for damaged, and not used.
    (file.parent / "complete.json").unlink()
    mark_complete(file.parents[1], 2)
    diverge(0, torch.clone)
    message = "checkpoint-2: has weights that are NaN or infinite: model.embeddings.*Delete this checkpoint"
    with pytest.raises(ModelError, match=message):
        train(RECIPE, corpus, tmp_path / "run", resume=True)


def test_a_model_that_starts_with_nan_is_refused(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(*arguments: Any, **keywords: Any) -> Any:
        model, tokenizer = build(*arguments, **keywords)
        with torch.no_grad():
            model.get_parameter("classifier.weight")[0, 0] = torch.nan
        return model, tokenizer

    monkeypatch.setattr("clem_icd.training.fit.build", damaged)
    with pytest.raises(ModelError, match=r"NaN or infinite: classifier\.weight\. Train from another encoder"):
        train(RECIPE, corpus, tmp_path / "run")
    assert not (tmp_path / "run").exists()
