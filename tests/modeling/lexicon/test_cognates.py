"""Roots that cognates share."""

from __future__ import annotations

import pytest

from clem_icd.modeling.lexicon.cognates import root


@pytest.mark.parametrize(
    ("spanish", "english"),
    [
        ("neumonía", "pneumonia"),
        ("colecistitis", "cholecystitis"),
        ("hipertensión", "hypertension"),
        ("taquicardia", "tachycardia"),
        ("psoriasis", "psoriasis"),
        ("hemofilia", "haemophilia"),
    ],
)
def test_cognates_share_a_root(spanish: str, english: str) -> None:
    assert root(spanish) == root(english) != ""


@pytest.mark.parametrize(("one", "other"), [("hipertensión", "hypotension"), ("nephritis", "neuritis")])
def test_other_words_have_other_roots(one: str, other: str) -> None:
    assert root(one) != root(other)


@pytest.mark.parametrize("word", ["", "cyst", "mano", "12345", "b12345", "aaaaaaaa"])
def test_words_that_are_short_or_not_letters_have_no_root(word: str) -> None:
    assert root(word) == ""


def test_case_and_accents_make_no_difference() -> None:
    assert root("NEUMONÍA") == root("neumonia")
