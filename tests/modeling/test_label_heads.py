"""Label attention and label cross-attention: closed forms, padding, starts and checkpoints."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from transformers import AutoModelForSequenceClassification

from clem_icd.corpus import Corpus
from clem_icd.errors import ModelError
from clem_icd.modeling import (
    EncoderWithHead,
    LabelAttentionHead,
    LabelCrossAttentionHead,
    LabelSpace,
    NeuralSystem,
    SegmentsReading,
    TokenHead,
    build,
    load_model,
    save_model,
)
from clem_icd.modeling.heads.label_queries import LabelQueries
from clem_icd.modeling.packing import can_pack
from clem_icd.modeling.titles import mean_of_category, title_vectors
from support import info_of, make_note, tiny

WIDTH, LABELS = 8, 5

HEADS: dict[str, TokenHead] = {
    "plm-icd": LabelAttentionHead(),
    "linear": LabelAttentionHead(keys="linear"),
    "titles": LabelAttentionHead(keys="linear", start="titles", prior_bias=True),
    "plm-ca": LabelCrossAttentionHead(),
    "cross": LabelCrossAttentionHead(output="own", start="category", prior_bias=True),
}
each_head = pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)


def module_of(head: TokenHead) -> LabelQueries:
    torch.manual_seed(1)
    module = head.module(WIDTH, LABELS)
    assert isinstance(module, LabelQueries)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(torch.randn_like(parameter))
    return module.eval()


def batch_of(*lengths: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return random vectors and the mask of notes, padded with vectors that must not matter."""
    hidden = torch.randn(len(lengths), max(lengths), WIDTH, generator=torch.Generator().manual_seed(0))
    mask = (torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]).long()
    return hidden, mask


def softmax(scores: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    weights: np.ndarray[Any, Any] = np.exp(scores - scores.max())
    shares: np.ndarray[Any, Any] = weights / weights.sum()
    return shares


def arrays(module: torch.nn.Module) -> dict[str, np.ndarray[Any, Any]]:
    return {name: value.detach().double().numpy() for name, value in module.named_parameters()}


def test_label_attention_is_that_of_plm_icd() -> None:
    module = module_of(LabelAttentionHead())
    own = arrays(module)
    hidden, mask = batch_of(6)
    tokens = hidden[0].double().numpy()
    keys = np.tanh(tokens @ own["key.weight"].T)
    expected = [
        softmax(keys @ own["queries"][label]) @ tokens @ own["classifier.weight"][label]
        + own["classifier.bias"][label]
        for label in range(LABELS)
    ]
    np.testing.assert_allclose(module(hidden, mask).detach()[0], expected, rtol=1e-4, atol=1e-5)


def test_linear_keys_and_values_start_as_the_vectors_of_the_tokens() -> None:
    module = LabelAttentionHead(keys="linear").module(WIDTH, LABELS)
    assert isinstance(module, LabelQueries)
    hidden, _ = batch_of(6)
    torch.testing.assert_close(module.keys(hidden), hidden)
    torch.testing.assert_close(module.values(hidden), hidden)


@pytest.mark.parametrize("output", ["shared", "own"])
def test_label_cross_attention_is_that_of_plm_ca_and_gki_icd(output: str) -> None:
    module = module_of(LabelCrossAttentionHead.model_validate({"output": output}))
    own = arrays(module)
    hidden, mask = batch_of(6)
    tokens = hidden[0].double().numpy()
    keys = tokens @ own["key.weight"].T
    values = tokens @ own["value.weight"].T + own["value.bias"]
    expected = []
    for label in range(LABELS):
        gathered = softmax(keys @ own["queries"][label]) @ values
        normal = (gathered - gathered.mean()) / np.sqrt(gathered.var() + 1e-5)
        normal = normal * own["norm.weight"] + own["norm.bias"]
        row = label if output == "own" else 0
        expected.append(normal @ own["classifier.weight"][row] + own["classifier.bias"][row])
    np.testing.assert_allclose(module(hidden, mask).detach()[0], expected, rtol=1e-4, atol=1e-4)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 20), min_size=1, max_size=5), st.sampled_from(sorted(HEADS)))
def test_padding_batch_mates_and_order_change_no_logit(lengths: list[int], name: str) -> None:
    module = module_of(HEADS[name])
    hidden, mask = batch_of(*lengths)
    together = module(hidden, mask).detach()
    for row, length in enumerate(lengths):
        alone = module(hidden[row : row + 1, :length], mask[row : row + 1, :length]).detach()
        torch.testing.assert_close(together[row], alone[0], rtol=1e-5, atol=1e-5)
    backwards = module(hidden.flip(0), mask.flip(0)).detach().flip(0)
    torch.testing.assert_close(backwards, together, rtol=1e-5, atol=1e-5)


