"""The names of codes as sets of stems."""

from __future__ import annotations

import numpy as np
import pytest

from clem_icd.icd import Code, CodeSystem
from clem_icd.modeling.lexicon.titles import Name, TitleIndex, names_of
from clem_icd.modeling.lexicon.words import read_words

CM = CodeSystem.ICD10CM


@pytest.fixture(scope="module")
def icd10cm() -> list[Name]:
    return names_of(CM)


def owners_of(index: TitleIndex, text: str) -> list[list[str]]:
    """The codes of every set with exactly the stems of a text."""
    wanted = set(read_words(text, "en").stems.tolist())
    rows = index.sets.members.tocsr()
    return [
        [index.codes[owner].value for owner in index.owners[index.starts[place] : index.starts[place + 1]]]
        for place in range(rows.shape[0])
        if set(index.sets.stems[rows[place].indices].tolist()) == wanted
    ]


def test_names_of_icd10cm_are_titles_of_categories_and_codes_and_inclusion_terms(icd10cm: list[Name]) -> None:
    by_code: dict[str, list[str]] = {}
    for name in icd10cm:
        assert name.language == "en"
        by_code.setdefault(name.code.value, []).append(name.text)
    assert "Acute myocardial infarction" in by_code["I21"]
    assert "Myocardial infarction (acute)" in by_code["I21.9"]
    assert len(icd10cm) > 100_000


def test_words_that_only_tell_codes_apart_are_left_out_of_names(icd10cm: list[Name]) -> None:
    names = {name.code.value: name.text for name in reversed(icd10cm)}
    assert names["J18.9"] == "Pneumonia"
    assert names["I48.91"] == "atrial fibrillation"
    assert names["E11.9"] == "Type 2 diabetes mellitus without complications"
    assert names["S37.009A"] == "injury of kidney"


def test_a_code_system_without_packaged_titles_has_no_names() -> None:
    assert names_of(CodeSystem.CPT) == names_of(CodeSystem.ICD10) == []


def test_a_set_of_stems_has_all_codes_with_that_name() -> None:
    names = [
        Name(Code("I21.9", CM), "acute myocardial infarction", "en"),
        Name(Code("I21", CM), "Infarction, acute myocardial", "en"),
        Name(Code("I10", CM), "hypertension", "en"),
        Name(Code("I10", CM), "High blood pressure", "en"),
    ]
    index = TitleIndex.of(names)
    assert [code.value for code in index.codes] == ["I10", "I21", "I21.9"]
    assert owners_of(index, "acute myocardial infarction") == [["I21", "I21.9"]]
    assert owners_of(index, "high blood pressure") == [["I10"]]
    assert len(index.sets.weights) == 3


def test_names_of_users_may_be_in_another_language() -> None:
    index = TitleIndex.of([Name(Code("J18.9", CM), "Neumonía de la comunidad", "es")])
    assert set(index.sets.stems.tolist()) == set(read_words("neumonía comunidad", "es").stems.tolist())
    assert set(index.roots.tolist()) == set(read_words("neumonía comunidad", "es").roots.tolist())


def test_a_code_without_a_name_is_listed() -> None:
    plain = Code("99291", CodeSystem.CPT)
    index = TitleIndex.of([Name(Code("I10", CM), "hypertension", "en")], [plain])
    assert plain in index.codes
    assert index.codes.index(plain) not in index.owners


def test_a_name_of_function_words_alone_has_no_set() -> None:
    index = TitleIndex.of([Name(Code("I10", CM), "of the", "en")])
    assert (len(index.sets.weights), len(index.owners), len(index.codes)) == (0, 0, 1)


def test_stems_of_codes_are_those_of_all_their_names() -> None:
    names = [
        Name(Code("I10", CM), "hypertension", "en"),
        Name(Code("I10", CM), "High blood pressure", "en"),
        Name(Code("I95", CM), "low blood pressure", "en"),
    ]
    index = TitleIndex.of(names, [Code("Z00", CM)])
    matrix = index.stems_of_codes().toarray()
    texts = ("hypertension high blood pressure", "low blood pressure", "")
    expected = [np.isin(index.sets.stems, read_words(text, "en").stems).astype(float) for text in texts]
    assert matrix.tolist() == [row.tolist() for row in expected]


def test_an_index_of_nothing_is_empty() -> None:
    index = TitleIndex.of([])
    assert (index.codes, len(index.sets.weights), index.starts.tolist()) == ((), 0, [0])
    assert index.stems_of_codes().shape == (0, 0)
