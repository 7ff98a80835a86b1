from __future__ import annotations

import pytest

from clem_icd.modeling import count_tokens
from clem_icd.speed.drawn_notes import DrawnNotes
from clem_icd.speed.model import Model

LENGTHS = (8, 31, 64, 200)


@pytest.mark.usefixtures("quick_notes")
def test_notes_have_exactly_as_many_tokens_as_asked_for(model: Model) -> None:
    texts = DrawnNotes(200, model.tokenizer).draw(LENGTHS)
    assert count_tokens(model.tokenizer, texts).tolist() == list(LENGTHS)


@pytest.mark.usefixtures("quick_notes")
def test_notes_have_exactly_as_many_words_as_asked_for() -> None:
    notes = DrawnNotes(200)
    assert [len(text.split()) for text in notes.draw(LENGTHS)] == list(LENGTHS)
    assert notes.tokens_per_word == 1


def test_notes_are_synthetic_and_the_same_each_time_but_differ_from_each_other() -> None:
    first, again = (DrawnNotes(300).draw([100] * 3) for _ in range(2))
    assert first == again
    assert len(set(first)) == 3


@pytest.mark.usefixtures("quick_notes")
def test_tokens_per_word_are_those_of_the_tokenizer(model: Model) -> None:
    notes = DrawnNotes(50, model.tokenizer)
    [text] = notes.draw([50])
    [tokens] = count_tokens(model.tokenizer, [text])
    assert notes.tokens_per_word == pytest.approx(tokens / len(text.split()), rel=0.4)
