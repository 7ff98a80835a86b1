"""The module that becomes the graph: from the token ids of notes to the probabilities of their labels."""

from __future__ import annotations

from typing import Any

import torch

from clem_icd.modeling.heads import EncoderWithHead
from clem_icd.modeling.linears import OneDnnLinear
from clem_icd.modeling.neural import NeuralSystem
from clem_icd.modeling.onnx.attention import IN_GRAPH, OnnxruntimeAttention


class ProbabilitiesOfNotes(torch.nn.Module):
    """A neural system without its tokenizer, in a form that can be traced.

    Parameters
    ----------
    system
        The system, whose model is changed: it gets another attention and PyTorch's linear layers.

    """

    def __init__(self, system: NeuralSystem) -> None:
        super().__init__()
        self.model = traceable(system.model)
        self.reading = system.reading
        self.pad_token_id = int(system.tokenizer.pad_token_id)
        self.eval()

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Return the probabilities [notes, labels].

        Parameters
        ----------
        input_ids
            Token ids [notes, tokens], whatever the reading.
        attention_mask
            0 for padding, which is on the right [notes, tokens].

        """
        ids, mask = self.reading.pieces(input_ids, attention_mask, self.pad_token_id)
        with OnnxruntimeAttention():
            return self._logits(ids, mask).sigmoid()

    def _logits(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return the logits of notes in one piece or in several, as the model does."""
        model: Any = self.model
        if not isinstance(self.model, EncoderWithHead):
            logits: torch.Tensor = model(input_ids=ids, attention_mask=mask).logits
            return logits
        # As `EncoderWithHead.encode`, but pieces of nothing but padding are encoded too: leaving them out
        # depends on the values of the mask. The head leaves out their tokens.
        length = ids.shape[-1]
        pieces = mask.reshape(-1, length)
        if self.model.attends_to_padding:
            pieces = torch.where(pieces.any(dim=1, keepdim=True), pieces, 1)
            mask = torch.ones_like(mask)
        hidden = model.encoder(input_ids=ids.reshape(-1, length), attention_mask=pieces).last_hidden_state
        notes = ids.shape[0]
        scored: torch.Tensor = model.head(
            hidden.reshape(notes, -1, hidden.shape[-1]), mask.reshape(notes, -1)
        )
        return scored


def traceable(model: Any) -> Any:
    """Give a model the parts that a graph can hold, in place, and return it.

    Raises
    ------
    ValueError
        If its encoder has no exchangeable attention.

    """
    model.set_attn_implementation(IN_GRAPH)
    for name, module in list(model.named_modules()):
        if isinstance(module, OneDnnLinear):
            model.set_submodule(name, _plain(module))
        # What is read as a number, such as the level of a tree, is a constant of the graph.
        for buffer, value in list(module.named_buffers(recurse=False)):
            if value.ndim == 0 and not value.is_floating_point():
                delattr(module, buffer)
                setattr(module, buffer, int(value))
    return model


def _plain(layer: OneDnnLinear) -> torch.nn.Linear:
    plain = torch.nn.Linear(layer.in_features, layer.out_features, layer.bias is not None, device="meta")
    plain.weight, plain.bias = layer.weight, layer.bias
    return plain
