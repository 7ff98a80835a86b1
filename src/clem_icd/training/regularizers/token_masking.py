"""Token masking: a model should give the same codes from the few tokens that it needs for them.

The starting model is the teacher. In each step, a mask per note is learned that removes as many tokens as it
can without changing the probabilities much; then the student learns to agree with the teacher, and on the
masked note with itself.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import torch
from pydantic import Field
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from clem_icd.errors import ModelError
from clem_icd.modeling.heads import Head
from clem_icd.modeling.losses import LossFunction
from clem_icd.training.objective import Batch, passed
from clem_icd.training.regularizers.regularizer import Penalty, Regularizer, unwrapped

_START = 2.0
"""The logit of each token's share at first, as in the code of Edin et al.: 88 % of the token is kept."""

_KEPT_FROM = 0.5


class TokenMasking(Regularizer):
    """Distills a trained model into one that needs fewer tokens (TM in Edin et al. 2024).

    Attributes
    ----------
    weight
        The weight of the distance between the student and itself on the masked note.
    steps
        How many steps learn a mask.
    mask_learning_rate
        The learning rate of these steps.
    change_weight
        The weight of the change of probabilities, against the mean share that the mask keeps of a token.

    """

    kind: Literal["token-masking"] = "token-masking"
    weight: float = Field(default=1.0, gt=0)
    steps: int = Field(default=20, ge=1)
    mask_learning_rate: float = Field(default=0.1, gt=0)
    change_weight: float = Field(default=0.01, gt=0)

    distills: ClassVar[bool] = True

    def require_head(self, head: Head) -> None:
        """Refuse a head whose scores in training are not those of the labels."""
        if head.preparatory_epochs:
            raise ValueError(
                f"training.regularizer {self.kind} compares the labels of student and teacher, and head "
                f"{head.kind} also scores the levels above them; choose another head"
            )

    def penalty(
        self,
        loss: LossFunction,
        tokenizer: PreTrainedTokenizerBase,
        teacher: PreTrainedModel | None,
        share_of_label: float,
    ) -> Penalty:
        """Return the distances of `masked distillation <TokenMasking>`, which replace the loss."""
        if teacher is None:
            raise ValueError("token masking needs a teacher")
        masking = _Masking(self, tokenizer)

        def term(model: Any, batch: Batch) -> tuple[Any, torch.Tensor]:
            masked = {**batch, "input_ids": masking.masked(unwrapped(model), batch)}
            outputs = passed(model, batch)
            student = _probabilities(outputs)
            with torch.no_grad():
                target = _probabilities(passed(teacher, batch))
            from_masked = _probabilities(passed(model, masked))
            return outputs, distance(student, target) + self.weight * distance(student.detach(), from_masked)

        return term


def distance(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Return the mean over notes of the L1 distance of probabilities [notes, labels]."""
    return (first - second).abs().sum(dim=1).mean()


class _Masking:
    """Learns which tokens of a note a model needs."""

    def __init__(self, fields: TokenMasking, tokenizer: PreTrainedTokenizerBase) -> None:
        if tokenizer.mask_token_id is None:
            raise ModelError(
                "training.regularizer token-masking needs a mask token, and this tokenizer has none",
                remedy="Choose an encoder that was trained with masked tokens",
            )
        self._fields = fields
        self._mask_id = int(tokenizer.mask_token_id)
        names = ("cls_token_id", "sep_token_id", "bos_token_id", "eos_token_id")
        around = {getattr(tokenizer, name) for name in names} - {None}
        self._around = torch.tensor(sorted(around), dtype=torch.long)

    def masked(self, model: Any, batch: Batch) -> torch.Tensor:
        """Return the ids of a batch with the mask token in place of what the mask removes.

        The model is in evaluation mode meanwhile, and its weights do not change.
        """
        ids = batch["input_ids"]
        free = (batch["attention_mask"] != 0) & ~torch.isin(ids, self._around.to(ids.device))
        model.eval()
        try:
            kept = self._learned(model, batch, free)
        finally:
            model.train()
        return torch.where(free & (kept <= _KEPT_FROM), self._mask_id, ids)

    def _learned(self, model: Any, batch: Batch, free: torch.Tensor) -> torch.Tensor:
        """Return the share that is kept of each token, in the shape of the ids.

        The objective is the sum over notes of the mean share of the tokens and, weighted, the change of the
        probabilities. Each note has its own, as AdamW takes each share by itself.
        """
        ids, mask = batch["input_ids"], batch["attention_mask"]
        embed = model.get_input_embeddings()
        with torch.no_grad():
            own = embed(ids)
            baseline = embed(torch.full_like(ids, self._mask_id))
            before = _probabilities(model(inputs_embeds=own, attention_mask=mask))
        counts = free.flatten(1).sum(dim=1).clamp(min=1)
        logits = torch.full(ids.shape, _START, device=ids.device, requires_grad=True)
        optimizer = torch.optim.AdamW([logits], lr=self._fields.mask_learning_rate)
        for _ in range(self._fields.steps):
            kept = torch.where(free, logits.sigmoid(), 1.0)
            mixed = kept[..., None] * own + (1 - kept[..., None]) * baseline
            after = _probabilities(model(inputs_embeds=mixed, attention_mask=mask))
            shares = ((kept * free).flatten(1).sum(dim=1) / counts).sum()
            objective = shares + self._fields.change_weight * (after - before).abs().sum()
            (logits.grad,) = torch.autograd.grad(objective, logits)
            optimizer.step()
        return logits.detach().sigmoid()


def _probabilities(outputs: Any) -> torch.Tensor:
    logits: torch.Tensor = outputs.logits
    return logits.float().sigmoid()
