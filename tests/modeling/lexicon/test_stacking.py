"""A lexicon whose trees see the scores of another system."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from clem_icd.decisions import Threshold
from clem_icd.modeling import ModelInfo
from clem_icd.modeling.lexicon.fitting import fit_lexicon, folds_of, ranked_notes
from clem_icd.modeling.lexicon.lexicon import LexiconSystem
from clem_icd.modeling.lexicon.proposals import propose
from clem_icd.modeling.lexicon.read_note import read_note
from clem_icd.modeling.lexicon.stacking import Stacked, Stacking
from clem_icd.modeling.system import NoteScores
from modeling.lexicon.coded_notes import code, index, training_notes

INDEX = index()
OUTPUT = np.arange(len(INDEX.codes))
ORACLE_LABELS = (code("R07.9"), code("K80.20"), code("A00.0"))
"""Labels of another system: one of training notes, one that only has a title, one outside the code space."""


class Oracle:
    """A system that is sure of a code wherever its value stands in the note."""

    def score(self, texts: Iterable[str]) -> Iterator[NoteScores]:
        for text in texts:
            values = [0.9 if one.value in text else 0.001 for one in ORACLE_LABELS]
            yield NoteScores(np.array(values, dtype=np.float32), tokens=len(text), tokens_read=1)

    def save(self, folder: Path) -> None:
        raise NotImplementedError


def info() -> ModelInfo:
    return ModelInfo("neural", ORACLE_LABELS, (None,) * len(ORACLE_LABELS), Threshold(0.5), "given by a test")


def stacked_lexicon(*, trusted: bool = True) -> LexiconSystem:
    """A lexicon that learned that the oracle is always right about chest pain, or that it knows nothing.

    Words do not say which notes have the code.
    """
    pain, draw = code("R07.9"), np.random.default_rng(0)
    has_it, is_sure = (draw.random(120) < 0.4 for _ in range(2))
    notes = [
        replace(
            note,
            codes=(*(one for one in note.codes if one != pain), *([pain] if has else [])),
            evidence=tuple(one for one in note.evidence if one.code != pain),
        )
        for note, has in zip(training_notes(120, marked=True), has_it, strict=True)
    ]
    held_out = np.full((len(notes), len(ORACLE_LABELS)), 0.001, dtype=np.float32)
    held_out[has_it if trusted else is_sure, 0] = 0.9
    stacking = Stacking(Stacked.of(Oracle(), info(), INDEX.codes), held_out)
    return fit_lexicon(notes, INDEX, "en", output=OUTPUT, seed=0, stacking=stacking).system


@pytest.fixture(scope="module")
def lexicon() -> LexiconSystem:
    return stacked_lexicon()


def probability(system: LexiconSystem, text: str, value: str) -> float:
    [scores] = system.score([text])
    return float(scores.probabilities[INDEX.codes.index(code(value))])


def test_trees_trust_a_system_that_was_right(lexicon: LexiconSystem) -> None:
    assert probability(lexicon, "Quiet night. R07.9", "R07.9") > 0.5
    assert probability(lexicon, "Quiet night.", "R07.9") < 0.1


def test_trees_do_not_trust_a_system_that_was_wrong() -> None:
    system = stacked_lexicon(trusted=False)
    with_it, without = (probability(system, text, "R07.9") for text in ("Quiet. R07.9", "Quiet."))
    assert abs(with_it - without) < 0.2


def test_a_likely_code_is_proposed_although_no_word_speaks_for_it(lexicon: LexiconSystem) -> None:
    assert probability(lexicon, "Quiet night.", "K80.20") == 0
    assert probability(lexicon, "Quiet night. K80.20", "K80.20") > 0
    assert lexicon.spans("Quiet night. K80.20", [INDEX.codes.index(code("K80.20"))]) == [()]


def test_words_of_the_note_remain_the_evidence(lexicon: LexiconSystem) -> None:
    text = "Much PAIN in the chest. R07.9"
    [[span]] = lexicon.spans(text, [INDEX.codes.index(code("R07.9"))])
    assert text[span.begin : span.end] == "PAIN in the chest"
    assert span.weight == pytest.approx(probability(lexicon, text, "R07.9"))


def test_a_note_scores_the_same_whatever_else_is_scored(lexicon: LexiconSystem) -> None:
    texts = ["", "R07.9", "heart failure", "K80.20 and R07.9", "heart attack", "zzz", "no chest pain"]
    together = [scores.probabilities.tobytes() for scores in lexicon.score(texts)]
    alone = [next(iter(lexicon.score([text]))).probabilities.tobytes() for text in texts]
    assert together == alone


def test_a_lexicon_reads_all_of_a_note_whatever_the_other_system_reads(lexicon: LexiconSystem) -> None:
    [scores] = lexicon.score(["abcd"])
    assert (scores.tokens, scores.tokens_read) == (None, None)


def test_labels_outside_the_code_space_change_nothing() -> None:
    stacked = Stacked.of(Oracle(), info(), INDEX.codes)
    opinion = stacked.opinion(np.array([0.1, 0.2, 0.9], dtype=np.float32))
    assert opinion.shape == (len(INDEX.codes),)
    scored = np.flatnonzero(~np.isnan(opinion))
    assert {INDEX.codes[place].value: round(float(opinion[place]), 3) for place in scored} == {
        "R07.9": 0.1,
        "K80.20": 0.2,
    }


def test_ranks_are_those_among_scored_codes_and_equal_for_equals() -> None:
    known = fit_lexicon(training_notes(60, marked=True), INDEX, "en", output=OUTPUT, seed=0).system
    note = read_note("Chest pain, pneumonia, heart failure, hypertension.", "en")
    opinion = np.full(len(INDEX.codes), np.nan, dtype=np.float32)
    for value, probability_ in (("R07.9", 0.2), ("J18.9", 0.2), ("I10", 0.7), ("I50.9", 0.1)):
        opinion[INDEX.codes.index(code(value))] = probability_
    ridge = known.ridge
    found = propose(note, ridge.scores(note.words), ridge.learned, known.knowledge, opinion)
    rank = found.features[:, found.names.index("opinion_rank")]
    by_code = {INDEX.codes[place].value: rank[row] for row, place in enumerate(found.codes)}
    assert [by_code[value] for value in ("I10", "R07.9", "J18.9", "I50.9")] == [0, 1, 1, 3]
    others = [value for value in by_code if value not in {"I10", "R07.9", "J18.9", "I50.9"}]
    assert others
    assert all(np.isnan(by_code[value]) for value in others)


def test_notes_are_grouped_by_patient_as_the_trees_group_them() -> None:
    subjects = [f"s{number // 3}" for number in range(600)]
    rows, groups = ranked_notes(subjects, seed=4)
    assert rows.tolist() == list(range(600))
    assert set(groups.tolist()) == set(range(5))
    assert all(len(set(groups[begin : begin + 3].tolist())) == 1 for begin in range(0, 600, 3))
    assert groups.tolist() == [fold % 5 for fold in folds_of(subjects, 10, 4)]
    rows, groups = ranked_notes([None] * 5_000, seed=0)
    assert len(rows) == 4_000
    assert len(groups) == 5_000
    assert (np.diff(rows) > 0).all()
