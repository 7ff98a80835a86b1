"""Label attention over a tree: candidates, levels, the loss over candidates, and checkpoints."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoModelForSequenceClassification

from clem_icd.corpus import Corpus
from clem_icd.errors import ModelError
from clem_icd.explanation import Explainer
from clem_icd.icd import Code, CodeSystem
from clem_icd.modeling import (
    LOSSES,
    EncoderWithHead,
    LabelSpace,
    LabelTreeAttentionHead,
    NeuralSystem,
    build,
    load_model,
    save_model,
)
from clem_icd.modeling.heads.label_tree_attention import (
    NOT_A_CANDIDATE,
    LabelTreeAttention,
    node_targets,
)
from clem_icd.modeling.label_tree import LabelTree
from clem_icd.modeling.packing import can_pack
from support import info_of, make_note, tiny

WIDTH, LAST = 8, 3
VALUES = ("I10", "I48.91", "E11.9", "E11.65", "I48.0", "J18.9", "N17.9", "I50.9")
CODES = tuple(Code(value, CodeSystem.ICD10CM) for value in VALUES)
TREE = LabelTree.of(CODES)
SIZES = TREE.sizes
LABELS = LabelSpace(CODES, VALUES, np.array([9, 2, 5, 1, 0, 3, 4, 2]), 20)


def new_module(level: int = LAST, *, threshold: float = 0.5, keys: bool = True) -> LabelTreeAttention:
    """Return a module with random weights of which some levels have begun."""
    torch.manual_seed(1)
    module = LabelTreeAttention(WIDTH, TREE, tanh_keys=keys, dropout=0.0, threshold=threshold)
    with torch.no_grad():
        module.level.fill_(level)
        for parameter in module.parameters():
            parameter.add_(torch.randn_like(parameter))
    return module.eval()


def batch_of(*lengths: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return random vectors and the mask of notes, padded with vectors that must not matter."""
    hidden = torch.randn(len(lengths), max(lengths), WIDTH, generator=torch.Generator().manual_seed(0))
    mask = (torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]).long()
    return hidden, mask


def candidates_of(logits: list[float], level: int, cut: float) -> set[int]:
    """Return the candidates of a level, as positions in it, from the logits of all nodes of a note."""
    if level == 0:
        return set(range(SIZES[0]))
    first = sum(SIZES[: level - 1])
    above = {node: logits[first + node] for node in candidates_of(logits, level - 1, cut)}
    predicted = {node for node, logit in above.items() if logit > cut} or {max(above, key=above.__getitem__)}
    return {node for node, parent in enumerate(TREE.parents[level - 1]) if parent in predicted}


@pytest.mark.parametrize("threshold", [0.5, 0.1, 0.999])
def test_only_children_of_predicted_nodes_are_scored(threshold: float) -> None:
    module = new_module(threshold=threshold)
    hidden, mask = batch_of(*range(1, 9))
    every = module.logits(hidden, mask).detach()
    scores = module(hidden, mask).detach()
    found = 0
    for note, logits in enumerate(every.tolist()):
        candidates = candidates_of(logits, LAST, np.log(threshold / (1 - threshold)))
        assert candidates
        for label in range(len(CODES)):
            expected = logits[len(logits) - len(CODES) + label] if label in candidates else NOT_A_CANDIDATE
            assert scores[note, label] == pytest.approx(expected)
        found += len(candidates)
    assert len(scores) <= found < scores.numel()


def test_a_note_always_has_candidates() -> None:
    module = new_module(threshold=1 - 1e-9)
    hidden, mask = batch_of(*range(1, 9))
    chapters = module.logits(hidden, mask)[:, : SIZES[0]]
    assert (chapters < module.cut).all()
    assert (module(hidden, mask) != NOT_A_CANDIDATE).any(dim=1).all()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 20), min_size=1, max_size=5), st.integers(0, LAST), st.booleans())
