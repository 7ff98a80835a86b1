"""Collecting phrases: from spans, from names, and from runs that predict a code."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clem_icd.corpus import Evidence
from clem_icd.icd import Code
from clem_icd.modeling.lexicon import collecting
from clem_icd.modeling.lexicon.collecting import CodedNote, by_names, by_prediction, by_spans, predicts
from clem_icd.modeling.lexicon.fitting import TrainingNote, coded_notes
from clem_icd.modeling.lexicon.read_note import read_note
from clem_icd.modeling.lexicon.words import read_words
from modeling.lexicon.coded_notes import code, index

INDEX = index()


def note_of(text: str, *spans: tuple[Code, str | tuple[int, int]]) -> CodedNote:
    """A note with evidence, given by its words or by its offsets."""
    evidence = []
    for value, words in spans:
        begin, end = (text.index(words), text.index(words) + len(words)) if isinstance(words, str) else words
        evidence.append(Evidence(value, begin, end))
    codes = tuple({value for value, _ in spans})
    [note] = coded_notes([TrainingNote(text, codes, tuple(evidence))], [read_note(text, "en")], INDEX)
    return note


def marked_phrases(note: CodedNote) -> list[tuple[str, list[int]]]:
    return [(INDEX.codes[one.code].value, list(one.stems)) for one in by_spans([note]) if one.note == 0]


def stems(text: str) -> list[int]:
    numbers: list[int] = read_words(text, "en").stems.tolist()
    return numbers


TEXT = "Has pain in the left chest, and fever. No cough; pneumonia of the lung."


def test_a_span_is_the_phrase_of_its_content_words() -> None:
    note = note_of(TEXT, (code("R07.9"), "pain in the left chest"), (code("J18.9"), "pneumonia of the lung."))
    assert marked_phrases(note) == [
        ("R07.9", stems("pain left chest")),
        ("J18.9", stems("pneumonia lung")),
    ]


def test_a_span_inside_a_word_is_that_word() -> None:
    assert marked_phrases(note_of(TEXT, (code("J18.9"), "neumoni"))) == [("J18.9", stems("pneumonia"))]


@pytest.mark.parametrize("words", ["of the", ",", (0, 0), " "])
def test_a_span_without_content_words_is_ignored(words: str | tuple[int, int]) -> None:
    assert marked_phrases(note_of(TEXT, (code("R07.9"), words))) == []


def test_consecutive_spans_of_a_code_in_a_sentence_are_one_phrase() -> None:
    pain, chest, fever = ((code("R07.9"), words) for words in ("pain", "chest", "fever"))
    assert marked_phrases(note_of(TEXT, pain, chest)) == [("R07.9", stems("pain chest"))]
    assert marked_phrases(note_of(TEXT, pain, chest, fever)) == [("R07.9", stems("pain chest fever"))]


@pytest.mark.parametrize(
    ("spans", "phrases"),
    [
        ([("R07.9", "chest"), ("R07.9", "pneumonia")], [("R07.9", "chest"), ("R07.9", "pneumonia")]),
        ([("R07.9", "chest"), ("R07.9", "pain")], [("R07.9", "chest"), ("R07.9", "pain")]),
        ([("R07.9", "pain"), ("R07.9", "pain")], [("R07.9", "pain"), ("R07.9", "pain")]),
        (
            [("R07.9", "pain"), ("I10", "left"), ("R07.9", "chest")],
            [("R07.9", "pain"), ("I10", "left"), ("R07.9", "chest")],
        ),
    ],
    ids=["other sentence", "backwards", "twice", "another code between"],
)
def test_other_spans_are_phrases_of_their_own(
    spans: list[tuple[str, str]], phrases: list[tuple[str, str]]
) -> None:
    note = note_of(TEXT, *((code(value), words) for value, words in spans))
    assert marked_phrases(note) == [(value, stems(words)) for value, words in phrases]


def test_a_very_long_span_is_no_phrase() -> None:
    text = " ".join(f"word{chr(97 + number)}" for number in range(13))
    assert marked_phrases(note_of(text, (code("I10"), text))) == []
    assert len(marked_phrases(note_of(text, (code("I10"), text[:-6])))) == 1


def test_runs_of_words_of_a_name_stand_for_the_code_of_the_note() -> None:
    [note] = coded_notes(
        [TrainingNote("Acute kidney failure. Fever.", (code("N17.9"),))],
        [read_note("Acute kidney failure. Fever.", "en")],
        INDEX,
    )
    found = {one.stems for one in by_names([note], INDEX)}
    assert tuple(stems("acute kidney failure")) in found
    assert tuple(stems("kidney failure")) in found
    assert tuple(stems("fever")) not in found
    assert {one.code for one in by_names([note], INDEX)} == {INDEX.codes.index(code("N17.9"))}


def coded(words: list[list[int]], codes: list[set[int]]) -> list[CodedNote]:
    texts = [" ".join("abcdefgh"[word] * 2 for word in note) for note in words]
    return [
        CodedNote(read_words(text, "other"), np.array(sorted(own), dtype=np.int64))
        for text, own in zip(texts, codes, strict=True)
    ]


def runs_of(note: CodedNote) -> set[tuple[int, ...]]:
    numbers = note.words.stems.tolist()
    return {
        tuple(numbers[begin:end])
        for begin, end in itertools.combinations(range(len(numbers) + 1), 2)
        if end - begin <= 4
    }


NOTES = st.lists(
    st.tuples(st.lists(st.integers(0, 3), max_size=5), st.sets(st.integers(0, 2)), st.integers(0, 9)),
    min_size=1,
    max_size=45,
)


@settings(deadline=None, max_examples=60)
@given(NOTES)
def test_every_pair_that_the_other_folds_accept_is_a_candidate(
    drawn: list[tuple[list[int], set[int], int]],
) -> None:
    notes = coded([words for words, _, _ in drawn], [codes for _, codes, _ in drawn])
    folds = np.array([fold for _, _, fold in drawn])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(collecting, "_ROWS_AT_ONCE", 7)
        candidates = set(by_prediction(notes, 3, folds))
    for left_out in range(-1, 10):
        rows = [row for row in range(len(notes)) if folds[row] != left_out]
        run, both = Counter[tuple[int, ...]](), Counter[tuple[tuple[int, ...], int]]()
        having = Counter[int]()
        for row in rows:
            codes = notes[row].codes.tolist()
            run.update(runs_of(notes[row]))
            having.update(codes)
            both.update(itertools.product(runs_of(notes[row]), codes))
        accepted = {
            pair for pair, count in both.items() if predicts(count, run[pair[0]], having[pair[1]], len(rows))
        }
        assert accepted <= candidates


def test_a_run_of_which_most_notes_are_in_one_fold_is_a_candidate() -> None:
    # One patient has the run in 21 notes without the code, so of all notes less than one in twenty has it.
    notes = coded([[0]] * 43 + [[1]] * 10, [{0}] * 2 + [set()] * 51)
    folds = np.array([0] * 22 + [1] * 21 + [2] * 10)
    assert (tuple(notes[0].words.stems.tolist()), 0) not in set(by_prediction(notes, 1, folds))
    folds = np.array([0] * 20 + [1] * 23 + [2] * 10)
    assert (tuple(notes[0].words.stems.tolist()), 0) in set(by_prediction(notes, 1, folds))


def test_a_run_that_is_no_more_frequent_with_the_code_is_no_candidate() -> None:
    notes = coded([[0, 1]] * 30 + [[2]] * 30, [{0}] * 3 + [set()] * 27 + [{1}] * 30)
    found = set(by_prediction(notes, 2, np.arange(60) % 10))
    # Half of all notes have code 1, so that all notes with its run have it says little.
    assert found == {(run, 0) for run in runs_of(notes[0])}


def test_the_most_frequent_of_very_many_runs_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    notes = coded([[0]] * 3 + [[1]] * 2, [{0}] * 3 + [{1}] * 2)
    folds = np.array([0, 1, 2, 3, 4])
    assert {place for _, place in by_prediction(notes, 2, folds)} == {0, 1}
    monkeypatch.setattr(collecting, "_MOST_RUNS", 1)
    assert [place for _, place in by_prediction(notes, 2, folds)] == [0]
