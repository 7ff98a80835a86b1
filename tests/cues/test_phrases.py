from __future__ import annotations

import pytest

from clem_icd.cues.english import ENGLISH
from clem_icd.cues.phrases import PhraseTable, Trigger, Vocabulary
from clem_icd.cues.spanish import SPANISH
from clem_icd.cues.tokens import tokens_in


def table(*triggers: Trigger, stops: tuple[str, ...] = (), pseudo: tuple[str, ...] = ()) -> PhraseTable:
    """Return a table of a few phrases."""
    return PhraseTable(Vocabulary(triggers, stops, pseudo, {}, frozenset(), frozenset(), frozenset()))


def found(phrases: PhraseTable, text: str) -> list[str]:
    """Return the phrases in a text."""
    tokens = tokens_in(text)
    return [text[tokens.begins[one.first] : tokens.ends[one.last]] for one in phrases.matches(tokens)]


def test_the_longest_phrase_is_found_once() -> None:
    phrases = table(Trigger("negated", ("no", "no {evidence|sign} of"), forward=5), pseudo=("no change",))
    assert found(phrases, "No evidence of a, no\nsign  of b, no evidence, NO CHANGE, nothing") == [
        "No evidence of",
        "no\nsign  of",
        "no",
        "NO CHANGE",
    ]
    assert found(phrases, "no\n\nsign of b") == ["no"]


def test_a_phrase_listed_for_both_directions_has_both() -> None:
    phrases = table(
        Trigger("uncertain", ("?",), forward=5, items=2), Trigger("uncertain", ("?",), backward=4)
    )
    [match] = phrases.matches(tokens_in("a ? b"))
    assert (match.rule.forward, match.rule.backward, match.rule.items) == (5, 4, 2)


def test_a_phrase_with_two_meanings_is_refused() -> None:
    with pytest.raises(ValueError, match="the phrase 'no change' is listed with two meanings"):
        table(Trigger("negated", ("no change",), forward=5), pseudo=("no {change|increase}",))


@pytest.mark.parametrize("vocabulary", [ENGLISH, SPANISH])
def test_every_trigger_reaches_somewhere_and_no_phrase_is_empty(vocabulary: Vocabulary) -> None:
    assert PhraseTable(vocabulary).vocabulary is vocabulary
    for trigger in vocabulary.triggers:
        assert trigger.forward or trigger.backward
        assert trigger.phrases
