"""What a training step minimises: the loss of notes and their synthetic twins, and R-drop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch

from clem_icd.modeling.losses import LossFunction
from clem_icd.training.r_drop import RDrop, divergence

Batch = Mapping[str, Any]

# The parts of a batch that the loss compares with, or passes by themselves.
_NOT_READ = ("labels", "twins", "evidence")


class Objective:
    """The loss of a batch in training.

    It is the loss of the architecture over notes and twins together, which weigh the same. With R-drop, the
    notes are passed twice; the loss is the mean over both passes, plus alpha times their divergence. Twins
    are passed once and have no divergence: as in the code of GKI-ICD, only notes are compared.

    Parameters
    ----------
    loss
        The loss of the architecture.
    r_drop
        The fields of R-drop; None for training without it.
    reduce
        Makes a scalar of the divergences [notes, labels]: `Loss.reduced`, so that both are reduced alike.

    """

    def __init__(
        self,
        loss: LossFunction,
        r_drop: RDrop | None = None,
        reduce: Callable[[torch.Tensor], torch.Tensor] = torch.mean,
    ) -> None:
        self._loss = loss
        self._r_drop = r_drop
        self._reduce = reduce

    def __call__(
        self, score: Callable[[Batch], torch.Tensor], batch: Batch, logits: torch.Tensor, epoch: int
    ) -> torch.Tensor:
        """Return the loss of a batch, a scalar.

        Parameters
        ----------
        score
            Passes a batch through the model and returns its logits [notes, labels].
        batch
            Notes with their ``labels`` and, if there are any, their ``twins``, a batch as well.
        logits
            The logits of the first pass [notes, labels].
        epoch
            The current epoch, from 0.

        """
        passes = [logits]
        r_drop = self._r_drop if self._r_drop is not None and epoch >= self._r_drop.after_epochs else None
        if r_drop is not None:
            passes.append(score(batch))
        targets = [batch["labels"]]
        of_twins = []
        if "twins" in batch:
            of_twins.append(score(batch["twins"]))
            targets.append(batch["twins"]["labels"])
        joined = torch.cat(targets)
        loss = torch.stack([self._loss(torch.cat([one, *of_twins]), joined) for one in passes]).mean()
        return loss if r_drop is None else loss + r_drop.alpha * self._reduce(divergence(*passes))


def passed(model: Any, batch: Batch) -> Any:
    """Return the outputs of a model for a batch, whose labels it does not see."""
    return model(**{name: part for name, part in batch.items() if name not in _NOT_READ})
