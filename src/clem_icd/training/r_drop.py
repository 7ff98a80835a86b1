"""R-drop: two passes of a note with different dropout should agree."""

from __future__ import annotations

import torch
from pydantic import Field
from transformers import PreTrainedModel

from clem_icd.errors import RecipeError
from clem_icd.fields import Fields
from clem_icd.modeling.dropout import drops_out


class RDrop(Fields):
    """Adds the divergence between two passes of each note to the loss (Liang et al. 2021).

    Attributes
    ----------
    alpha
        The weight of the divergence.
    after_epochs
        The number of epochs at the beginning that are trained without it.

    """

    alpha: float = Field(default=5.0, gt=0)
    after_epochs: int = Field(default=1, ge=0)

    def require_dropout(self, model: PreTrainedModel) -> None:
        """Refuse a model without dropout, whose two passes would be the same.

        Raises
        ------
        RecipeError
            If nothing in the model drops out.

        """
        if not drops_out(model):
            raise RecipeError(
                "training.r_drop compares two passes with different dropout, but this model has no dropout",
                remedy="Set encoder.dropout=0.1 or head.dropout=0.1, or training.r_drop=null",
            )


def divergence(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Return the symmetric Kullback-Leibler divergence of predictions [notes, labels].

    Each label is a Bernoulli variable. With logits a and b and probabilities p and q, the divergence is
    (KL(p, q) + KL(q, p)) / 2 = (p - q) (a - b) / 2. Liang et al. compare distributions over classes that
    exclude each other, which labels do not.

    Parameters
    ----------
    first, second
        The logits of two passes [notes, labels]; -inf where a pass gave none, which has no divergence.

    """
    precision = torch.promote_types(first.dtype, torch.float32)
    missing = first.isneginf() | second.isneginf()
    first, second = (one.to(precision).masked_fill(missing, 0.0) for one in (first, second))
    return (first.sigmoid() - second.sigmoid()) * (first - second) / 2
