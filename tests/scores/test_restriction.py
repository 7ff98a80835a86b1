"""Restriction to the labels that a system knows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from clem_icd.corpus import Corpus
from clem_icd.errors import ScoresError
from clem_icd.icd import Code, CodeSystem
from clem_icd.scores import Scores, known_labels

FOREIGN = (Code("A00.0", CodeSystem.ICD10CM), Code("Z99.2", CodeSystem.ICD10CM))


def scores_for(corpus: Corpus, labels: tuple[Code, ...]) -> Scores:
    """Return scores in reversed note order, each value encoding its note and label."""
    note_ids = corpus.note_ids("test")[::-1]
    column = {code: place for place, code in enumerate((*corpus.codes, *FOREIGN))}
    values = [[row + column[label] / 100 for label in labels] for row in range(len(note_ids))]
    return Scores(tuple(note_ids), labels, np.array(values, np.float32).reshape(len(note_ids), -1))


def test_equal_label_spaces_lose_nothing(little_corpus: Corpus) -> None:
    scores = scores_for(little_corpus, little_corpus.codes)
    found = known_labels(scores, little_corpus, "test")
    np.testing.assert_array_equal(found.targets, little_corpus.targets("test"))
    np.testing.assert_array_equal(found.values, scores.of(little_corpus, "test"))
    assert found.note_ids == tuple(little_corpus.note_ids("test"))
    assert (found.dropped_codes, found.dropped_notes, found.warnings) == (0, 0, ())


def test_unknown_codes_and_notes_without_known_codes_are_dropped(little_corpus: Corpus) -> None:
    labels = (FOREIGN[0], little_corpus.codes[4], FOREIGN[1], little_corpus.codes[1])
    scores = scores_for(little_corpus, labels)
    found = known_labels(scores, little_corpus, "test")
    gold: npt.NDArray[np.bool_] = little_corpus.targets("test")
    with_one = gold[:, [1, 4]].any(axis=1)
    assert found.labels == labels
    np.testing.assert_array_equal(found.targets[:, [1, 3]], gold[with_one][:, [4, 1]])
    assert not found.targets[:, [0, 2]].any()  # a label that the corpus lacks has no positives
    np.testing.assert_array_equal(found.values, scores.values[::-1][with_one])
    assert found.note_ids == tuple(np.array(little_corpus.note_ids("test"))[with_one])
    assert found.unknown_labels == len(little_corpus.codes) - 2
    assert found.dropped_codes == gold.sum() - gold[:, [1, 4]].sum() > 0
    assert found.dropped_notes == (~with_one).sum() > 0
    [warning] = found.warnings
    assert f"{found.dropped_notes} notes" in warning


def test_disjoint_label_spaces_are_refused(little_corpus: Corpus) -> None:
    with pytest.raises(ScoresError, match="they share no label"):
        known_labels(scores_for(little_corpus, FOREIGN), little_corpus, "test")


def test_scores_of_another_split_are_refused(little_corpus: Corpus) -> None:
    with pytest.raises(ScoresError, match="do not match the split validation"):
        known_labels(scores_for(little_corpus, little_corpus.codes), little_corpus, "validation")