@each_head
def test_attention_weights_are_those_that_labels_gather_with(head: TokenHead) -> None:
    module = module_of(head)
    hidden, mask = batch_of(6, 3)
    weights = module.attention(hidden, mask, [3, 1])
    torch.testing.assert_close(weights.sum(dim=-1), torch.ones(2, 2))
    assert (weights[1, :, 3:] == 0).all()
    gathered = module.gather(hidden, mask)[:, [3, 1]]
    torch.testing.assert_close(weights @ module.values(hidden), gathered, rtol=1e-4, atol=1e-5)


@each_head
def test_contributions_sum_to_the_logit_less_a_constant(head: TokenHead) -> None:
    module = module_of(head).double()
    hidden, mask = batch_of(6, 3)
    labels = [3, 1]
    parts = module.contributions(hidden.double(), mask, labels)
    rest = module(hidden.double(), mask)[:, labels] - parts.sum(dim=-1)
    torch.testing.assert_close(rest[0], rest[1])
    if isinstance(head, LabelAttentionHead):
        torch.testing.assert_close(rest[0], module.get_parameter("classifier.bias")[labels])


@each_head
def test_attention_times_gradient_is_that_of_autograd(head: TokenHead) -> None:
    module = module_of(head).double()
    hidden, mask = batch_of(6, 3)
    hidden = hidden.double()
    labels = [3, 1]
    weights = module.attention(hidden, mask, labels).detach().requires_grad_()
    logits = module.scores(weights @ module.values(hidden), labels)
    (gradients,) = torch.autograd.grad(logits.sum(), weights)
    found = module.attention_times_gradient(hidden, mask, labels)
    torch.testing.assert_close(found, weights * gradients)
    # Only the normalisation makes it differ from what a token adds.
    same = torch.allclose(found, module.contributions(hidden, mask, labels))
    assert same == isinstance(head, LabelAttentionHead)


@each_head
def test_what_a_label_is_explained_by_ignores_padding_and_other_labels(head: TokenHead) -> None:
    module = module_of(head)
    hidden, mask = batch_of(6, 3)
    for explain in (module.attention, module.contributions, module.attention_times_gradient):
        together = explain(hidden, mask, [4, 0, 2])
        assert (together[1, :, 3:] == 0).all()
        alone = explain(hidden[1:, :3], mask[1:, :3], [2])
        torch.testing.assert_close(together[1, 2:, :3], alone[0], rtol=1e-5, atol=1e-6)


@each_head
def test_logits_of_some_labels_are_those_of_all(head: TokenHead) -> None:
    module = module_of(head)
    hidden, mask = batch_of(6, 3)
    torch.testing.assert_close(module.logits_of(hidden, mask, (4, 1)), module(hidden, mask)[:, [4, 1]])


def test_attention_in_half_precision_sums_to_one() -> None:
    module = module_of(LabelAttentionHead())
    half: Any = module.to(torch.bfloat16)
    hidden = torch.randn(1, 4000, WIDTH, generator=torch.Generator().manual_seed(0)).bfloat16()
    weights = half.attention(hidden, torch.ones(1, 4000), [0, 1])
    torch.testing.assert_close(weights.sum(dim=-1), torch.ones(1, 2), rtol=1e-4, atol=0)


def built(corpus: Corpus, **choices: Any) -> tuple[EncoderWithHead, NeuralSystem]:
    architecture = tiny(**{"max_tokens": 128, **choices})
    torch.manual_seed(0)
    model, tokenizer = build(architecture, LabelSpace.of(corpus), texts=corpus.texts("train"))
    assert isinstance(model, EncoderWithHead)
    return model, NeuralSystem(model, tokenizer, architecture.reading)


TEXTS = [make_note(number).text * (1 + number % 3) for number in range(9)]


def scores(system: NeuralSystem, texts: list[str]) -> np.ndarray[Any, Any]:
    return np.stack([note.probabilities for note in system.score(texts)])


@each_head
@pytest.mark.parametrize("reading", ["whole", "segments"])
def test_a_checkpoint_scores_the_same_whatever_the_batch(
    little_corpus: Corpus, tmp_path: Path, head: TokenHead, reading: str
) -> None:
    choices = {"kind": reading, "max_tokens": 128}
    if reading == "segments":
        choices["segment_tokens"] = 16
    architecture = tiny(head=head, reading=choices)
    model, system = built(little_corpus, head=head, reading=choices)
    with torch.no_grad():
        model.get_parameter("head.classifier.weight").add_(
            torch.randn_like(model.get_parameter("head.classifier.weight"))
        )
    save_model(system, info_of(little_corpus, architecture), tmp_path / "model")
    loaded, _ = load_model(tmp_path / "model")
    assert isinstance(loaded, NeuralSystem)
    expected = scores(system, TEXTS)
    assert expected.std() > 0.001
    np.testing.assert_allclose(scores(loaded, TEXTS), expected, atol=1e-6)
    alone = np.concatenate([scores(loaded, [text]) for text in TEXTS])
    np.testing.assert_allclose(alone, expected, atol=1e-5)
    again = AutoModelForSequenceClassification.from_pretrained(tmp_path / "model", dtype=torch.float32)
    batch = system.reading.arrange([np.arange(5, 30, dtype=np.int32)], 3)
    with torch.inference_mode():
        torch.testing.assert_close(again(**batch).logits, model(**batch).logits, rtol=0, atol=1e-6)


