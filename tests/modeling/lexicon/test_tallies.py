"""Numbers of notes with phrases and codes, compared with a count by loops."""

from __future__ import annotations

import itertools
from dataclasses import fields

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from clem_icd.modeling.lexicon.collecting import Annotation, CodedNote
from clem_icd.modeling.lexicon.phrases import Phrases
from clem_icd.modeling.lexicon.tallies import Tallies, sum_of, tally
from modeling.lexicon.test_coverage import note

CODES = 3
STEMS = st.integers(1, 4)
PHRASES = st.lists(STEMS, min_size=1, max_size=3).map(tuple)
PAIRS = st.lists(st.tuples(PHRASES, st.integers(0, CODES - 1)), max_size=6)
NOTES = st.lists(
    st.tuples(
        st.lists(st.tuples(STEMS, st.booleans()), max_size=8), st.sets(st.integers(0, 2)), st.integers(0, 3)
    ),
    min_size=1,
    max_size=8,
)


@settings(deadline=None, max_examples=40)
@given(NOTES, PAIRS, st.data())
def test_tallies_are_those_of_a_count_by_loops(
    drawn: list[tuple[list[tuple[int, bool]], set[int], int]],
    pairs: list[tuple[tuple[int, ...], int]],
    data: st.DataObject,
) -> None:
    notes = [CodedNote(note(words), np.array(sorted(codes), dtype=np.int64)) for words, codes, _ in drawn]
    folds = np.array([fold for _, _, fold in drawn])
    phrases = Phrases.of(pairs)
    places = {
        stems: int(np.flatnonzero(phrases.numbers == Phrases.of([(stems, 0)]).numbers)[0])
        for stems, _ in pairs
    }
    marks = (
        data.draw(st.lists(st.tuples(st.sampled_from(pairs), st.integers(0, len(notes) - 1)), max_size=5))
        if pairs
        else []
    )
    annotations = [Annotation(stems, number, code) for (stems, code), number in marks]
    matches = [phrases.found_in(one.words, loose=True) for one in notes]
    by_fold = tally(phrases, notes, matches, annotations, folds, CODES)

    for fold, found in enumerate(by_fold):
        rows = np.flatnonzero(folds == fold).tolist()
        exact = {row: set(matches[row].exact.phrases.tolist()) for row in rows}
        loose = {row: exact[row] | set(matches[row].scattered.phrases.tolist()) for row in rows}
        gold = {row: drawn[row][1] for row in rows}
        assert found.notes.tolist() == [len(rows)]
        assert found.with_code.tolist() == [sum(code in gold[row] for row in rows) for code in range(CODES)]
        every = list(zip(phrases.of_pair.tolist(), phrases.codes.tolist(), strict=True))
        for having, counts, both in (
            (exact, found.exact, found.exact_both),
            (loose, found.scattered, found.scattered_both),
        ):
            assert counts.tolist() == [sum(p in having[row] for row in rows) for p in range(len(phrases))]
            assert both.tolist() == [
                sum(p in having[row] and c in gold[row] for row in rows) for p, c in every
            ]
        marked = {(places[one.stems], one.code, one.note) for one in annotations}
        assert found.annotated.tolist() == [sum((p, c, row) in marked for row in rows) for p, c in every]

    for left_out, part in itertools.product(range(len(by_fold)), fields(Tallies)):
        others = [one for fold, one in enumerate(by_fold) if fold != left_out]
        if others:
            without = sum_of(by_fold).without(by_fold[left_out])
            assert getattr(without, part.name).tolist() == getattr(sum_of(others), part.name).tolist()
