"""A plan: how many tokens a number of hours allows on this machine, from a few measured steps."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from clem_icd.modeling.machine import use_usable_cores
from clem_icd.pretraining.preparation import prepare
from clem_icd.pretraining.recipe import PretrainingRecipe
from clem_icd.pretraining.run import new_model, source_lines, start_model
from clem_icd.pretraining.steps import Phase, Steps
from clem_icd.pretraining.texts import Sources
from clem_icd.pretraining.trainer import Pretrainer, new_trainer
from clem_icd.progress import Observer, Silent
from clem_icd.training.measuring import measure_steps

HOURS = (0.5, 1.0, 2.0, 4.0, 8.0, 24.0)

_MEASURED_STEPS = 3


@dataclass(frozen=True, slots=True)
class PhaseSpeed:
    """The sequence length, steps and measured speed of a phase."""

    length: int
    steps: int
    tokens_per_step: int
    seconds_per_step: float


@dataclass(frozen=True, slots=True)
class Plan:
    """The cost of a pretraining run.

    Attributes
    ----------
    tokens
        Number of tokens of the texts.
    parameters
        Number of parameters of the encoder and its head.
    phases
        The phases of the recipe, with their speed.

    """

    tokens: int
    parameters: int
    phases: Sequence[PhaseSpeed]

    @property
    def seconds(self) -> float:
        """The duration of all steps of the recipe, in seconds."""
        return sum(phase.steps * phase.seconds_per_step for phase in self.phases)

    def tokens_in(self, hours: float) -> int:
        """Return how many tokens are read within some hours, divided among the phases as in the recipe."""
        total = sum(phase.steps * phase.tokens_per_step for phase in self.phases)
        return int(total * hours * 3600 / self.seconds)

    def passes_in(self, hours: float) -> float:
        """Return how often each token is read within some hours."""
        return self.tokens_in(hours) / self.tokens


def plan_pretraining(
    recipe: PretrainingRecipe, sources: Sources, *, observer: Observer | None = None
) -> Plan:
    """Read the sources and measure a few steps of every phase, without leaving anything on disk.

    Meanwhile, the tokens are stored in the system's temporary folder (``TMPDIR``).

    Raises
    ------
    SourceError, CorpusError, ModelError
        See `pretrain`.

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
        for line in source_lines(prepared):
            observer.say(line)
        observer.begin("Measuring", len(steps.phases) * (_MEASURED_STEPS + 1))
        speeds = [_measure_phase(trainer, steps, phase, observer) for phase in steps.phases]
        return Plan(prepared.texts.size, model.num_parameters(), speeds)


def _measure_phase(trainer: Pretrainer, steps: Steps, phase: Phase, observer: Observer) -> PhaseSpeed:
    # The first step is not counted: it includes one-time setup.
    numbers = [min(phase.first + number, len(steps) - 1) for number in range(_MEASURED_STEPS + 1)]
    costs = measure_steps(trainer, [[number] for number in numbers], observer.advance)[1:]
    seconds = statistics.median(cost.seconds for cost in costs)
    return PhaseSpeed(phase.length, phase.steps, phase.rows * phase.length, seconds)
