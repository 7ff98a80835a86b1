"""The parameter groups of the optimizer."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from clem_icd.corpus import Corpus
from clem_icd.modeling import LabelAttentionHead, LabelSpace, PooledHead, build
from clem_icd.training.optimizer import parameter_groups
from support import tiny


@pytest.mark.parametrize("head", [PooledHead(), LabelAttentionHead()])
def test_every_trained_parameter_is_in_one_group_with_its_rate_and_decay(
    little_corpus: Corpus, head: Any
) -> None:
    model, _ = build(tiny(64, head=head), LabelSpace.of(little_corpus), texts=little_corpus.texts("train"))
    parameters = dict(model.named_parameters())
    frozen = next(iter(parameters))
    parameters[frozen].requires_grad_(False)
    decaying = {name for name in parameters if name.endswith("weight")}
    groups = parameter_groups(model, decaying, learning_rate=2.0, head_factor=10.0, weight_decay=0.5)
    found = {
        id(parameter): (group["lr"], group["weight_decay"])
        for group in groups
        for parameter in group["params"]
    }
    assert sum(len(group["params"]) for group in groups) == len(found) == len(parameters) - 1
    for name, parameter in parameters.items():
        if name == frozen:
            assert id(parameter) not in found
            continue
        rate = 2.0 if name.startswith(f"{model.base_model_prefix}.") else 20.0
        assert found[id(parameter)] == (rate, 0.5 if name in decaying else 0.0), name


def test_the_head_takes_larger_steps(little_corpus: Corpus) -> None:
    model, _ = build(tiny(64), LabelSpace.of(little_corpus), texts=little_corpus.texts("train"))
    groups = parameter_groups(model, (), learning_rate=0.001, head_factor=10.0, weight_decay=0.0)
    before = {name: value.detach().clone() for name, value in model.named_parameters()}
    optimizer = torch.optim.AdamW(groups)
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    for name, parameter in model.named_parameters():
        moved = float((before[name] - parameter.detach()).abs().mean())
        assert moved == pytest.approx(0.001 if name.startswith("model.") else 0.01, rel=0.01), name
