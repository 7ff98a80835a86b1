"""Toy choices, to test that every part of an architecture takes new kinds without a change in ``src``.

Importing this module registers a head, a loss, a reading in segments, an adapter and an explanation method,
as a user of the package would.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field
from transformers import PreTrainedModel

from clem_icd.explanation import METHODS, NeuralMethod
from clem_icd.modeling import (
    ADAPTERS,
    HEADS,
    LOSSES,
    READINGS,
    Adapter,
    Loss,
    NeuralSystem,
    Reading,
    TokenHead,
)
from clem_icd.modeling.losses import LossFunction
from clem_icd.modeling.readings import ReadNote


class MaxScores(torch.nn.Module):
    """Scores every token and keeps each label's highest score."""

    def __init__(self, width: int, labels: int, scale: float) -> None:
        super().__init__()
        self.classifier = torch.nn.Linear(width, labels)
        self.scale = scale

    def forward(self, hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        scores = self.classifier(hidden) * self.scale
        highest: torch.Tensor = scores.masked_fill(mask[..., None] == 0, -torch.inf).amax(dim=1)
        return highest


class MaxHead(TokenHead):
    kind: Literal["toy-max"] = "toy-max"
    scale: float = Field(default=1.0, gt=0)

    def module(self, width: int, labels: int) -> torch.nn.Module:
        return MaxScores(width, labels, self.scale)

    def bias(self, model: PreTrainedModel) -> torch.nn.Parameter:
        return model.get_parameter("head.classifier.bias")


class SquaredError(Loss):
    kind: Literal["toy-squared-error"] = "toy-squared-error"
    rare_weight: float = 1.0

    def function(self, counts: npt.NDArray[np.int64]) -> LossFunction:
        weights = torch.where(torch.from_numpy(counts) < 10, self.rare_weight, 1.0)

        def loss(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
            return (weights.to(logits) * (logits.sigmoid() - targets) ** 2).mean()

        return loss


class SegmentReading(Reading):
    """Consecutive pieces of ``segment_tokens`` tokens, each encoded separately."""

    kind: Literal["toy-segments"] = "toy-segments"
    segment_tokens: int = Field(default=16, ge=4)

    @property
    def longest_sequence(self) -> int:
        return self.segment_tokens

    @property
    def longest_sequence_field(self) -> str:
        return "segment_tokens"

    def arrange(self, notes: Sequence[npt.NDArray[np.int32]], pad_token_id: int) -> dict[str, torch.Tensor]:
        pieces = -(-max(len(ids) for ids in notes) // self.segment_tokens)
        shape = (len(notes), pieces * self.segment_tokens)
        ids, mask = torch.full(shape, pad_token_id), torch.zeros(shape, dtype=torch.long)
        for row, note in enumerate(notes):
            ids[row, : len(note)] = torch.from_numpy(note.astype(np.int64))
            mask[row, : len(note)] = 1
        arranged = (len(notes), pieces, self.segment_tokens)
        return {"input_ids": ids.reshape(arranged), "attention_mask": mask.reshape(arranged)}


class FrozenEncoder(Adapter):
    kind: Literal["toy-frozen"] = "toy-frozen"

    def apply(self, model: PreTrainedModel) -> PreTrainedModel:
        model.base_model.requires_grad_(False)
        return model


class Scaled(torch.nn.Module):
    """A linear layer and a trained factor on its output."""

    def __init__(self, linear: torch.nn.Linear) -> None:
        super().__init__()
        self.linear = linear
        self.factor = torch.nn.Parameter(torch.ones(1))

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        scaled: torch.Tensor = self.linear(hidden) * self.factor
        return scaled


class ScaledHead(Adapter):
    """Adds a module of its own, which is merged away when the model is saved."""

    kind: Literal["toy-scaled"] = "toy-scaled"

    def apply(self, model: PreTrainedModel) -> PreTrainedModel:
        head = model.get_submodule("head")
        head.classifier = Scaled(head.classifier)  # type: ignore[arg-type]
        return model

    def merge(self, model: PreTrainedModel) -> PreTrainedModel:
        head = model.get_submodule("head")
        scaled = head.classifier
        assert isinstance(scaled, Scaled)
        with torch.no_grad():
            scaled.linear.weight.mul_(scaled.factor)
            scaled.linear.bias.mul_(scaled.factor)
        head.classifier = scaled.linear
        return model


class Occlusion(NeuralMethod):
    """The drop of the logit when a token is replaced by padding."""

    kind: Literal["toy-occlusion"] = "toy-occlusion"

    @torch.inference_mode()
    def weights(self, system: NeuralSystem, note: ReadNote, labels: Sequence[int]) -> npt.NDArray[np.float32]:
        pad = system.tokenizer.pad_token_id
        variants = [note.ids]
        for place in range(len(note.ids)):
            without = note.ids.copy()
            without[place] = pad
            variants.append(without)
        logits = system.model(**system.reading.arrange(variants, pad)).logits[:, list(labels)]
        drop: npt.NDArray[np.float32] = (logits[0] - logits[1:]).T.float().numpy().astype(np.float32)
        return drop


HEADS.register(MaxHead)
LOSSES.register(SquaredError)
READINGS.register(SegmentReading)
ADAPTERS.register(FrozenEncoder)
ADAPTERS.register(ScaledHead)
METHODS.register(Occlusion)

SETTINGS = [
    "head=toy-max",
    "head.scale=2.0",
    "head.prior_bias=true",
    "loss={kind: toy-squared-error, rare_weight: 2.0}",
    "reading={kind: toy-segments, max_tokens: 128, segment_tokens: 16}",
]
