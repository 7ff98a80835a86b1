from __future__ import annotations

import torch

from clem_icd.corpus import Corpus
from clem_icd.explanation.methods.twin import frozen_twin
from support import new_system


def test_a_twin_shares_the_weights_and_nothing_that_can_be_changed(little_corpus: Corpus) -> None:
    model = new_system(little_corpus).model
    twin = frozen_twin(model)
    for (name, one), (same, other) in zip(model.named_parameters(), twin.named_parameters(), strict=True):
        assert name == same
        assert one.data_ptr() == other.data_ptr()
        assert (one.requires_grad, other.requires_grad) == (True, False)
    twin.config._attn_implementation = "eager"
    assert model.config._attn_implementation != "eager"
    ids = torch.arange(5, 12)[None]
    with torch.no_grad():
        torch.testing.assert_close(twin(ids).logits, model(ids).logits)
