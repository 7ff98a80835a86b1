"""The interface of methods that look at what the stock head pools."""

from __future__ import annotations

from typing import Any

import torch
from transformers import PreTrainedModel

from clem_icd.explanation.methods.gradients import products, traced
from clem_icd.explanation.methods.head_method import HeadMethod
from clem_icd.explanation.methods.neural_method import batch_of
from clem_icd.modeling import EncoderWithHead
from clem_icd.modeling.neural import NeuralSystem

# Some tokens, to see which of them the head reads.
_PROBE = "a b c d"


class PooledMethod(HeadMethod):
    """A method that needs a stock head which pools the vectors of all tokens."""

    def objection_to_head(self, system: NeuralSystem) -> str | None:
        """Refuse a head over tokens, and one that reads a single token.

        Heads differ by encoder and by config, so a few tokens are scored to see which of them count.
        """
        if isinstance(system.model, EncoderWithHead):
            head = (system.model.config.head or {}).get("kind")
            return f"needs a head that pools tokens, and this model has head {head}"
        if _reads_one_token(system):
            return (
                f"needs a head that pools all tokens, and that of {type(system.model).__name__} reads one "
                "special token, which would have all of the weight"
            )
        return None


def hidden_of(twin: PreTrainedModel, *, alone: bool) -> list[torch.Tensor]:
    """Return a list to which each pass adds what the encoder gives to the stock head [notes, tokens, width].

    Parameters
    ----------
    twin
        A `frozen_twin` of a stock model.
    alone
        Whether gradients end there, so that none are computed through the encoder.

    """
    collected: list[torch.Tensor] = []

    def collect(_module: torch.nn.Module, _inputs: Any, output: Any) -> Any:
        if alone:
            output.last_hidden_state = output.last_hidden_state.detach().requires_grad_()
        collected.append(output.last_hidden_state)
        return output

    base: Any = twin.base_model
    base.register_forward_hook(collect)
    return collected


def _reads_one_token(system: NeuralSystem) -> bool:
    [note] = system.reading.read(system.tokenizer, [_PROBE])
    model: Any
    with traced(system.model, len(note.ids)) as model:
        collected = hidden_of(model, alone=True)
        logits = model(**batch_of(system, note)).logits
        # BERT's head reads a vector that the encoder has made of the first token.
        if not logits.requires_grad:
            return True
        [[product]] = products(logits.sum()[None], *collected)
    return int(product.any(dim=-1).sum()) == 1
