from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clem_icd.corpus import Evidence
from clem_icd.errors import InputError
from clem_icd.evidence import EVIDENCE_DEFINITIONS, JudgedNote, MatchCounts, evidence_counts, evidence_metrics
from clem_icd.icd import Code, CodeSystem

CHF = Code("428.0", CodeSystem.ICD9CM)
DrawNotes = Callable[[int], list[JudgedNote]]


def note(text: str, gold: list[str], predicted: list[str], note_id: str = "n", stay: str = "a") -> JudgedNote:
    """Make a note with spans at the first occurrence of some words."""

    def spans(parts: list[str]) -> tuple[Evidence, ...]:
        return tuple(Evidence(CHF, text.index(part), text.index(part) + len(part)) for part in parts)

    return JudgedNote(note_id, stay, text, spans(gold), spans(predicted))


def test_metrics_by_hand() -> None:
    counts = evidence_counts([note("Acute heart failure, EF 20, acute edema", ["Acute heart"], ["heart"])])
    assert counts == {
        "span": MatchCounts(0, 1, 1),
        "span_text": MatchCounts(0, 1, 1),
        "token": MatchCounts(1, 0, 1),
        "token_text": MatchCounts(1, 0, 1),
    }


def test_equal_words_at_another_position_match_by_text_only() -> None:
    text = "CHF today. chf before"
    counts = evidence_counts([note(text, ["CHF"], ["chf"])])
    assert counts["span"] == counts["token"] == MatchCounts(0, 1, 1)
    assert counts["span_text"] == counts["token_text"] == MatchCounts(1, 0, 0)


def test_texts_count_once_per_admission_and_spans_once_per_note() -> None:
    notes = [note("chf", ["chf"], ["chf"], note_id) for note_id in ("n1", "n2")]
    counts = evidence_counts(notes)
    assert counts["span"] == counts["token"] == MatchCounts(2, 0, 0)
    assert counts["span_text"] == counts["token_text"] == MatchCounts(1, 0, 0)
    apart = [replace(one, stay=one.note_id) for one in notes]
    assert evidence_counts(apart)["span_text"] == MatchCounts(2, 0, 0)


def test_equal_values_of_two_code_systems_do_not_match() -> None:
    one = note("chf", ["chf"], ["chf"])
    other = Code(CHF.value, CodeSystem.ICD9PCS)
    changed = replace(one, predicted=(replace(one.predicted[0], code=other),))
    assert evidence_counts([changed])["span"] == MatchCounts(0, 1, 1)


def test_spans_are_merged_before_they_are_trimmed() -> None:
    text = "acute, (chf)."
    judged = note(text, ["acute, (chf"], ["acute, ", "(chf)."])
    assert evidence_counts([judged])["span"] == MatchCounts(0, 2, 1)
    assert evidence_counts([judged], trimmed=True)["span"] == MatchCounts(0, 2, 1)
    assert evidence_counts([judged], merged=True)["span"] == MatchCounts(0, 1, 1)
    # The joined span ends with a closing parenthesis, which is stripped on the left only.
    both = evidence_counts(
        [replace(judged, gold=note(text, ["acute, (chf)"], []).gold)], trimmed=True, merged=True
    )
    assert both["span"] == MatchCounts(1, 0, 0)


def test_metrics_equal_their_definitions(draw_notes: DrawNotes) -> None:
    notes = draw_notes(7)
    scores, counts = evidence_metrics(notes), evidence_counts(notes)
    assert set(scores) == set(EVIDENCE_DEFINITIONS)
    for match, own in counts.items():
        precision = own.true_positives / (own.true_positives + own.false_positives)
        recall = own.true_positives / (own.true_positives + own.false_negatives)
        assert scores[f"evidence_{match}_precision"] == pytest.approx(precision)
        assert scores[f"evidence_{match}_recall"] == pytest.approx(recall)
        assert scores[f"evidence_{match}_f1"] == pytest.approx(2 * precision * recall / (precision + recall))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), trimmed=st.booleans(), merged=st.booleans())
def test_swapping_gold_and_predicted_swaps_precision_and_recall(
    draw_notes: DrawNotes, seed: int, trimmed: bool, merged: bool
) -> None:
    notes = draw_notes(seed)
    turned = [replace(one, gold=one.predicted, predicted=one.gold) for one in notes]
    one = evidence_metrics(notes, trimmed=trimmed, merged=merged)
    other = evidence_metrics(turned, trimmed=trimmed, merged=merged)
    for match in ("span", "span_text", "token", "token_text"):
        assert one[f"evidence_{match}_precision"] == other[f"evidence_{match}_recall"]
        assert one[f"evidence_{match}_f1"] == pytest.approx(other[f"evidence_{match}_f1"])


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_mdace_profile_differs_only_by_its_epsilon(draw_notes: DrawNotes, seed: int) -> None:
    notes = draw_notes(seed)
    exact, theirs = evidence_metrics(notes), evidence_metrics(notes, profile="mdace")
    for name, value in exact.items():
        assert theirs[name] <= value
        assert theirs[name] == pytest.approx(value, abs=3e-6)


def test_the_mdace_formula_includes_epsilon() -> None:
    found = MatchCounts(3, 1, 2).metrics(1e-6)
    precision, recall = 3 / (4 + 1e-6), 3 / (5 + 1e-6)
    assert found["precision"] == precision
    assert found["recall"] == recall
    assert found["f1"] == 2 * precision * recall / (precision + recall + 1e-6)


def test_nothing_predicted_scores_0() -> None:
    assert set(evidence_metrics([note("chf", ["chf"], [])]).values()) == {0.0}


def test_a_span_outside_its_text_is_refused_without_the_text() -> None:
    judged = JudgedNote("n7", "a", "SECRETPATIENT", (), (Evidence(CHF, 5, 99),))
    with pytest.raises(
        InputError, match="note n7 has evidence at 5:99, expected offsets within its 13 characters"
    ) as problem:
        evidence_counts([judged])
    assert "SECRET" not in str(problem.value)
