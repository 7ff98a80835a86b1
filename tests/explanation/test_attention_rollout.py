from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from clem_icd.corpus import Corpus
from clem_icd.errors import ModelError, NoteError
from clem_icd.explanation import Explainer
from clem_icd.explanation.methods.attention_maps import recorded_attention
from clem_icd.explanation.methods.attention_rollout import AttentionRollout
from clem_icd.explanation.methods.twin import frozen_twin
from clem_icd.modeling import LabelSpace, NeuralSystem, build
from support import info_of, make_note, new_system, tiny

TEXT = make_note(3).text
SEGMENTS = {"kind": "segments", "max_tokens": 64, "segment_tokens": 8}


def with_head(corpus: Corpus, **choices: Any) -> NeuralSystem:
    architecture = tiny(**choices)
    torch.manual_seed(0)
    model, tokenizer = build(architecture, LabelSpace.of(corpus), texts=corpus.texts("train"))
    with torch.no_grad():
        # Larger than initial weights, so that attention is not uniform.
        for name, parameter in model.named_parameters():
            if name.endswith(("Wqkv.weight", "queries")):
                parameter.mul_(20)
    return NeuralSystem(model, tokenizer, architecture.reading)


def weigh(system: NeuralSystem, corpus: Corpus, labels: list[int], text: str = TEXT) -> np.ndarray[Any, Any]:
    return Explainer(system, info_of(corpus), "attention-rollout").weigh(text, labels).weights


def product_of_layers(system: NeuralSystem, text: str = TEXT) -> torch.Tensor:
    """Return the product of (attention + identity) / 2 over the layers, from transformers' own weights."""
    [note] = system.reading.read(system.tokenizer, [text])
    batch = system.reading.arrange([note.ids], system.tokenizer.pad_token_id)
    encoder: Any = system.model.base_model
    before = encoder.config._attn_implementation
    encoder.set_attn_implementation("eager")
    with torch.no_grad():
        flat = {name: tensor.reshape(-1, tensor.shape[-1]) for name, tensor in batch.items()}
        attentions = encoder(**flat, output_attentions=True).attentions
    encoder.set_attn_implementation(before)
    identity = torch.eye(flat["input_ids"].shape[-1])
    product = identity.expand(len(flat["input_ids"]), -1, -1)
    for layer in attentions:
        product = (layer.mean(dim=1) + identity) / 2 @ product
    return product


def test_a_pooled_head_passes_on_what_it_pools(little_corpus: Corpus) -> None:
    system = with_head(little_corpus)
    product = product_of_layers(system)[0]
    expected = product.mean(dim=0)[1:-1].numpy()
    assert expected.max() > 1.5 * expected.min()
    np.testing.assert_allclose(weigh(system, little_corpus, [2])[0], expected, rtol=1e-4)


def test_a_head_that_pools_the_first_token_passes_it_on(little_corpus: Corpus) -> None:
    system = with_head(little_corpus, head={"kind": "pooled", "pooling": "cls"})
    expected = product_of_layers(system)[0, 0, 1:-1].numpy()
    np.testing.assert_allclose(weigh(system, little_corpus, [2])[0], expected, rtol=1e-4)


@pytest.mark.parametrize("reading", [{"kind": "whole"}, SEGMENTS])
def test_label_attention_starts_from_the_attention_of_the_label(
    reading: dict[str, Any], little_corpus: Corpus
) -> None:
    system = with_head(little_corpus, head="label-attention", reading=reading)
    note = system.read(TEXT)
    batch = system.reading.arrange([note.ids], system.tokenizer.pad_token_id)
    model: Any = system.model
    seen: list[torch.Tensor] = []
    hook = model.head.register_forward_pre_hook(lambda _, given: seen.extend(given))
    with torch.no_grad():
        model(**batch)
        hook.remove()
        attention = model.head.attention(*seen, [1, 4])[0]
    product = product_of_layers(system)
    pieces = attention.reshape(2, len(product), -1)
    expected = torch.einsum("lpi,pij->lpj", pieces, product).reshape(2, -1)[:, : len(note.ids)][:, 1:-1]
    found = weigh(system, little_corpus, [1, 4])
    np.testing.assert_allclose(found, expected.numpy(), rtol=1e-4)
    assert not np.allclose(found[0], found[1], rtol=0.01)