def test_padding_batch_mates_and_order_change_no_logit(lengths: list[int], level: int, keys: bool) -> None:
    module = new_module(level, keys=keys)
    hidden, mask = batch_of(*lengths)
    together = module(hidden, mask).detach()
    for row, length in enumerate(lengths):
        alone = module(hidden[row : row + 1, :length], mask[row : row + 1, :length]).detach()
        torch.testing.assert_close(together[row], alone[0], rtol=1e-5, atol=1e-5)
    backwards = module(hidden.flip(0), mask.flip(0)).detach().flip(0)
    torch.testing.assert_close(backwards, together, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("level", range(LAST))
def test_a_level_starts_with_the_scores_of_its_parents(level: int) -> None:
    module = new_module(level)
    hidden, mask = batch_of(4, 7, 9)
    before = module(hidden, mask).detach()
    module.begin(level + 1, with_bias=True)
    assert int(module.level) == level + 1
    after = module(hidden, mask).detach()
    candidates = after != NOT_A_CANDIDATE
    assert candidates.any(dim=1).all()
    torch.testing.assert_close(after[candidates], before[candidates])


def test_a_level_that_has_begun_does_not_begin_again() -> None:
    module = new_module(2)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    for level in range(3):
        module.begin(level, with_bias=True)
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())


