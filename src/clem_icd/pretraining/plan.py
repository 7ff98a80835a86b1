"""What a budget of hours buys on this machine, from a few steps that are measured and thrown away."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from clem_icd.modeling import best_device
from clem_icd.modeling.machine import precision_here, use_usable_cores
from clem_icd.pretraining.preparation import prepare
from clem_icd.pretraining.recipe import PretrainingRecipe
from clem_icd.pretraining.run import new_model, start_model, told
from clem_icd.pretraining.steps import Phase, Steps
from clem_icd.pretraining.texts import Sources
from clem_icd.pretraining.trainer import Pretrainer, new_trainer
from clem_icd.progress import Observer, Silent

HOURS = (0.5, 1.0, 2.0, 4.0, 8.0, 24.0)

_MEASURED = 3


@dataclass(frozen=True, slots=True)
class PhaseSpeed:
    """How long a step of a phase takes, in seconds, and how many steps of how many tokens it has."""

    length: int
    steps: int
    tokens_a_step: int
    seconds_a_step: float


@dataclass(frozen=True, slots=True)
class Plan:
    """What a pretraining would take.

    Attributes
    ----------
    tokens
        How many tokens the texts have.
    parameters
        Of the encoder and its head.
    phases
        As the recipe has them.

    """

    tokens: int
    parameters: int
    phases: Sequence[PhaseSpeed]

    @property
    def seconds(self) -> float:
        """The time of all steps of the recipe, in seconds."""
        return sum(phase.steps * phase.seconds_a_step for phase in self.phases)

    def tokens_in(self, hours: float) -> int:
        """Return how many tokens are read in a time, in the shares of the recipe."""
        in_all = sum(phase.steps * phase.tokens_a_step for phase in self.phases)
        return int(in_all * hours * 3600 / self.seconds)

    def passes_in(self, hours: float) -> float:
        """Return how often each token is read in a time."""
        return self.tokens_in(hours) / self.tokens


def plan_pretraining(
    recipe: PretrainingRecipe, sources: Sources, *, observer: Observer | None = None
) -> Plan:
    """Read the sources, measure some steps of every phase, and leave nothing on the disk.

    Until it ends, the texts wait as tokens in the system's folder for temporary files (``TMPDIR``).

    Raises
    ------
    SourceError, CorpusError, ModelError
        As `pretrain` raises them.

    """
    observer = observer or Silent()
    use_usable_cores()
    with TemporaryDirectory(prefix="clem-plan-") as place:
        folder = Path(place)
        started = start_model(recipe)
        prepared = prepare(
            recipe, sources, folder / "data", None if started is None else started[1], observer
        )
        model = new_model(recipe, prepared, counted=False) if started is None else started[0]
        steps = prepared.steps(recipe)
        trainer = new_trainer(
            recipe,
            model,
            int(prepared.tokenizer.pad_token_id),
            steps,
            prepared.held_out_rows(recipe),
            folder,
            observer,
        )
        for line in told(prepared):
            observer.say(line)
        observer.begin("Measuring", len(steps.phases) * (_MEASURED + 1))
        speeds = [_measured(trainer, steps, phase, recipe, observer) for phase in steps.phases]
        return Plan(prepared.texts.size, model.num_parameters(), speeds)


def _measured(
    trainer: Pretrainer, steps: Steps, phase: Phase, recipe: PretrainingRecipe, observer: Observer
) -> PhaseSpeed:
    model: Any = trainer.model
    model.to(best_device()).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=recipe.training.learning_rate)
    bf16 = precision_here(recipe.training.precision) == "bf16"
    seconds = []
    # One more than is counted: the first one pays for what is set up once.
    for number in range(_MEASURED + 1):
        began = time.perf_counter()
        inputs = trainer.on_device(steps[min(phase.first + number, len(steps) - 1)])
        with torch.autocast(best_device().type, torch.bfloat16, enabled=bf16):
            loss = trainer.compute_loss(model, inputs)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - began)
        observer.advance()
    return PhaseSpeed(phase.length, phase.steps, phase.rows * phase.length, statistics.median(seconds[1:]))
