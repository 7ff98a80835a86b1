from __future__ import annotations

from dataclasses import replace
from typing import cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clem_icd.corpus import Corpus
from clem_icd.errors import ModelError
from clem_icd.explanation import Explainer
from clem_icd.explanation.methods.description_match import DescriptionMatch
from clem_icd.explanation.methods.random import Random
from clem_icd.icd import Code, CodeSystem
from clem_icd.modeling import ModelInfo, System
from support import info_of, new_system, tiny

# A baseline looks at the text and the labels alone.
NO_SYSTEM = cast(System, None)
TITLES = ("Essential (primary) hypertension", "Type 2 diabetes mellitus", "Acute kidney failures", None)


def info(corpus: Corpus) -> ModelInfo:
    codes = corpus.codes[: len(TITLES)]
    return replace(info_of(corpus, system="linear"), labels=codes, titles=TITLES)


def matched(corpus: Corpus, text: str, label: int, **fields: str) -> list[str]:
    method = DescriptionMatch.model_validate(fields)
    found = Explainer(NO_SYSTEM, info(corpus), method).weigh(text, [label])
    assert set(np.unique(found.weights)) <= {0, 1}
    return [text[begin:end] for begin, end in found.offsets[found.weights[0] > 0]]


def test_words_of_the_title_match_by_their_stems(little_corpus: Corpus) -> None:
    text = "HYPERTENSIONS, and an acute failure of the kidney; essentially well."
    assert matched(little_corpus, text, 0) == ["HYPERTENSIONS", "essentially"]
    assert matched(little_corpus, text, 2) == ["acute", "failure", "kidney"]


def test_function_words_and_numbers_of_a_title_never_match(little_corpus: Corpus) -> None:
    assert matched(little_corpus, "2 mg of it, type unknown", 1) == ["type"]


def test_a_word_with_several_stems_matches_once(little_corpus: Corpus) -> None:
    assert matched(little_corpus, "acute-kidney-failure", 2) == ["acute-kidney-failure"]


def test_words_of_another_language_are_reduced_to_its_stems(little_corpus: Corpus) -> None:
    spanish = replace(info(little_corpus), titles=("Insuficiencia renal aguda", None, None, None))
    text = "insuficiencias renales de la paciente"
    for language, words in (("es", 2), ("other", 0)):
        method = DescriptionMatch.model_validate({"language": language})
        found = Explainer(NO_SYSTEM, spanish, method).weigh(text, [0])
        assert found.weights.sum() == words


def test_a_code_without_a_title_has_no_description_to_match(little_corpus: Corpus) -> None:
    explainer = Explainer(NO_SYSTEM, info(little_corpus), "description-match")
    assert not explainer.weigh("none hypertension", [3]).weights.any()
    assert explainer.spans("hypertension", [3, 0])[0] == ()
    assert len(explainer.spans("hypertension", [3, 0])[1]) == 1


def test_a_model_without_titles_has_no_descriptions_to_match(little_corpus: Corpus) -> None:
    untitled = replace(info(little_corpus), titles=(None,) * 4)
    with pytest.raises(ModelError, match="needs titles, and none of the 4 codes has one"):
        Explainer(NO_SYSTEM, untitled, "description-match")


@settings(max_examples=100, deadline=None)
@given(text=st.text(alphabet="aB1é\u0301İß.-_ \n😀", max_size=40))
def test_baselines_weigh_words_of_any_text(little_corpus: Corpus, text: str) -> None:
    for kind in ("random", "description-match"):
        found = Explainer(NO_SYSTEM, info(little_corpus), kind).weigh(text, [0, 3])
        assert found.weights.shape == (2, len(found.offsets))
        assert (found.offsets[:, 0] < found.offsets[:, 1]).all()
        assert found.offsets.max(initial=0) <= len(text) == found.read


def test_random_weights_depend_on_text_code_and_seed_alone(little_corpus: Corpus) -> None:
    known = info(little_corpus)
    both = Explainer(NO_SYSTEM, known, "random").weigh("one two three", [1, 2]).weights
    alone = Explainer(NO_SYSTEM, known, "random").weigh("one two three", [2]).weights
    np.testing.assert_array_equal(alone, both[1:])
    shuffled = replace(known, labels=known.labels[::-1])
    np.testing.assert_array_equal(
        Explainer(NO_SYSTEM, shuffled, "random").weigh("one two three", [2]).weights, both[:1]
    )
    others = [
        Explainer(NO_SYSTEM, known, "random").weigh("one two four", [2]).weights,
        Explainer(NO_SYSTEM, known, Random(seed=1)).weigh("one two three", [2]).weights,
        Explainer(NO_SYSTEM, replace(known, labels=(Code("I10", CodeSystem.ICD10),) * 4), "random")
        .weigh("one two three", [2])
        .weights,
        both[:1],
    ]
    for other in others:
        assert not np.isclose(other, alone).any()


def test_random_weights_are_the_same_in_every_run(little_corpus: Corpus) -> None:
    known = replace(info(little_corpus), labels=(Code("I10", CodeSystem.ICD10CM),), titles=(None,))
    found = Explainer(NO_SYSTEM, known, "random").weigh("one two", [0]).weights
    np.testing.assert_allclose(found, [[0.0083370, 0.6916322]], atol=1e-6)


def test_random_weights_are_standard_normal_without_sign(little_corpus: Corpus) -> None:
    [found] = Explainer(NO_SYSTEM, info(little_corpus), "random").weigh("word " * 20_000, [0]).weights
    assert found.min() >= 0
    assert np.mean(found) == pytest.approx(np.sqrt(2 / np.pi), abs=0.01)
    assert np.mean(found**2) == pytest.approx(1, abs=0.02)


def test_a_baseline_weighs_only_what_a_neural_system_reads(little_corpus: Corpus) -> None:
    architecture = tiny(12)
    system = new_system(little_corpus, architecture)
    text = "hypertension " * 30
    explainer = Explainer(system, info_of(little_corpus, architecture), "random")
    found = explainer.weigh(text, [0])
    assert 0 < len(found.offsets) <= 10
    assert found.offsets[-1, 1] <= found.read < len(text)
    by_tokens = Explainer(system, explainer.info, "input-x-gradient").weigh(text, [0])
    assert found.read == by_tokens.read