def test_attention_weights_are_those_of_the_codes() -> None:
    module = new_module(threshold=1e-9)
    hidden, mask = batch_of(6, 3)
    weights = module.attention(hidden, mask, [3, 1])
    gathered = module.gather(hidden, mask)[:, [sum(SIZES[:-1]) + 3, sum(SIZES[:-1]) + 1]]
    torch.testing.assert_close(weights @ module.values(hidden), gathered, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("level", range(LAST + 1))
@pytest.mark.parametrize("threshold", [0.5, 1e-9])
def test_candidates_are_explained_by_the_node_that_scores_them(level: int, threshold: float) -> None:
    module = new_module(level, threshold=threshold).double()
    hidden, mask = batch_of(6, 3)
    hidden = hidden.double()
    labels = [7, 0, 3, 2]
    logits = module(hidden, mask)[:, labels]
    torch.testing.assert_close(module.logits_of(hidden, mask, labels), logits)
    candidates = logits != NOT_A_CANDIDATE
    assert candidates.all() == (level == 0 or threshold < 0.5)
    weights = module.attention(hidden, mask, labels)
    torch.testing.assert_close(weights.sum(dim=-1), candidates.double())
    parts = module.contributions(hidden, mask, labels)
    assert not parts[~candidates].any()
    torch.testing.assert_close(module.attention_times_gradient(hidden, mask, labels), parts)
    rest = logits - parts.sum(dim=-1)
    for row in range(len(labels)):
        own = rest[:, row][candidates[:, row]]
        torch.testing.assert_close(own, own[:1].expand_as(own))


def targets_of(*notes: set[str]) -> torch.Tensor:
    return torch.tensor([[float(value in note) for value in VALUES] for note in notes])


def test_all_ancestors_of_a_gold_code_are_true() -> None:
    targets = targets_of({"E11.65"}, {"I48.91", "I48.0", "J18.9"}, set())
    chapters, blocks, categories, codes = torch.split(node_targets(TREE, targets), list(SIZES), dim=1)
    assert chapters.tolist() == [[0, 1, 0, 0], [1, 0, 1, 0], [0, 0, 0, 0]]
    assert blocks.tolist()[:2] == [[0, 0, 1, 0, 0], [0, 1, 0, 1, 0]]
    assert categories.tolist()[:2] == [[0, 0, 1, 0, 0, 0], [0, 1, 0, 1, 0, 0]]
    assert torch.equal(codes, targets)


@pytest.mark.parametrize("kind", [kind for kind in LOSSES.kinds if not kind.startswith("toy-")])
@pytest.mark.parametrize("level", [0, 2, LAST])
def test_only_candidates_have_a_loss_even_where_a_code_is_gold(kind: str, level: int) -> None:
    loss = LOSSES.parse(kind)
    assert loss is not None
    function = LabelTreeAttentionHead().loss_function(loss, LABELS)
    module = new_module(level).train()
    hidden, mask = batch_of(4, 7, 9)
    logits = module(hidden, mask)
    candidates = ~logits.isneginf()
    targets = targets_of(set(VALUES), {"I10"}, {"E11.65", "N17.9"})
    truth = node_targets(TREE, targets)
    begun = sum(SIZES[: level + 1])
    assert not candidates[:, begun:].any()
    assert level == 0 or (truth.bool() & ~candidates)[:, :begun].any(), "some gold node is no candidate"

    found = function(logits, targets)
    (gradient,) = torch.autograd.grad(found, logits)
    assert not gradient[~candidates].any()
    assert gradient[candidates].count_nonzero() > candidates.sum() / 2

    # The loss of all nodes, without the terms of those that are not candidates.
    counts = np.rint(TREE.frequencies(LABELS.counts / 20) * 20).astype(np.int64)
    of_nodes = loss.function(counts)
    other = logits.detach().masked_fill(~candidates, -100.0)
    torch.testing.assert_close(found.detach(), of_nodes(other, truth * candidates), rtol=0, atol=1e-7)
    assert found.item() > 1e-4


def test_outside_of_training_the_loss_is_that_of_the_codes() -> None:
    loss = LOSSES.parse("bce")
    assert loss is not None
    hidden, mask = batch_of(4, 7)
    logits, targets = new_module()(hidden, mask), targets_of({"I10"}, {"N17.9"})
    found = LabelTreeAttentionHead().loss_function(loss, LABELS)(logits, targets)
    torch.testing.assert_close(found, loss.function(LABELS.counts)(logits, targets))


def test_validation_metrics_count_the_candidates() -> None:
    logits = np.array([[0.5, NOT_A_CANDIDATE, -20.0], [NOT_A_CANDIDATE, 1.0, -9.1]], dtype=np.float32)
    targets = np.array([[True, True, False], [False, True, True]])
    found = LabelTreeAttentionHead().validation_metrics(logits, targets)
    assert found == {"candidate_recall": 0.75, "candidates_per_note": 2.0}


def built(
    corpus: Corpus, head: LabelTreeAttentionHead, **choices: Any
) -> tuple[EncoderWithHead, NeuralSystem]:
    architecture = tiny(**{"max_tokens": 128, "head": head, **choices})
    torch.manual_seed(0)
    model, tokenizer = build(architecture, LabelSpace.of(corpus), texts=corpus.texts("train"))
    assert isinstance(model, EncoderWithHead)
    return model, NeuralSystem(model, tokenizer, architecture.reading)


def with_decided_parents(model: EncoderWithHead) -> EncoderWithHead:
    """Begin all levels, with parents far from the threshold and larger weights."""
    head = model.head
    assert isinstance(head, LabelTreeAttention)
    with torch.no_grad():
        head.level.fill_(LAST)
        head.classifier.weight.add_(torch.randn_like(head.classifier.weight))
        inner = sum(head.sizes[:-1])
        head.classifier.bias[:inner] = torch.tensor([9.0, -9.0, 9.0, 9.0] * inner)[:inner]
    return model


TEXTS = [make_note(number).text * (1 + number % 3) for number in range(9)]


def scores(system: NeuralSystem, texts: list[str]) -> np.ndarray[Any, Any]:
    return np.stack([note.probabilities for note in system.score(texts)])


@pytest.mark.parametrize("reading", ["whole", "segments"])
def test_a_checkpoint_scores_the_same_whatever_the_batch(
    little_corpus: Corpus, tmp_path: Path, reading: str
) -> None:
    choices = {"kind": reading, "max_tokens": 128}
    if reading == "segments":
        choices["segment_tokens"] = 16
    head = LabelTreeAttentionHead(prior_bias=True, level_epochs=(2, 1, 1))
    model, system = built(little_corpus, head, reading=choices)
    with_decided_parents(model)
    assert can_pack(model, system.reading) == (reading == "whole")
    save_model(system, info_of(little_corpus, tiny(head=head, reading=choices)), tmp_path / "model")
    loaded, _ = load_model(tmp_path / "model")
    assert isinstance(loaded, NeuralSystem)
    expected = scores(system, TEXTS)
    assert (expected < 0.0002).any()
    assert expected.std() > 0.001
    np.testing.assert_allclose(scores(loaded, TEXTS), expected, atol=1e-6)
    alone = np.concatenate([scores(loaded, [text]) for text in TEXTS])
    np.testing.assert_allclose(alone, expected, atol=1e-5)
    again = AutoModelForSequenceClassification.from_pretrained(tmp_path / "model", dtype=torch.float32)
    assert torch.equal(again.head.parents, model.get_buffer("head.parents"))
    batch = system.reading.arrange([np.arange(5, 30, dtype=np.int32)], 3)
    with torch.inference_mode():
        torch.testing.assert_close(again(**batch).logits, model(**batch).logits, rtol=0, atol=1e-6)


def test_bf16_comes_close(little_corpus: Corpus) -> None:
    model, system = built(little_corpus, LabelTreeAttentionHead())
    with_decided_parents(model)
    batch = system.reading.arrange([np.arange(5, 30, dtype=np.int32)], 3)
    with torch.inference_mode():
        single = model(**batch).logits
        with torch.autocast("cpu", dtype=torch.bfloat16):
            mixed = model(**batch).logits
    assert (single == NOT_A_CANDIDATE).any()
    torch.testing.assert_close(mixed.float(), single, rtol=0.1, atol=0.1)


def test_a_code_that_is_not_a_candidate_has_no_evidence(little_corpus: Corpus) -> None:
    model, system = built(little_corpus, LabelTreeAttentionHead())
    with_decided_parents(model)
    [probabilities] = scores(system, TEXTS[:1])
    explanations = Explainer(system, info_of(little_corpus), "input-x-gradient").explain(
        TEXTS[0], little_corpus.codes
    )
    for probability, one in zip(probabilities, explanations, strict=True):
        assert one.weights.any() == (probability > 0.0002)


def test_with_a_prior_bias_each_node_keeps_its_own(little_corpus: Corpus) -> None:
    labels = LabelSpace.of(little_corpus)
    head = LabelTreeAttentionHead(prior_bias=True)
    model, _ = built(little_corpus, head)
    bias = model.get_parameter("head.classifier.bias").detach().clone()
    np.testing.assert_allclose(bias[-len(labels.codes) :], labels.log_odds, rtol=1e-5)
    assert (bias[0] > bias[-len(labels.codes) :]).all(), "circulatory diseases are more frequent than I10"
    for epoch, level in enumerate([0, 1, 2, 2, 3, 3]):
        line = head.begin_epoch(model, epoch)
        assert int(model.get_buffer("head.level")) == level
        assert (line is not None) == (epoch in (1, 2, 4))
    assert torch.equal(model.get_parameter("head.classifier.bias"), bias)
    queries = model.get_parameter("head.queries")
    tree = LabelTree.of(labels.codes)
    assert torch.equal(queries[-len(labels.codes)], queries[sum(tree.sizes[:2]) + tree.parents[2][0]])


def test_codes_without_a_hierarchy_are_refused() -> None:
    head = LabelTreeAttentionHead()
    head.require_labels(LABELS)
    mixed = (Code("99213", CodeSystem.CPT), *CODES[1:])
    head.require_labels(replace(LABELS, codes=mixed))
    alone = tuple(Code(f"9921{digit}", CodeSystem.CPT) for digit in range(8))
    with pytest.raises(
        ModelError, match=r"none of the 8 codes \(cpt\) is in a chapter.*Set head=label-attention"
    ):
        head.require_labels(replace(LABELS, codes=alone))
