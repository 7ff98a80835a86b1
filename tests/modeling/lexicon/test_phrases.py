"""Phrases in notes, compared with a search by loops."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clem_icd.modeling.lexicon import phrases as module
from clem_icd.modeling.lexicon.grams import run_number
from clem_icd.modeling.lexicon.phrases import Matches, Phrases, nested
from clem_icd.modeling.lexicon.words import Words
from modeling.lexicon.test_coverage import note

STEMS = st.integers(1, 6)
NOTES = st.lists(st.tuples(STEMS, st.booleans()), max_size=25)
PAIRS = st.lists(st.tuples(st.lists(STEMS, min_size=1, max_size=4).map(tuple), st.integers(0, 3)), max_size=8)


def stems_of(phrases: Phrases, pairs: list[tuple[tuple[int, ...], int]]) -> dict[int, tuple[int, ...]]:
    """The stems of each phrase, in order, by its place."""
    return {
        int(np.flatnonzero(phrases.numbers == run_number(np.array(stems, dtype=np.uint64)))[0]): stems
        for stems, _ in pairs
    }


@given(PAIRS)
def test_phrases_have_the_codes_of_their_pairs(pairs: list[tuple[tuple[int, ...], int]]) -> None:
    phrases = Phrases.of(pairs)
    stems = stems_of(phrases, pairs)
    assert len(phrases) == len({one for one, _ in pairs}) == len(stems)
    found = [
        (stems[phrase], code) for phrase, code in zip(phrases.of_pair, phrases.codes.tolist(), strict=True)
    ]
    assert sorted(found) == sorted(set(pairs))
    assert phrases.lengths.tolist() == [len(stems[place]) for place in range(len(phrases))]
    assert (np.diff(phrases.numbers.astype(object)) > 0).all()
    places = np.arange(len(phrases))[::-1]
    of_place, of_pair = phrases.pairs_of(places)
    assert [
        (stems[places[place]], phrases.codes[pair]) for place, pair in zip(of_place, of_pair, strict=True)
    ] == [
        (stems[place], code)
        for place in places
        for code in sorted(c for one, c in set(pairs) if one == stems[place])
    ]


@given(PAIRS, st.data())
def test_some_pairs_make_the_phrases_that_they_would_make_alone(
    pairs: list[tuple[tuple[int, ...], int]], data: st.DataObject
) -> None:
    phrases = Phrases.of(pairs)
    stems = stems_of(phrases, pairs)
    chosen = data.draw(st.lists(st.booleans(), min_size=len(phrases.codes), max_size=len(phrases.codes)))
    kept, places = phrases.with_pairs(np.flatnonzero(chosen))
    alone = Phrases.of(
        (stems[phrases.of_pair[pair]], int(phrases.codes[pair])) for pair in np.flatnonzero(chosen)
    )
    assert phrases.numbers[places].tolist() == kept.numbers.tolist()
    for part in ("numbers", "lengths", "starts", "codes"):
        assert getattr(kept, part).tolist() == getattr(alone, part).tolist()
    for part in ("stems", "rarity", "weights"):
        assert getattr(kept.sets, part).tolist() == getattr(alone.sets, part).tolist()
    assert kept.sets.rows.toarray().tolist() == alone.sets.rows.toarray().tolist()


def exact_by_loops(words: Words, stems: dict[int, tuple[int, ...]]) -> set[tuple[int, int, int]]:
    numbers, sentences = words.stems.tolist(), words.sentences.tolist()
    return {
        (place, begin, begin + len(phrase))
        for place, phrase in stems.items()
        for begin in range(len(numbers) - len(phrase) + 1)
        if tuple(numbers[begin : begin + len(phrase)]) == phrase
        and len(set(sentences[begin : begin + len(phrase)])) == 1
    }


def best_share(words: Words, phrase: tuple[int, ...], rarity: dict[int, float]) -> float:
    """The largest share of a phrase in any stretch of a sentence that is looked through."""
    distinct, best = set(phrase), 0.0
    for sentence in set(words.sentences.tolist()):
        own = words.stems[words.sentences == sentence].tolist()
        for begin in range(0, len(own), module._STRIDE):
            there = distinct & set(own[begin : begin + module._WIDTH])
            best = max(best, sum(map(rarity.get, there)) / sum(map(rarity.get, distinct)))  # type: ignore[arg-type]
    return best


@settings(deadline=None)
@given(NOTES, PAIRS, st.sampled_from([(32, 16), (4, 2)]))
def test_matches_are_those_of_a_search_by_loops(
    words: list[tuple[int, bool]], pairs: list[tuple[tuple[int, ...], int]], window: tuple[int, int]
) -> None:
    read, phrases = note(words), Phrases.of(pairs)
    stems = stems_of(phrases, pairs)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_WIDTH", window[0])
        patch.setattr(module, "_STRIDE", window[1])
        found = phrases.found_in(read, loose=True)
        having = {stem: sum(stem in one for one in stems.values()) for stem in range(1, 7)}
        rarity = {
            stem: max(0.1, math.log((len(stems) + 1) / (count + 0.5))) for stem, count in having.items()
        }
        shares = {place: best_share(read, phrase, rarity) for place, phrase in stems.items()}

    exact = list(zip(found.exact.phrases, found.exact.begins, found.exact.ends, strict=True))
    assert len(exact) == len(set(exact))
    assert set(exact) == exact_by_loops(read, stems)
    assert (found.exact.coverage == 1).all()
    several = {place for place, phrase in stems.items() if len(phrase) > 1}
    assert found.scattered.phrases.tolist() == [p for p in sorted(several) if shares[p] > 0.9999]
    # Around the least share, rounding may decide.
    certain = [p for p in sorted(several) if 0.601 < shares[p] < 0.998]
    possible = [p for p in sorted(several) if 0.599 < shares[p] < 0.9999]
    assert set(certain) <= set(found.partial.phrases.tolist()) <= set(possible)
    for part in (found.scattered, found.partial):
        for place, begin, end, share in zip(*part, strict=True):
            inside = set(read.stems[begin:end].tolist()) & set(stems[place])
            assert len(set(read.sentences[begin:end].tolist())) == 1
            assert {int(read.stems[begin]), int(read.stems[end - 1])} <= set(stems[place])
            assert sum(map(rarity.get, inside)) / sum(  # type: ignore[arg-type]
                map(rarity.get, set(stems[place]))  # type: ignore[arg-type]
            ) == pytest.approx(share, abs=1e-4)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 4)), max_size=9))
def test_nested_matches_are_inside_longer_ones(spans: list[tuple[int, int]]) -> None:
    spans = list(dict.fromkeys(spans))
    begins = np.array([begin for begin, _ in spans], dtype=np.int64)
    ends = begins + np.array([length for _, length in spans], dtype=np.int64)
    matches = Matches(np.arange(len(spans)), begins, ends, np.ones(len(spans), dtype=np.float32))
    assert nested(matches).tolist() == [
        any(b <= begin and end <= e and (b, e) != (begin, end) for b, e in zip(begins, ends, strict=True))
        for begin, end in zip(begins, ends, strict=True)
    ]


def test_no_phrases_are_found_nowhere() -> None:
    for words in ([], [(1, True)]):
        found = Phrases.of([]).found_in(note(words), loose=True)
        assert [len(part.phrases) for part in found] == [0, 0, 0]


def test_runs_that_are_not_looked_for_in_part_are_found_word_by_word_alone() -> None:
    words = note([(2, True), (1, False), (1, True), (2, False), (3, False)])
    phrases = Phrases.of([((1, 2), 0), ((1, 2, 4), 1), ((4,), 2), ((4, 6), 3)])
    loose, strict = (phrases.found_in(words, loose=loose) for loose in (True, False))
    assert [len(part.phrases) for part in loose] == [1, 1, 1]
    assert [len(part.phrases) for part in strict] == [1, 0, 0]
    assert strict.exact.begins.tolist() == loose.exact.begins.tolist() == [2]


@pytest.mark.parametrize(("denied", "begin"), [([], 0), ([0], 2), ([2], 0), ([0, 2], 0)])
def test_of_equal_stretches_the_first_with_the_fewest_denied_words_counts(
    denied: list[int], begin: int
) -> None:
    words = note([(2, True), (1, False), (2, True), (1, False)])
    marks = np.isin(np.arange(4), denied)
    found = Phrases.of([((1, 2), 0)]).found_in(words, loose=True, denied=marks)
    assert found.scattered.begins.tolist() == [begin]
