from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch

from clem_icd.corpus import Corpus
from clem_icd.errors import InputError
from clem_icd.explanation import Explainer, Explanation
from clem_icd.explanation.explaining import parse_method
from clem_icd.explanation.methods.input_x_gradient import InputTimesGradient
from clem_icd.icd import Code, CodeSystem
from clem_icd.modeling import NeuralSystem
from support import info_of, make_note, new_system, tiny

NOTE = make_note(3)


def explained(
    system: NeuralSystem, corpus: Corpus, codes: Sequence[Code], method: str | None = None
) -> list[Explanation]:
    return Explainer(system, info_of(corpus), method).explain(NOTE.text, codes)


@pytest.fixture(scope="module")
def system(little_corpus: Corpus) -> NeuralSystem:
    return new_system(little_corpus)


def test_weights_are_the_norm_of_embedding_times_gradient(
    system: NeuralSystem, little_corpus: Corpus
) -> None:
    """Compared with finite differences along every axis of an embedding."""
    [note] = system.reading.read(system.tokenizer, [NOTE.text])
    weights = InputTimesGradient().weights(system, note, [2])[0]
    ids = torch.from_numpy(note.ids.astype(np.int64))[None]
    step = 1e-3
    try:
        exact = system.model.double()
        with torch.no_grad():
            embeddings = exact.get_input_embeddings()(ids)
            for place in (1, len(note.ids) // 2):
                products = []
                for axis in range(embeddings.shape[-1]):
                    move = torch.zeros_like(embeddings)
                    move[0, place, axis] = step
                    above, below = (
                        exact(inputs_embeds=embeddings + sign * move).logits[0, 2] for sign in (1, -1)
                    )
                    products.append(float((above - below) / (2 * step) * embeddings[0, place, axis]))
                assert weights[place] == pytest.approx(np.linalg.norm(products), rel=1e-3)
    finally:
        system.model.float()


def test_weights_of_a_code_are_independent_of_other_explained_codes(
    system: NeuralSystem, little_corpus: Corpus
) -> None:
    codes = little_corpus.codes[:3]
    together = explained(system, little_corpus, codes)
    for code, one in zip(codes, together, strict=True):
        [alone] = explained(system, little_corpus, [code])
        assert alone.code == one.code == code
        np.testing.assert_allclose(alone.weights, one.weights, rtol=1e-4, atol=1e-8)
    assert not np.allclose(together[0].weights, together[1].weights)


def test_only_tokens_that_were_read_are_explained(little_corpus: Corpus) -> None:
    short = new_system(little_corpus, tiny(12))
    [one] = explained(short, little_corpus, little_corpus.codes[:1])
    assert len(one.weights) == 10
    assert one.offsets[0, 0] == 0


def test_a_code_outside_the_label_space_is_refused(system: NeuralSystem, little_corpus: Corpus) -> None:
    with pytest.raises(InputError, match=r"Z99\.9 \(icd10cm\) is not one of the model's 6 codes"):
        explained(system, little_corpus, [Code("Z99.9", CodeSystem.ICD10CM)])


def test_an_unknown_method_suggests_the_closest_one(system: NeuralSystem, little_corpus: Corpus) -> None:
    with pytest.raises(InputError, match="did you mean input-x-gradient"):
        explained(system, little_corpus, little_corpus.codes[:1], "input-x-gradeint")


@pytest.mark.parametrize(
    ("method", "words"),
    [
        (
            {"kind": "occlusion", "sentence": 2},
            r"method occlusion has no setting 'sentence'\. Its settings are sentences, .*; see docs/",
        ),
        ({"kind": "coefficients", "cut": 1}, r"coefficients has no setting 'cut'\. It has no settings\."),
        (
            {"kind": "occlusion", "sentences": 0},
            r"method occlusion: sentences: .* greater than or equal to 1",
        ),
    ],
)
def test_a_setting_that_a_method_does_not_take_is_refused(method: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        parse_method(method)
