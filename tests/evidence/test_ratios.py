"""Match classes, label overlap and cues, by hand and resampled."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from clem_icd.corpus import Evidence
from clem_icd.evidence import (
    RATIO_DEFINITIONS,
    JudgedNote,
    evidence_metrics,
    label_overlap,
    match_class,
    note_ratios,
    word_offsets,
    words_touched,
)
from clem_icd.icd import Code, CodeSystem

CHF, COPD = (Code(value, CodeSystem.ICD9CM) for value in ("428.0", "496"))
DrawNotes = Callable[[int], list[JudgedNote]]


def spans(text: str, parts: Sequence[tuple[Code, str]]) -> tuple[Evidence, ...]:
    return tuple(Evidence(code, text.index(part), text.index(part) + len(part)) for code, part in parts)


@pytest.mark.parametrize(
    ("predicted", "expected"),
    [
        ([], "empty"),
        ([range(7, 7)], "empty"),
        ([range(20, 22), range(40, 41)], "exact"),
        # The same words in other spans.
        ([range(20, 21), range(21, 22), range(40, 41)], "exact"),
        ([range(21, 22), range(40, 41)], "proximate"),
        ([range(10, 21), range(40, 51)], "proximate"),
        ([range(9, 21), range(40, 41)], "partial"),
        ([range(21, 22), range(40, 52)], "partial"),
        ([range(20, 22)], "partial"),
        ([range(22, 24)], "none"),
    ],
)
def test_match_classes(predicted: list[range], expected: str) -> None:
    assert match_class([range(20, 22), range(40, 41)], predicted) == expected


def test_a_span_touches_the_words_it_overlaps() -> None:
    text = "Acute CHF, EF 20%."
    words = word_offsets(text)
    assert [text[begin:end] for begin, end in words] == ["Acute", "CHF", "EF", "20"]
    touched = words_touched(words, [Evidence(CHF, 2, 7), Evidence(CHF, 9, 11), Evidence(CHF, 0, len(text))])
    assert touched == [range(2), range(2, 2), range(4)]


def test_overlap_is_1_for_equal_and_0_for_separate_evidence() -> None:
    assert label_overlap([{1, 2}, {1, 2}, {1, 2}]) == (3, 3)
    assert label_overlap([{1, 2}, {3}, set()]) == (0, 1)
    assert label_overlap([{1, 2}, {2, 3}]) == (1 / 3, 1)
    assert label_overlap([{1}]) == (0, 0)


def test_values_of_one_note_by_hand() -> None:
    text = "Acute heart failure. No copd. Mother had copd too."
    gold = spans(text, [(CHF, "heart failure"), (COPD, "copd too")])
    predicted = spans(text, [(CHF, "failure"), (COPD, "copd"), (COPD, "Mother")])
    found = note_ratios([JudgedNote("n", "a", text, gold, predicted)], language="en").overall()
    assert found["evidence_match_proximate"] == found["evidence_match_none"] == 0.5
    assert found["evidence_match_exact"] == 0
    assert found["evidence_spans_per_code"] == 1.5
    assert found["evidence_label_overlap"] == 0
    assert found["evidence_cue_negated"] == pytest.approx(1 / 3)
    assert found["evidence_gold_cue_negated"] == 0
    assert found["evidence_gold_cue_family"] == 0.5


def test_every_name_is_defined_and_shares_of_classes_sum_to_1(draw_notes: DrawNotes) -> None:
    notes = [note for seed in range(20) for note in draw_notes(seed) if note.gold]
    found = note_ratios(notes, language="en").overall()
    assert set(found) - set(evidence_metrics(notes)) == set(RATIO_DEFINITIONS)
    classes = [value for name, value in found.items() if name.startswith("evidence_match_")]
    assert sum(classes) == pytest.approx(1)
    assert min(classes) >= 0


@pytest.mark.parametrize("trimmed", [False, True])
def test_pooled_counts_equal_those_of_the_metrics(draw_notes: DrawNotes, trimmed: bool) -> None:
    notes = draw_notes(11)
    metrics = evidence_metrics(notes, trimmed=trimmed)
    found = note_ratios(notes, trimmed=trimmed).overall()
    for match in ("span", "token"):
        for name in ("precision", "recall", "f1"):
            assert found[f"evidence_{match}_{name}"] == pytest.approx(metrics[f"evidence_{match}_{name}"])


def test_a_language_without_cues_has_no_shares_of_cues(draw_notes: DrawNotes) -> None:
    assert not [name for name in note_ratios(draw_notes(1), language="de").overall() if "_cue_" in name]


def test_intervals_contain_their_value_and_depend_on_the_seed_alone(draw_notes: DrawNotes) -> None:
    notes = [note for seed in range(30) for note in draw_notes(seed)]
    ratios = note_ratios(notes, language="en")
    overall = ratios.overall()
    found = ratios.intervals(None, resamples=200)
    assert found["unit"] == "notes"
    assert set(found["metrics"]) == set(overall)
    for name, interval in found["metrics"].items():
        assert interval["low"] <= overall[name] <= interval["high"]
    assert found["metrics"]["evidence_token_f1"]["sd"] > 0
    assert ratios.intervals(None, resamples=200) == found
    assert ratios.intervals(None, resamples=200, seed=1) != found


def test_resampled_values_are_those_of_the_drawn_notes(draw_notes: DrawNotes) -> None:
    """A note with the weight 2 counts like two notes, one with 0 like none."""
    notes = draw_notes(7)[:3]
    weights = np.array([[2.0, 0.0, 1.0][: len(notes)]])
    drawn = [note for note, times in zip(notes, weights[0], strict=True) for _ in range(int(times))]
    values = note_ratios(notes).values(weights)
    for name, expected in note_ratios(drawn).overall().items():
        assert values[name] == pytest.approx(expected), name


def test_notes_of_one_subject_are_drawn_together(draw_notes: DrawNotes) -> None:
    notes = [note for seed in range(30) for note in draw_notes(seed)]
    ratios = note_ratios(notes)
    together = ratios.intervals([f"s{number % 5}" for number in range(len(notes))], resamples=50)
    assert together["unit"] == "subjects"
    assert ratios.intervals(["s"] * len(notes), resamples=50)["metrics"] == {}
