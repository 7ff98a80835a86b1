"""What a head does when an epoch begins."""

from __future__ import annotations

from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from clem_icd.modeling.heads import Head
from clem_icd.progress import Observer


class BeginEpochs(TrainerCallback):
    """Lets a head prepare its model when an epoch begins or is resumed.

    What begins is learned with an optimizer that remembers nothing of what was learned before.
    """

    def __init__(self, head: Head, observer: Observer) -> None:
        self._head = head
        self._observer = observer

    def on_epoch_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Prepare the model, and report what begins."""
        # Of a resumed epoch, state.epoch has the share that is done.
        begins = self._head.begin_epoch(kwargs["model"], int(state.epoch or 0))
        if begins is not None:
            # New weights would be moved too far by moments that are as old as those of the others.
            kwargs["optimizer"].state.clear()
            self._observer.say(begins)
