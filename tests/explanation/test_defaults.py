"""Which method and which rule explain a model if none is named."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

import toys
from clem_icd.corpus import Corpus
from clem_icd.errors import InputError, ModelError
from clem_icd.explanation import Explainer, SpanRule, with_evidence
from clem_icd.explanation.defaults import default_method
from clem_icd.explanation.methods.input_x_gradient import InputTimesGradient
from clem_icd.modeling import LabelSpace, NeuralSystem, build
from fixtures.ranking import ExplainingSystem, RankingSystem, ranking_info
from support import info_of, new_system, tiny

RULE = SpanRule(cut=0.02, gap=0)


@pytest.fixture(scope="module")
def system(little_corpus: Corpus) -> NeuralSystem:
    return new_system(little_corpus)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ({"kind": "pooled", "pooling": "mean"}, "decomposition-x-saliency"),
        # A head that reads one token has nothing to decompose.
        ({"kind": "pooled", "pooling": "cls"}, "input-x-gradient"),
        ({"kind": "label-attention"}, "contributions"),
        ({"kind": "label-cross-attention"}, "contributions"),
        ({"kind": "label-tree-attention"}, "contributions"),
        ({"kind": "toy-max"}, "input-x-gradient"),
    ],
)
def test_the_head_decides_the_method_of_a_neural_system(
    head: dict[str, str], expected: str, little_corpus: Corpus
) -> None:
    architecture = tiny(head=head)
    model, tokenizer = build(architecture, LabelSpace.of(little_corpus), texts=little_corpus.texts("train"))
    system = NeuralSystem(model, tokenizer, architecture.reading)
    assert default_method(system, info_of(little_corpus, architecture)).kind == expected


def test_a_system_that_knows_its_spans_is_explained_by_them(little_corpus: Corpus) -> None:
    explainer = Explainer(ExplainingSystem(), ranking_info(little_corpus))
    assert (explainer.method.kind, explainer.name) == ("own", "lexicon")


def test_a_system_that_no_method_explains_is_refused(little_corpus: Corpus) -> None:
    with pytest.raises(ModelError, match="no method explains a lexicon system"):
        Explainer(RankingSystem(), ranking_info(little_corpus))


def test_a_method_has_its_own_rule_where_nothing_was_tuned(
    system: NeuralSystem, little_corpus: Corpus
) -> None:
    explainer = Explainer(system, info_of(little_corpus), "input-x-gradient")
    assert explainer.rule == InputTimesGradient.default_rule
    assert explainer.chosen == "the default of input-x-gradient"


def test_the_stored_method_and_its_rule_are_used_unless_others_are_asked_for(
    system: NeuralSystem, little_corpus: Corpus
) -> None:
    info = with_evidence(info_of(little_corpus), toys.Occlusion(), RULE, "tuned on validation")
    stored = Explainer(system, info)
    assert (stored.method, stored.rule, stored.chosen) == (toys.Occlusion(), RULE, "tuned on validation")
    assert Explainer(system, info, "toy-occlusion").rule == RULE
    other = Explainer(system, info, "input-x-gradient")
    assert other.rule == InputTimesGradient.default_rule
    given = Explainer(system, info, rule=SpanRule(most=1))
    assert (given.method.kind, given.rule, given.chosen) == ("toy-occlusion", SpanRule(most=1), "given")
    cut = Explainer(system, info, cut=0.3)
    assert (cut.rule, cut.chosen) == (SpanRule(cut=0.3, gap=0), "given")


@pytest.mark.parametrize("cut", [-0.1, 1.5, float("nan")])
def test_a_cut_that_is_no_share_is_refused(cut: float, system: NeuralSystem, little_corpus: Corpus) -> None:
    with pytest.raises(InputError, match=r"cut: .* Pass a share between 0 and 1"):
        Explainer(system, info_of(little_corpus), cut=cut)


def test_a_cut_is_refused_where_spans_are_taken_as_they_are(little_corpus: Corpus) -> None:
    with pytest.raises(InputError, match="method own takes spans as they are"):
        Explainer(ExplainingSystem(), ranking_info(little_corpus), cut=0.1)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"method": {"kind": "tea-leaves"}}, "there is no method 'tea-leaves'"),
        ({"method": {}}, "method has no kind"),
        ({"method": {"kind": "toy-occlusion", "size": 3}}, "evidence.method.size: Extra inputs"),
        ({"rule": {"cut": 7}}, "evidence.rule.cut: Input should be less than or equal to 1"),
    ],
)
def test_stored_evidence_that_this_release_does_not_know_is_refused_unless_a_method_is_named(
    changes: dict[str, Any], says: str, system: NeuralSystem, little_corpus: Corpus
) -> None:
    info = with_evidence(info_of(little_corpus), toys.Occlusion(), RULE, "tuned")
    assert info.evidence is not None
    damaged = replace(info, evidence={**info.evidence, **changes})
    with pytest.raises(ModelError, match="does not support") as caught:
        Explainer(system, damaged)
    assert says in str(caught.value)
    assert Explainer(system, damaged, "input-x-gradient").method == InputTimesGradient()


def test_a_method_that_does_not_fit_the_system_is_refused(
    system: NeuralSystem, little_corpus: Corpus
) -> None:
    with pytest.raises(ModelError, match="method own needs a system that takes codes from words"):
        Explainer(system, info_of(little_corpus, tiny()), "own")
    with pytest.raises(ModelError, match=r"input-x-gradient explains neural systems.*Choose from own, "):
        Explainer(ExplainingSystem(), ranking_info(little_corpus), "input-x-gradient")


@pytest.mark.parametrize("refused", ["own", "coefficients", "attention"])
def test_a_refusal_names_the_methods_that_explain_the_system(
    refused: str, system: NeuralSystem, little_corpus: Corpus
) -> None:
    info = info_of(little_corpus, tiny())
    with pytest.raises(ModelError, match="Choose from ") as caught:
        Explainer(system, info, refused)
    named = str(caught.value).split("Choose from ")[1].rstrip(".").split(", ")
    assert {"input-x-gradient", "occlusion", "decomposition-x-saliency"} <= set(named)
    assert not {"own", "coefficients", "attention"} & set(named)
    for kind in named:
        Explainer(system, info, kind)
