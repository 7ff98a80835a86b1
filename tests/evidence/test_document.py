from __future__ import annotations

import json
from pathlib import Path

import pytest

from clem_icd.corpus import Corpus, Evidence, Note, corpus_writer
from clem_icd.errors import ScoresError
from clem_icd.evidence import EVIDENCE_DEFINITIONS, RATIO_DEFINITIONS, evidence_document
from clem_icd.icd import Code, CodeSystem, default_codebook

CHF = Code("428.0", CodeSystem.ICD9CM)
TEXT = "chf, and chf again"


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    """One admission of two annotated notes, an annotated note without admission, and an unannotated note."""
    evidence = (Evidence(CHF, 0, 3),)
    notes = [
        Note("n1", TEXT, (CHF,), evidence, admission_id="a"),
        Note("n2", TEXT, (CHF,), evidence, admission_id="a"),
        Note("a", TEXT, (CHF,), evidence),
        Note("n4", TEXT, (CHF,)),
    ]
    with corpus_writer(
        tmp_path / "corpus", name="x", source="test", options={}, inputs=[], codebook=default_codebook()
    ) as writer:
        writer.write("test", notes)
    return Corpus.open(tmp_path / "corpus")


def test_only_annotated_notes_are_evaluated(corpus: Corpus) -> None:
    spans = [Evidence(CHF, 0, 4)]
    predicted = {"n1": spans, "n4": spans * 2, "elsewhere": spans}
    document = evidence_document(corpus, "test", predicted, trimmed=True)
    assert (document["notes"], document["notes_without_evidence"]) == (3, 1)
    assert (document["gold_spans"], document["predicted_spans"]) == (3, 1)
    assert document["predicted_spans_left_out"] == 3
    assert document["predicted_spans_outside_corpus"] == document["predicted_notes_outside_corpus"] == 1
    assert document["options"] == {
        "trim": True,
        "merge_adjacent": False,
        "profile": "exact",
        "language": "en",
    }
    assert document["counts"]["span"] == {
        "true_positives": 1,
        "false_positives": 0,
        "false_negatives": 2,
    }
    # Both notes of admission a count once together; the note with the id "a" is not part of the admission.
    assert document["counts"]["span_text"]["false_negatives"] == 1
    assert document["metrics"]["evidence_span_recall"] == pytest.approx(1 / 3)
    names = set(EVIDENCE_DEFINITIONS) | set(RATIO_DEFINITIONS)
    assert set(document["definitions"]) == set(document["metrics"]) == names
    assert document["metrics"]["evidence_match_empty"] == pytest.approx(2 / 3)
    assert "intervals" not in document
    assert TEXT[:5] not in json.dumps(document)


def test_evidence_for_other_notes_is_refused(corpus: Corpus) -> None:
    with pytest.raises(
        ScoresError, match="none of the 1 predicted spans is for a note of test with evidence"
    ):
        evidence_document(corpus, "test", {"n4": [Evidence(CHF, 0, 3)]})


def test_evidence_is_of_another_corpus_if_most_of_its_notes_are(corpus: Corpus) -> None:
    spans = [Evidence(CHF, 0, 3)]
    # Of three annotated notes, one is explained.
    half = {"n1": spans, "x1": spans * 2}
    document = evidence_document(corpus, "test", half)
    assert (document["predicted_spans_outside_corpus"], document["predicted_notes_outside_corpus"]) == (2, 1)
    with pytest.raises(ScoresError) as problem:
        evidence_document(corpus, "test", {**half, "x2": spans})
    assert str(problem.value) == (
        f"the evidence belongs to another corpus: 2 of its 3 notes are not in {corpus.path}. "
        "Name the corpus whose notes were explained."
    )
    with pytest.raises(ScoresError, match="its only note is not in"):
        evidence_document(corpus, "test", {"x1": spans})


def test_a_corpus_of_some_of_the_explained_notes_is_scored(little_corpus: Corpus) -> None:
    own = {note.note_id: note.evidence for note in little_corpus.notes("test")}
    others = {f"x{number}": [Evidence(CHF, 0, 3)] for number in range(2 * len(own))}
    document = evidence_document(little_corpus, "test", {**own, **others})
    assert document["predicted_notes_outside_corpus"] == len(others)
    assert document["metrics"]["evidence_span_f1"] == 1
    half = dict(list(own.items())[: len(own) // 2 - 1])
    with pytest.raises(ScoresError, match="belongs to another corpus"):
        evidence_document(little_corpus, "test", {**half, **others})


def test_evidence_for_other_splits_is_of_the_corpus(little_corpus: Corpus) -> None:
    predicted = {
        note.note_id: note.evidence for split in ("train", "test") for note in little_corpus.notes(split)
    }
    document = evidence_document(little_corpus, "test", predicted)
    assert document["predicted_notes_outside_corpus"] == 0
    assert document["predicted_spans_left_out"] == sum(
        len(note.evidence) for note in little_corpus.notes("train")
    )


def test_no_predicted_evidence_scores_0(corpus: Corpus) -> None:
    metrics = evidence_document(corpus, "test", {})["metrics"]
    assert metrics.pop("evidence_match_empty") == 1
    assert set(metrics.values()) == {0.0}


def test_intervals_are_by_subject_where_subjects_are_known(corpus: Corpus, little_corpus: Corpus) -> None:
    predicted = {note.note_id: note.evidence[:1] for note in little_corpus.notes("test")}
    document = evidence_document(little_corpus, "test", predicted, resamples=50)
    assert document["intervals"]["unit"] == "subjects"
    interval = document["intervals"]["metrics"]["evidence_span_recall"]
    assert 0 < interval["low"] < document["metrics"]["evidence_span_recall"] < interval["high"] < 1
    assert "evidence_span_text_recall" not in document["intervals"]["metrics"]
    alone = evidence_document(corpus, "test", {"n1": [Evidence(CHF, 0, 3)]}, resamples=50)
    assert alone["intervals"]["unit"] == "notes"


def test_a_language_without_cues_leaves_them_out(corpus: Corpus) -> None:
    document = evidence_document(corpus, "test", {}, language="de")
    assert not [name for name in document["metrics"] if "_cue_" in name]
    assert document["options"]["language"] == "de"


def test_a_split_without_annotated_notes_is_refused(tmp_path: Path) -> None:
    with corpus_writer(
        tmp_path / "bare", name="x", source="test", options={}, inputs=[], codebook=default_codebook()
    ) as writer:
        writer.write("test", [Note("n1", TEXT, (CHF,))])
    with pytest.raises(ScoresError, match="no note of test has evidence"):
        evidence_document(Corpus.open(tmp_path / "bare"), "test", {})
