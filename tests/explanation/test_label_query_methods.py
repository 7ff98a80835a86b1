"""Methods for label attention, compared with what they are defined by."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from clem_icd.explanation import NeuralMethod
from clem_icd.explanation.methods import label_query_method
from clem_icd.explanation.methods.att_grad import AttentionTimesGradient
from clem_icd.explanation.methods.att_in_grad import AttInGrad
from clem_icd.explanation.methods.attention import Attention
from clem_icd.explanation.methods.contributions import Contributions
from clem_icd.explanation.methods.input_x_gradient import InputTimesGradient
from clem_icd.explanation.methods.neural_method import batch_of
from clem_icd.modeling import NeuralSystem
from clem_icd.modeling.readings import ReadNote
from support import LargestTensor, make_note

LABELS = [4, 0, 2]
METHODS = (Attention(), Contributions(), AttentionTimesGradient(), AttInGrad())
SEPARATE = ["label-attention", "cross-attention", "segments", "label-tree"]
each_system = pytest.mark.parametrize("name", SEPARATE)


@pytest.fixture
def system(systems: dict[str, NeuralSystem], name: str) -> NeuralSystem:
    return systems[name]


@pytest.fixture
def note(system: NeuralSystem) -> ReadNote:
    [read] = system.reading.read(system.tokenizer, [make_note(3).text])
    return read


@each_system
def test_attention_sums_to_one_over_what_was_read(system: NeuralSystem, note: ReadNote) -> None:
    weights = Attention().weights(system, note, LABELS)
    assert (weights >= 0).all()
    np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-5)


def test_attention_to_padding_is_nobodys(systems: dict[str, NeuralSystem]) -> None:
    """As published, PLM-ICD attends to the padding of the last segment."""
    system = systems["segments-of-the-note"]
    [note] = system.reading.read(system.tokenizer, [make_note(3).text])
    assert len(note.ids) % 16
    weights = Attention().weights(system, note, LABELS)
    assert weights.shape == (3, len(note.ids))
    assert (weights.sum(axis=1) < 0.999).all()


@each_system
def test_contributions_sum_to_the_logit_less_a_constant(system: NeuralSystem, name: str) -> None:
    texts = [make_note(number).text for number in range(4)]
    rests = []
    for text in texts:
        [read] = system.reading.read(system.tokenizer, [text])
        with torch.inference_mode():
            logits = system.model(**batch_of(system, read)).logits[0, LABELS].numpy()
        rests.append(logits - Contributions().weights(system, read, LABELS).sum(axis=1))
        assert np.abs(logits).max() > 0.01
    np.testing.assert_allclose(rests, [rests[0]] * 4, atol=1e-5)


@each_system
def test_att_in_grad_is_the_product_of_its_parts(system: NeuralSystem, note: ReadNote) -> None:
    product = Attention().weights(system, note, LABELS) * InputTimesGradient().weights(system, note, LABELS)
    np.testing.assert_allclose(AttInGrad().weights(system, note, LABELS), product, rtol=1e-4, atol=1e-9)


@each_system
def test_att_grad_is_the_size_of_the_contributions_unless_these_are_normalised(
    system: NeuralSystem, note: ReadNote
) -> None:
    found = AttentionTimesGradient().weights(system, note, LABELS)
    sizes = np.abs(Contributions().weights(system, note, LABELS))
    assert (found >= 0).all()
    head = system.model.get_submodule("head")
    assert np.allclose(found, sizes, rtol=1e-4, atol=1e-7) == (not hasattr(head, "norm"))


@pytest.mark.parametrize("name", ["label-tree"])
@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.kind)
def test_a_code_that_is_no_candidate_has_no_weights(
    system: NeuralSystem, note: ReadNote, method: NeuralMethod, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = system.model.get_submodule("head")
    monkeypatch.setattr(head, "cut", 20.0)
    with torch.inference_mode():
        logits = system.model(**batch_of(system, note)).logits[0].numpy()
    weights = method.weights(system, note, range(len(logits)))
    np.testing.assert_array_equal(weights.any(axis=1), logits != -9.0)
    assert 0 < weights.any(axis=1).sum() < len(logits)


@pytest.mark.parametrize("name", ["label-attention", "cross-attention"])
@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.kind)
def test_many_labels_are_explained_in_chunks(
    system: NeuralSystem, note: ReadNote, method: NeuralMethod, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = list(range(6))
    expected = method.weights(system, note, labels)
    monkeypatch.setattr(label_query_method, "_LABELS_AT_ONCE", 4)
    np.testing.assert_allclose(method.weights(system, note, labels), expected, rtol=1e-4, atol=1e-8)


@pytest.mark.parametrize("name", ["label-attention", "cross-attention"])
@pytest.mark.parametrize("method", METHODS[:3], ids=lambda method: method.kind)
def test_no_vector_per_label_and_token_is_ever_held(
    system: NeuralSystem, note: ReadNote, method: NeuralMethod
) -> None:
    labels = list(range(6)) * 200
    with LargestTensor() as largest:
        method.weights(system, note, labels)
    width = system.model.get_parameter("head.queries").shape[1]
    assert largest.elements < 256 * len(note.ids) * width / 4
