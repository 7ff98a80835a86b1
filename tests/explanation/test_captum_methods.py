"""Integrated gradients and KernelSHAP, compared with captum itself and by what their weights sum to."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from clem_icd.corpus import Corpus
from clem_icd.errors import MissingExtraError, NoteError
from clem_icd.explanation import METHODS, Explainer, Method, TokenWeights
from clem_icd.explanation.methods.embeddings import Embeddings
from clem_icd.explanation.methods.integrated_gradients import IntegratedGradients
from clem_icd.explanation.methods.kernel_shap import KernelShap
from clem_icd.explanation.methods.words_method import words_with_tokens
from clem_icd.explanation.words import words_of
from clem_icd.extras import optional
from clem_icd.modeling import LabelSpace, NeuralSystem, build
from support import info_of, new_system, tiny

TEXT = "the patient was seen. hypertension today\nquiet night"


@pytest.fixture(scope="module")
def system(little_corpus: Corpus) -> NeuralSystem:
    return new_system(little_corpus)


@pytest.fixture(scope="module")
def in_segments(little_corpus: Corpus) -> NeuralSystem:
    reading = {"kind": "segments", "max_tokens": 64, "segment_tokens": 8, "special_tokens": "segment"}
    architecture = tiny(head="label-attention", reading=reading)
    torch.manual_seed(0)
    model, tokenizer = build(architecture, LabelSpace.of(little_corpus), texts=little_corpus.texts("train"))
    return NeuralSystem(model, tokenizer, architecture.reading)


def weigh(system: NeuralSystem, corpus: Corpus, method: Method | str, labels: list[int]) -> TokenWeights:
    return Explainer(system, info_of(corpus), method).weigh(TEXT, labels)


def difference(system: NeuralSystem, label: int) -> float:
    """Return the logit of the note minus that of the note with every token masked."""
    embeddings = Embeddings.of(system, system.read(TEXT))
    with torch.no_grad():
        logits = embeddings.logits(torch.cat([embeddings.note, embeddings.baseline]))
    return float(logits[0, label] - logits[1, label])


@pytest.mark.parametrize("which", ["system", "in_segments"])
def test_summed_gradients_are_the_difference_of_the_logits(
    which: str, little_corpus: Corpus, request: pytest.FixtureRequest
) -> None:
    system = request.getfixturevalue(which)
    found = weigh(system, little_corpus, IntegratedGradients(combine="sum"), [1, 4])
    for row, label in enumerate([1, 4]):
        assert found.weights[row].sum() == pytest.approx(difference(system, label), rel=0.02)
    assert found.weights.min() < 0 < found.weights.max()


def test_norms_are_those_of_the_mean_gradient(system: NeuralSystem, little_corpus: Corpus) -> None:
    """By the midpoint rule in place of captum's."""
    embeddings = Embeddings.of(system, system.read(TEXT))
    mean = torch.zeros_like(embeddings.note)
    steps = 60
    for step in range(steps):
        at = embeddings.baseline + (embeddings.note - embeddings.baseline) * (step + 0.5) / steps
        at.requires_grad_()
        mean += torch.autograd.grad(embeddings.logits(at)[0, 2], at)[0] / steps
    found = weigh(system, little_corpus, "integrated-gradients", [2])
    np.testing.assert_allclose(found.weights[0], mean[0, 1:-1].norm(dim=-1).numpy(), rtol=0.02)


def test_the_baseline_keeps_special_tokens(in_segments: NeuralSystem) -> None:
    note = in_segments.read(TEXT)
    embeddings = Embeddings.of(in_segments, note)
    same = (embeddings.note == embeddings.baseline).all(dim=-1)[embeddings.mask.bool()].numpy()
    special = [in_segments.tokenizer.cls_token_id, in_segments.tokenizer.sep_token_id]
    np.testing.assert_array_equal(same, np.isin(note.ids, special))