@each_head
def test_bf16_comes_close(little_corpus: Corpus, head: TokenHead) -> None:
    model, system = built(little_corpus, head=head)
    batch = system.reading.arrange([np.arange(5, 30, dtype=np.int32)], 3)
    with torch.inference_mode():
        single = model(**batch).logits
        with torch.autocast("cpu", dtype=torch.bfloat16):
            mixed = model(**batch).logits
    torch.testing.assert_close(mixed.float(), single, rtol=0.1, atol=0.1)


def test_as_published_plm_icd_attends_to_padding(little_corpus: Corpus) -> None:
    reading = SegmentsReading(max_tokens=128, segment_tokens=16)
    model, system = built(little_corpus, head=LabelAttentionHead(compat="plm-icd"), reading=reading)
    assert not can_pack(model, system.reading)
    note = np.arange(5, 21, dtype=np.int32)
    with torch.inference_mode():
        alone = model(**reading.arrange([note], 3)).logits
        padded = model(**reading.arrange([note, np.arange(5, 60, dtype=np.int32)], 3)).logits[:1]
    assert torch.isfinite(padded).all()
    assert (padded - alone).abs().max() > 1e-4
    same, _ = built(little_corpus, head=LabelAttentionHead(), reading=reading)
    with torch.inference_mode():
        torch.testing.assert_close(same(**reading.arrange([note], 3)).logits, alone, rtol=0, atol=1e-6)


def test_compat_also_reads_whole_notes_with_their_padding(little_corpus: Corpus) -> None:
    model, system = built(little_corpus, head=LabelAttentionHead(compat="plm-icd"))
    assert not can_pack(model, system.reading)
    assert can_pack(built(little_corpus, head=LabelAttentionHead())[0], system.reading)


@pytest.mark.parametrize("name", ["titles", "cross"])
def test_queries_and_rows_start_from_titles_and_the_bias_from_frequencies(
    little_corpus: Corpus, name: str
) -> None:
    labels = LabelSpace.of(little_corpus)
    model, system = built(little_corpus, head=HEADS[name])
    known, vectors = title_vectors(model.encoder, system.tokenizer, labels.titles)
    assert known == list(range(len(labels.codes)))
    if name == "cross":
        vectors = mean_of_category(labels.codes, vectors)
    torch.testing.assert_close(model.get_parameter("head.queries").detach(), vectors)
    torch.testing.assert_close(model.get_parameter("head.classifier.weight").detach(), vectors)
    bias = model.get_parameter("head.classifier.bias").detach().numpy()
    assert np.argmax(bias) == np.argmax(labels.counts)
    hidden = torch.randn(1, 4, vectors.shape[1])
    head: Any = model.head
    torch.testing.assert_close(head.keys(hidden), hidden)


def test_a_label_without_a_title_starts_from_random_weights(little_corpus: Corpus) -> None:
    labels = LabelSpace.of(little_corpus)
    fewer = replace(labels, titles=(None, *labels.titles[1:]))
    architecture = tiny(128, head=HEADS["titles"])
    queries = []
    for space in (labels, fewer):
        torch.manual_seed(0)
        model, _ = build(architecture, space, texts=little_corpus.texts("train"))
        queries.append(model.get_parameter("head.queries").detach())
    assert 0 < queries[1][0].norm() < queries[0][0].norm()
    assert queries[1][1:].norm(dim=1).std() < 1e-4


@pytest.mark.parametrize("head", [HEADS["titles"], HEADS["cross"]])
def test_a_start_from_titles_is_refused_where_no_code_has_one(little_corpus: Corpus, head: TokenHead) -> None:
    labels = LabelSpace.of(little_corpus)
    head.require_labels(labels)
    with pytest.raises(ModelError, match=r"needs titles, but none of the 6 codes has one.*--titles"):
        head.require_labels(replace(labels, titles=(None,) * len(labels.codes)))


def test_the_vector_of_a_category_is_the_mean_of_its_codes(little_corpus: Corpus) -> None:
    code = little_corpus.codes[0]
    codes = [replace(code, value=value) for value in ("E11.9", "I10", "E11.65")]
    vectors = torch.tensor([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]])
    half = 0.5**0.5
    expected = torch.tensor([[half, half], [0.6, 0.8], [half, half]])
    torch.testing.assert_close(mean_of_category(codes, vectors), expected)


def test_a_single_segment_is_still_a_piece_that_the_pooled_head_refuses() -> None:
    reading = {"kind": "segments", "segment_tokens": 64, "max_tokens": 64}
    with pytest.raises(ValidationError, match="head pooled needs a note in one piece"):
        tiny(reading=reading, head={"kind": "pooled"})


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (lambda: LabelAttentionHead(start="titles"), "start=titles needs keys=linear"),
        (lambda: LabelCrossAttentionHead(prior_bias=True), "prior_bias needs output=own"),
    ],
)
def test_fields_that_contradict_each_other_are_refused(head: Any, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        head()
