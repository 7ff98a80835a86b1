from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from clem_icd.speed.contender import Here
from clem_icd.speed.drawn_notes import DrawnNotes
from clem_icd.speed.model import Model
from clem_icd.speed.rivals import PlmIcd, PlmIcdSameSize, Stock, contenders_of


def encoder_weights(rival: PlmIcd) -> int:
    """The number of weights in the matrices of the encoder's layers."""
    products = rival.products
    assert products is not None
    return sum(
        one.weight.numel()
        for name, one in products.model.base_model.named_modules()
        if isinstance(one, torch.nn.Linear) and "pooler" not in name
    )


@pytest.mark.usefixtures("quick_notes")
def test_the_stock_pipeline_has_the_weights_of_a_pooled_model(model: Model) -> None:
    texts = DrawnNotes(120, model.tokenizer).draw([20, 120, 60])
    stock = Stock(model)
    assert stock.has_same_weights
    assert np.allclose(stock.open()(texts), Here(model).open()(texts), atol=1e-5)


@pytest.mark.usefixtures("quick_notes")
def test_the_stock_pipeline_under_another_head_has_the_encoder_and_as_many_labels(attending: Path) -> None:
    model = Model.read(attending)
    stock = Stock(model)
    assert not stock.has_same_weights
    assert stock.open()(DrawnNotes(20, model.tokenizer).draw([20, 10])).shape == (2, 6)
    assert stock.refused(model.config.encoder["max_position_embeddings"]) is None
    assert stock.refused(10_000) == "its encoder reads 32 tokens at once"


def test_plm_icd_is_roberta_base_in_size(model: Model) -> None:
    rival = PlmIcd(model)
    assert encoder_weights(rival) == 12 * (4 * 768**2 + 2 * 768 * 3_072)
    products = rival.products
    assert products is not None
    assert 124_000_000 < products.parameters < 126_000_000
    assert products.needed([5_000]) == products.needed([3_072])


@pytest.mark.usefixtures("quick_notes")
def test_plm_icd_of_the_same_size_has_as_many_weights_and_scores_notes(model: Model) -> None:
    rival = PlmIcdSameSize(model)
    own = Here(model).products
    assert own is not None
    weights = sum(
        one.weight.numel() for one in own.model.base_model.modules() if isinstance(one, torch.nn.Linear)
    )
    assert encoder_weights(rival) == weights
    scores = rival.open()(DrawnNotes(200, model.tokenizer).draw([200, 30]))
    assert scores.shape == (2, 6)
    assert np.isfinite(scores).all()


def test_a_model_that_reads_in_segments_is_not_compared_with_itself(model: Model, attending: Path) -> None:
    assert PlmIcdSameSize(model).refused(128) is None
    assert PlmIcdSameSize(Model.read(attending)).refused(64) == "the model reads in segments itself"


def test_a_model_is_measured_in_each_precision_beside_its_rivals(model: Model) -> None:
    names = [one.key for one in contenders_of(model, ["fp32", "int8"])]
    assert names == ["fp32", "int8", "stock", "plm-icd", "plm-icd-same-size"]
    assert [one.key for one in contenders_of(model, ["fp32"], rivals=False)] == ["fp32"]
