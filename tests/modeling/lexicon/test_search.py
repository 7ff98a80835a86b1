"""Searching titles: order, spans, languages."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clem_icd.errors import InputError
from clem_icd.icd import Code, CodeSystem
from clem_icd.modeling import Explaining, NeuralSystem
from clem_icd.modeling.lexicon.language import LANGUAGES, Language
from clem_icd.modeling.lexicon.search import TitleSearch, open_title_search
from clem_icd.modeling.lexicon.title_files import read_titles_index
from clem_icd.modeling.lexicon.titles import TitleIndex
from modeling.lexicon.conftest import NAMES


def ranked(index: TitleIndex, text: str, language: Language = "en") -> list[str]:
    """The codes found, best first."""
    [scores] = TitleSearch.of(index, language).score([text])
    order = np.argsort(-scores.probabilities, kind="stable")
    return [index.codes[label].value for label in order if scores.probabilities[label] > 0]


def found_text(index: TitleIndex, text: str, code: str, language: Language = "en") -> list[str]:
    label = index.codes.index(Code(code, CodeSystem.ICD10CM))
    [spans] = TitleSearch.of(index, language).spans(text, [label])
    return [text[span.begin : span.end] for span in spans]


def test_a_code_whose_whole_title_is_there_comes_before_one_with_a_part(index: TitleIndex) -> None:
    assert ranked(index, "He has pneumonia.")[:2] == ["J18.9", "J15.1"]
    assert ranked(index, "Pneumonia due to pseudomonas.")[0] == "J15.1"


def test_of_codes_with_one_name_the_unspecified_one_comes_before_its_category(index: TitleIndex) -> None:
    assert ranked(index, "Acute myocardial infarction.")[:2] == ["I21.9", "I21"]


def test_words_that_stand_together_count_more(index: TitleIndex) -> None:
    search = TitleSearch.of(index, "en")
    close, far = search.score(
        ["acute kidney failure", "acute pain, swelling; the kidney hurts, he fears failure"]
    )
    label = index.codes.index(Code("N17.9", CodeSystem.ICD10CM))
    assert close.probabilities[label] > far.probabilities[label]


@pytest.mark.parametrize("text", ["", "of the", "zzzz", ". . ."])
def test_a_note_without_words_of_titles_has_no_codes(index: TitleIndex, text: str) -> None:
    assert ranked(index, text) == []
    assert TitleSearch.of(index, "en").spans(text, [0]) == [()]


def test_spans_are_the_words_in_the_raw_text(index: TitleIndex) -> None:
    text = "Fever.\n  Known ACUTE kidney\n failure, resolved"
    assert found_text(index, text, "N17.9") == ["ACUTE kidney\n failure"]
    assert found_text(index, text, "Z99.9") == []


def test_cognates_are_found_in_other_languages_only(index: TitleIndex) -> None:
    assert found_text(index, "Ingresa por neumonía.", "J18.9", "es") == ["neumonía"]
    assert ranked(index, "Ingresa por neumonía.", "en") == []


@given(
    st.lists(st.sampled_from([*" ".join(NAMES.values()).split(), "of", ".", "\n\n", "x"])).map(" ".join),
    st.sampled_from(LANGUAGES),
)
def test_scores_are_between_0_and_1_and_above_0_just_where_there_is_a_span(
    index: TitleIndex, text: str, language: Language
) -> None:
    search = TitleSearch.of(index, language)
    [scores] = search.score([text])
    spans = search.spans(text, range(len(index.codes)))
    assert scores.tokens is None
    for probability, found in zip(scores.probabilities.tolist(), spans, strict=True):
        assert 0 <= probability < 1
        assert (probability > 0) == bool(found)
        for span in found:
            assert 0 <= span.begin < span.end <= len(text)
            assert span.weight == probability


def test_a_search_is_saved_as_its_titles(index: TitleIndex, tmp_path: Path) -> None:
    TitleSearch.of(index, "en").save(tmp_path)
    assert ranked(read_titles_index(tmp_path), "acute pneumonia") == ranked(index, "acute pneumonia")


def test_no_code_is_ever_assigned(cache: Path) -> None:
    search, info = open_title_search(CodeSystem.ICD9PCS)
    [scores] = search.score(["Combined right and left heart cardiac catheterization"])
    best = int(scores.probabilities.argmax())
    assert (info.labels[best].value, info.titles[best]) == (
        "37.23",
        "Combined right and left heart cardiac catheterization",
    )
    assert not info.rule.decide(scores.probabilities[np.newaxis]).any()
    assert info.is_ranked


@pytest.mark.parametrize("system", [CodeSystem.CPT, CodeSystem.ICD10])
def test_a_code_system_without_titles_is_refused(system: CodeSystem) -> None:
    with pytest.raises(InputError, match=f"no titles of {system.value} are packaged"):
        open_title_search(system)


def test_a_search_knows_its_spans_and_a_neural_system_does_not(
    system: NeuralSystem, index: TitleIndex
) -> None:
    assert isinstance(TitleSearch.of(index, "en"), Explaining)
    assert not isinstance(system, Explaining)
