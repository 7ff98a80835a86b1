"""Sets of stems in stretches of notes, compared with a computation by loops."""

from __future__ import annotations

import math
import resource
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from clem_icd.modeling.lexicon import coverage as module
from clem_icd.modeling.lexicon.coverage import StemSets, same_stems, stretches
from clem_icd.modeling.lexicon.words import Words

WORDS = st.lists(st.tuples(st.integers(1, 9), st.booleans()), max_size=25)
SETS = st.lists(st.sets(st.integers(1, 7), min_size=1, max_size=4), min_size=1, max_size=6)


def note(words: list[tuple[int, bool]]) -> Words:
    """A note of stems, of which some begin a sentence."""
    count = len(words)
    return Words(
        np.array([stem for stem, _ in words], dtype=np.uint64),
        np.zeros(count, dtype=np.uint64),
        np.arange(count, dtype=np.int64) * 2,
        np.arange(count, dtype=np.int64) * 2 + 1,
        np.cumsum([begins for _, begins in words], dtype=np.int64),
    )


def sets_of(sets: list[set[int]]) -> StemSets:
    return StemSets.of([np.array(sorted(one), dtype=np.uint64) for one in sets])


@given(WORDS, st.integers(1, 6), st.integers(1, 6))
def test_stretches_cover_every_word_and_never_cross_sentences(
    words: list[tuple[int, bool]], width: int, stride: int
) -> None:
    read = note(words)
    where = stretches(read, width, min(stride, width))
    covered: set[int] = set()
    for begin, end in zip(where.begins.tolist(), where.ends.tolist(), strict=True):
        assert 0 < end - begin <= width
        assert len(set(read.sentences[begin:end].tolist())) == 1
        covered.update(range(begin, end))
    assert covered == set(range(len(read)))


def rarities(sets: list[set[int]]) -> dict[int, float]:
    stems = set().union(*sets)
    having = {stem: sum(stem in one for one in sets) for stem in stems}
    return {stem: max(0.1, math.log((len(sets) + 1) / (count + 0.5))) for stem, count in having.items()}


@settings(deadline=None)
@given(WORDS, SETS, st.sampled_from([0.3, 0.5, 1.0]), st.integers(1, 4))
def test_found_sets_are_those_of_a_computation_by_loops(
    words: list[tuple[int, bool]], sets: list[set[int]], least: float, block: int
) -> None:
    read, indexed, rarity = note(words), sets_of(sets), rarities(sets)
    where = stretches(read, 4, 2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_BLOCK", block)
        found = indexed.found_in(read, where, same_stems(read, indexed), least)

    expected = {}
    for place, one in enumerate(sets):
        shares = [
            sum(rarity[stem] for stem in one & set(read.stems[begin:end].tolist()))
            / sum(rarity[stem] for stem in one)
            for begin, end in zip(where.begins, where.ends, strict=True)
        ]
        if shares and max(shares) > least - 1e-5:
            expected[place] = shares
    assert found.sets.tolist() == list(expected)
    for shares, share, stretch in zip(expected.values(), found.coverage, found.stretch, strict=True):
        assert share == pytest.approx(max(shares), abs=1e-5)
        assert shares[stretch] == pytest.approx(max(shares), abs=1e-5)


@settings(deadline=None)
@given(WORDS, SETS)
def test_spans_begin_and_end_with_words_of_the_set(
    words: list[tuple[int, bool]], sets: list[set[int]]
) -> None:
    read, indexed = note(words), sets_of(sets)
    where, links = stretches(read, 4, 2), same_stems(read, indexed)
    found = indexed.found_in(read, where, links, 0.3)
    begins, ends = indexed.spans_of(read, where, links, found)

    for place, stretch, begin, end in zip(found.sets, found.stretch, begins, ends, strict=True):
        first, last = where.begins[stretch], where.ends[stretch]
        own = [at for at in range(first, last) if int(read.stems[at]) in sets[place]]
        assert (begin, end) == (own[0], own[-1] + 1)


def test_a_linked_word_counts_as_far_as_it_stands_for_another() -> None:
    indexed = sets_of([{1, 2}])
    links: Any = csr_matrix(np.array([[1.0, 0.0], [0.0, 0.5]], dtype=np.float32))
    read = note([(1, True), (9, False)])
    found = indexed.found_in(read, stretches(read, 4, 2), links, 0.3)
    assert found.coverage.tolist() == [0.75]


def test_two_words_for_one_stem_count_once() -> None:
    indexed = sets_of([{1, 2}])
    links: Any = csr_matrix(np.array([[1.0, 0.0], [0.8, 0.0]], dtype=np.float32))
    read = note([(1, True), (9, False)])
    assert indexed.found_in(read, stretches(read, 4, 2), links, 0.3).coverage.tolist() == [0.5]


@pytest.mark.parametrize("words", [[], [(9, True)], [(8, True), (9, False)]], ids=["empty", "one", "unknown"])
@pytest.mark.parametrize("sets", [[{1, 2}, {3}], []], ids=["sets", "no sets"])
def test_a_note_without_known_stems_has_no_sets(words: list[tuple[int, bool]], sets: list[set[int]]) -> None:
    read, indexed = note(words), sets_of(sets)
    where, links = stretches(read, 8, 3), same_stems(read, indexed)
    found = indexed.found_in(read, where, links, 0.3)
    begins, ends = indexed.spans_of(read, where, links, found)
    assert [len(part) for part in (*found, begins, ends)] == [0, 0, 0, 0, 0]


def test_sizes_are_the_numbers_of_distinct_stems() -> None:
    assert sets_of([{1, 2, 3}, {2}]).sizes.tolist() == [3, 1]


def test_a_long_note_is_read_in_bounded_memory() -> None:
    # 40,000 stretches that each have a part of 1,500 sets: 60 million pairs at once would take 700 MB.
    indexed = sets_of([{1, 2, 3, 10 + place} for place in range(1500)])
    read = note([(1 + at % 3, False) for at in range(120_000)])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = indexed.found_in(read, stretches(read, 8, 3), same_stems(read, indexed), 0.01)
    assert len(found.sets) == 1500
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 < 250
