"""Tiny models of every head and reading, whose logits differ between notes and labels."""

from __future__ import annotations

from typing import Any

import torch

from clem_icd.corpus import Corpus
from clem_icd.modeling import Architecture, LabelSpace, NeuralSystem, SmallEncoder, build
from clem_icd.modeling.heads.label_tree_attention import LabelTreeAttention

# A layer over all pairs of tokens, and one with a window.
ENCODER = SmallEncoder(hidden_size=32, intermediate_size=48, layers=2, attention_heads=2, vocabulary=400)


def system_of(
    corpus: Corpus, head: dict[str, Any], reading: dict[str, Any], encoder: Any = ENCODER
) -> NeuralSystem:
    """Return a system with random weights, the same for every call."""
    architecture = Architecture.model_validate({"encoder": encoder, "head": head, "reading": reading})
    torch.manual_seed(0)
    model, tokenizer = build(architecture, LabelSpace.of(corpus), texts=corpus.texts("train"))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith(("classifier.weight", "head.queries")):
                parameter.normal_()
    module = getattr(model, "head", None)
    if isinstance(module, LabelTreeAttention):
        module.level.fill_(3)
    return NeuralSystem(model, tokenizer, architecture.reading)