def test_the_same_map_for_every_code_is_remarked_on(little_corpus: Corpus) -> None:
    info = info_of(little_corpus)
    pooled = with_head(little_corpus)
    first, second = weigh(pooled, little_corpus, [0, 1])
    # The kernels of a CPU may round the maps of two codes differently.
    np.testing.assert_allclose(first, second, rtol=1e-5)
    [remark] = Explainer(pooled, info, "attention-rollout").remarks
    assert remark == "Under a pooled head, method attention-rollout marks the same words for every code."
    assert Explainer(pooled, info, "input-x-gradient").remarks == ()
    labelled = with_head(little_corpus, head="label-attention")
    assert Explainer(labelled, info, "attention-rollout").remarks == ()


def test_other_threads_score_as_before_while_attention_is_recorded(little_corpus: Corpus) -> None:
    system = with_head(little_corpus)
    texts = [make_note(number).text for number in range(4)]
    before = [score.probabilities for score in system.score(texts)]
    name = system.model.config._attn_implementation
    twin = frozen_twin(system.model)
    with recorded_attention(twin):
        assert system.model.config._attn_implementation == name
        meanwhile = [score.probabilities for score in system.score(texts)]
        twin(**system.reading.arrange([np.arange(5, 9, dtype=np.int32)], 0))
    np.testing.assert_array_equal(meanwhile, before)
    weigh(system, little_corpus, [0])
    assert system.model.config._attn_implementation == name
    assert not system.model.base_model._forward_pre_hooks
    assert all(parameter.requires_grad for parameter in system.model.parameters())


def test_recording_attention_does_not_change_the_logits(little_corpus: Corpus) -> None:
    system = with_head(little_corpus)
    text = TEXT * 10
    note = system.read(text)
    batch = system.reading.arrange([note.ids], 0)
    with torch.no_grad():
        expected = system.model(**batch).logits
        twin = frozen_twin(system.model)
        with recorded_attention(twin) as maps:
            logits = twin(**batch).logits
    np.testing.assert_allclose(logits.numpy(), expected.numpy(), rtol=1e-4, atol=1e-4)
    for attention in maps:
        np.testing.assert_allclose(attention.sum(dim=-1).numpy(), 1, rtol=1e-5)
    # Of local layers, only tokens in the window.
    assert any(float(attention[0, 0, -1]) == 0 for attention in maps)


def test_an_encoder_that_shows_no_attention_is_refused(little_corpus: Corpus) -> None:
    system = with_head(little_corpus)
    with (
        pytest.raises(ModelError, match="0 of the 4 layers of modernbert show attention"),
        recorded_attention(frozen_twin(system.model)),
    ):
        pass


def test_a_head_without_pooling_or_label_attention_is_refused(little_corpus: Corpus) -> None:
    system = with_head(little_corpus, head="label-attention")
    system.model.set_submodule("head", torch.nn.Identity())
    system.model.config.head = {"kind": "a-new-head"}
    with pytest.raises(ModelError, match=r"needs a pooled head or one with label attention.*a-new-head"):
        Explainer(system, info_of(little_corpus), "attention-rollout")


@pytest.mark.parametrize("choices", [{}, {"head": "label-attention", "reading": SEGMENTS}])
def test_without_codes_nothing_is_explained(choices: dict[str, Any], little_corpus: Corpus) -> None:
    found = weigh(with_head(little_corpus, **choices), little_corpus, [])
    assert found.shape[0] == 0
    assert found.shape[1] > 0


def test_a_long_note_is_refused_unless_it_is_read_in_segments(little_corpus: Corpus) -> None:
    method = AttentionRollout(max_tokens=16)
    pooled = Explainer(new_system(little_corpus), info_of(little_corpus), method)
    with pytest.raises(NoteError, match=r"attention-rollout explains at most 16: its memory grows"):
        pooled.weigh(TEXT, [0])
    in_segments = with_head(little_corpus, head="label-attention", reading=SEGMENTS)
    assert Explainer(in_segments, info_of(little_corpus), method).weigh(TEXT, [0]).weights.any()
