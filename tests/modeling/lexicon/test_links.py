"""From words of notes to stems of titles."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from clem_icd.icd import Code, CodeSystem
from clem_icd.modeling.lexicon.language import Language
from clem_icd.modeling.lexicon.links import Links
from clem_icd.modeling.lexicon.titles import Name, TitleIndex
from clem_icd.modeling.lexicon.translation import Translation
from clem_icd.modeling.lexicon.words import read_words

TITLES = ["pneumonia", "fever", "kidney failure"]


def index_of(titles: list[str]) -> TitleIndex:
    return TitleIndex.of(Name(Code("I10", CodeSystem.ICD10CM), title, "en") for title in titles)


def linked(links: Links, word: str, language: Language) -> dict[str, Any]:
    """How far a word of a note stands for each word of the titles."""
    [row] = links.of(read_words(word, language)).toarray()
    names = {int(read_words(word, "en").stems[0]): word for title in TITLES for word in title.split()}
    return {
        names[stem]: pytest.approx(value)
        for stem, value in zip(links.sets.stems.tolist(), row.tolist(), strict=True)
        if value
    }


def test_a_word_stands_for_itself_and_less_so_for_a_cognate() -> None:
    index = index_of(TITLES)
    links = Links.to(index.sets, index.roots)
    assert linked(links, "fever", "en") == {"fever": 1.0}
    assert linked(links, "neumonía", "es") == {"pneumonia": 0.8}
    assert linked(links, "riñón", "es") == {}


def test_the_highest_link_counts() -> None:
    index = index_of(TITLES)
    [stem] = read_words("neumonía", "es").stems
    [pneumonia] = read_words("pneumonia", "en").stems
    [unknown] = read_words("unknown", "en").stems
    learned = Translation(
        np.array([stem, stem], dtype=np.uint64),
        np.array([pneumonia, unknown], dtype=np.uint64),
        np.array([0.2, 0.9], dtype=np.float32),
    )
    assert linked(Links.to(index.sets, index.roots, learned), "neumonía", "es") == {"pneumonia": 0.8}
    certain = Translation(learned.stems, learned.targets, np.array([0.45, 0.9], dtype=np.float32))
    assert linked(Links.to(index.sets, index.roots, certain), "neumonía", "es") == {"pneumonia": 0.9}


@pytest.mark.parametrize("text", ["", "qqq", "the"])
def test_a_note_without_known_words_has_no_links(text: str) -> None:
    index = index_of(TITLES)
    words = read_words(text, "en")
    matrix = Links.to(index.sets, index.roots).of(words)
    assert (matrix.shape, matrix.nnz) == ((len(words), 4), 0)


def test_there_may_be_no_titles() -> None:
    index = TitleIndex.of([])
    assert Links.to(index.sets, index.roots).of(read_words("fever", "en")).shape == (1, 0)