@pytest.mark.parametrize("kind", ["integrated-gradients", "kernel-shap"])
def test_weights_are_independent_of_other_labels_and_of_the_batch(
    kind: str, system: NeuralSystem, little_corpus: Corpus
) -> None:
    method = METHODS.parse({"kind": kind, **({"steps": 10} if kind == "integrated-gradients" else {})})
    assert method is not None
    together = weigh(system, little_corpus, method, [0, 3])
    small = NeuralSystem(system.model, system.tokenizer, system.reading, batch_tokens=1)
    for row, label in enumerate([0, 3]):
        for one in (system, small):
            alone = weigh(one, little_corpus, method, [label])
            np.testing.assert_allclose(alone.weights[0], together.weights[row], atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("which", ["system", "in_segments"])
def test_shapley_values_are_those_of_captum_for_each_label(
    which: str, little_corpus: Corpus, request: pytest.FixtureRequest
) -> None:
    system = request.getfixturevalue(which)
    found = weigh(system, little_corpus, KernelShap(seed=7), [1, 4])
    note = system.read(TEXT)
    assert note.offsets is not None
    words, tokens = words_with_tokens(words_of(TEXT), note.offsets)

    def logits(chosen: torch.Tensor) -> torch.Tensor:
        """Return the logits of notes from which of their words are left [notes, labels]."""
        notes = np.repeat(note.ids[None], len(chosen), axis=0)
        for row, left in enumerate(chosen):
            for word, own in enumerate(tokens):
                if not left[word]:
                    notes[row, own] = system.tokenizer.mask_token_id
        with torch.no_grad():
            found: torch.Tensor = system.model(**system.reading.arrange(list(notes), 0)).logits
        return found

    everything, nothing = torch.ones(1, len(words)), torch.zeros(1, len(words))
    kept = note.offsets[:, 1] > note.offsets[:, 0]
    ours = np.zeros((2, len(note.ids)))
    ours[:, kept] = found.weights
    shap = optional("captum.attr", "The test").KernelShap(logits)
    for row, label in enumerate([1, 4]):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(7)
            theirs = shap.attribute(
                everything, nothing, label, n_samples=3 * len(words), perturbations_per_eval=8
            )[0]
        summed = np.array([ours[row, own].sum() for own in tokens])
        np.testing.assert_allclose(summed, theirs.numpy(), atol=2e-3, rtol=2e-3)
        difference = float((logits(everything) - logits(nothing))[0, label])
        assert summed.sum() == pytest.approx(difference, rel=1e-3, abs=1e-3)


def test_samples_depend_on_the_seed_and_leave_other_random_numbers_alone(
    system: NeuralSystem, little_corpus: Corpus
) -> None:
    state = torch.get_rng_state()
    first, again, other = (
        weigh(system, little_corpus, KernelShap(seed=seed), [0]).weights for seed in (0, 0, 1)
    )
    assert torch.equal(torch.get_rng_state(), state)
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)


def test_samples_are_those_of_the_seed_in_every_thread(system: NeuralSystem, little_corpus: Corpus) -> None:
    explainer = Explainer(system, info_of(little_corpus), KernelShap(samples_per_word=20))
    alone = explainer.weigh(TEXT, [0]).weights
    state = torch.get_rng_state()
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(lambda _: explainer.weigh(TEXT, [0]).weights, range(12)))
    finally:
        sys.setswitchinterval(interval)
    for weights in found:
        np.testing.assert_allclose(weights, alone, atol=1e-4)
    assert torch.equal(torch.get_rng_state(), state)


def test_weights_approach_shapley_values(system: NeuralSystem, little_corpus: Corpus) -> None:
    explainer = Explainer(system, info_of(little_corpus), KernelShap(samples_per_word=500))

    def logit(*left: str) -> float:
        note = system.read("quiet ward")
        assert note.offsets is not None
        ids = note.ids.copy()
        for word, (begin, end) in {"quiet": (0, 5), "ward": (6, 10)}.items():
            if word not in left:
                inside = (note.offsets[:, 1] > begin) & (note.offsets[:, 1] <= end)
                ids[inside] = system.tokenizer.mask_token_id
        with torch.no_grad():
            return float(system.model(**system.reading.arrange([ids], 0)).logits[0, 0])

    found = explainer.weigh("quiet ward", [0])
    quiet = found.weights[0, found.offsets[:, 1] <= 5].sum()
    first, second = logit("quiet") - logit(), logit("quiet", "ward") - logit("ward")
    assert abs(second - first) > 0.05
    assert quiet == pytest.approx((first + second) / 2, abs=0.05 * abs(second - first))


def test_a_single_word_and_none_are_explained(system: NeuralSystem, little_corpus: Corpus) -> None:
    explainer = Explainer(system, info_of(little_corpus), "kernel-shap")
    assert explainer.weigh("quiet", [0]).weights.sum() != 0
    assert explainer.weigh("", [0]).weights.shape == (1, 0)
    assert not explainer.weigh("...", [0]).weights.any()


@pytest.mark.parametrize("kind", ["integrated-gradients", "kernel-shap"])
def test_a_long_note_is_refused_with_the_reason(
    kind: str, system: NeuralSystem, little_corpus: Corpus
) -> None:
    explainer = Explainer(system, info_of(little_corpus), kind)
    with pytest.raises(NoteError, match=rf"and method {kind} explains at most 1,000: .* passes.*occlusion"):
        explainer.weigh("hypertension " * 2000, [0])


@pytest.mark.parametrize("kind", ["integrated-gradients", "kernel-shap"])
def test_without_captum_the_extra_is_named_before_any_note_is_read(
    kind: str, system: NeuralSystem, little_corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "captum", None)
    monkeypatch.setitem(sys.modules, "captum.attr", None)
    with pytest.raises(MissingExtraError, match=r"The method .* needs captum, .*clem-icd\[explain\]"):
        Explainer(system, info_of(little_corpus), kind)


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("integrated-gradients", {"steps": 0}),
        ("integrated-gradients", {"combine": "mean"}),
        ("kernel-shap", {"samples_per_word": 0}),
        ("kernel-shap", {"max_tokens": 0}),
        ("deep-lift", {"steps": 3}),
    ],
)
def test_invalid_fields_are_refused(kind: str, fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(fields))):
        METHODS.parse({"kind": kind, **fields})
