"""Input-gradient regularization: small changes of the input should not change the loss."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import torch
from pydantic import Field
from torch.nn.attention import SDPBackend, sdpa_kernel
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from clem_icd.modeling.losses import LossFunction
from clem_icd.training.objective import Batch
from clem_icd.training.regularizers.regularizer import Penalty, Regularizer, unwrapped


class InputGradient(Regularizer):
    """Adds the norm of the gradient of the loss with respect to the embeddings (IGR in Edin et al. 2024).

    Attributes
    ----------
    weight
        The weight of the norm.

    """

    kind: Literal["input-gradient"] = "input-gradient"
    weight: float = Field(default=1e-5, gt=0)

    differentiates_twice: ClassVar[bool] = True

    def penalty(
        self,
        loss: LossFunction,
        tokenizer: PreTrainedTokenizerBase,
        teacher: PreTrainedModel | None,
        share_of_label: float,
    ) -> Penalty:
        """Return the weighted sum over tokens of the L2 norm of the gradient of the loss.

        The loss of a batch is the mean over its notes, so the sum over its tokens is the mean over notes of
        the sum over the tokens of a note, with the gradient of the note's own loss.
        """

        def term(model: Any, batch: Batch) -> tuple[Any, torch.Tensor]:
            mask = batch["attention_mask"]
            embeddings = unwrapped(model).get_input_embeddings()(batch["input_ids"])
            if not embeddings.requires_grad:  # An adapter leaves the embeddings as they are.
                embeddings.requires_grad_()
            # The only attention of PyTorch that can be differentiated twice.
            with sdpa_kernel(SDPBackend.MATH):
                outputs = model(inputs_embeds=embeddings, attention_mask=mask)
                value = loss(outputs.logits, batch["labels"])
                (gradient,) = torch.autograd.grad(value, embeddings, create_graph=True)
            return outputs, self.weight * gradient.float().norm(dim=-1)[mask != 0].sum()

        return term
