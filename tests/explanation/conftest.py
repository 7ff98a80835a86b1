"""Systems of every kind of head and reading, with random weights."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from clem_icd.corpus import Corpus
from clem_icd.modeling import LabelSpace, NeuralSystem, build
from support import new_system, tiny

SEGMENTS = {"kind": "segments", "max_tokens": 128, "segment_tokens": 16}
SYSTEMS: dict[str, dict[str, Any]] = {
    "pooled": {},
    "label-attention": {"head": "label-attention"},
    "segments-of-the-note": {
        "head": {"kind": "label-attention", "compat": "plm-icd"},
        "reading": SEGMENTS,
    },
    "cross-attention": {"head": "label-cross-attention"},
    "segments": {
        "head": {"kind": "label-cross-attention", "output": "own"},
        "reading": {**SEGMENTS, "special_tokens": "segment"},
    },
    "label-tree": {"head": {"kind": "label-tree-attention", "candidate_threshold": 1e-6}},
}


def system_of(corpus: Corpus, **choices: Any) -> NeuralSystem:
    """Return a system with weights that are large enough for codes to differ."""
    architecture = tiny(**choices)
    if "head" not in choices:
        return new_system(corpus, architecture)
    torch.manual_seed(0)
    model, tokenizer = build(architecture, LabelSpace.of(corpus), texts=corpus.texts("train"))
    with torch.no_grad():
        for parameter in model.get_submodule("head").parameters():
            parameter.add_(torch.randn_like(parameter) * 0.2)
        if "head.level" in dict(model.named_buffers()):
            model.get_buffer("head.level").fill_(3)
    return NeuralSystem(model, tokenizer, architecture.reading)


@pytest.fixture(scope="session")
def systems(little_corpus: Corpus) -> dict[str, NeuralSystem]:
    """Every system of `SYSTEMS`."""
    return {name: system_of(little_corpus, **choices) for name, choices in SYSTEMS.items()}
