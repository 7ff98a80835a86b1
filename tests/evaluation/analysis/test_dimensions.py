from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from clem_icd.errors import ScoresError
from clem_icd.evaluation.analysis import Outcomes
from clem_icd.evaluation.analysis.dimensions import (
    by_chapter,
    by_code_system,
    by_codes_per_note,
    by_first_evidence,
    by_label_frequency,
    by_note_length,
    range_names,
)
from clem_icd.icd import Code, CodeSystem


def counted(table: dict[str, Any], key: str) -> dict[str, int]:
    return {group["name"]: group[key] for group in table["groups"]}


def all_correct(notes: int, labels: int) -> Outcomes:
    ones = np.ones((notes, labels), dtype=np.bool_)
    return Outcomes.of(ones, ones)


def test_ranges_are_named_by_both_ends() -> None:
    assert range_names((0, 5, 1000), "notes", 0) == [
        *("0 notes", "1 to 5 notes", "6 to 1,000 notes", "more than 1,000 notes")
    ]


def test_labels_are_grouped_by_inclusive_frequency_ranges() -> None:
    counts = np.array([0, 1, 5, 6, 10, 11, 50, 51, 500, 501])
    table = by_label_frequency(all_correct(1, 10), counts)
    assert counted(table, "labels") == {
        "0 training notes": 1,
        "1 to 5 training notes": 2,
        "6 to 10 training notes": 2,
        "11 to 50 training notes": 2,
        "51 to 500 training notes": 2,
        "more than 500 training notes": 1,
    }


def test_training_counts_for_other_labels_are_refused() -> None:
    with pytest.raises(ScoresError, match="3 labels"):
        by_label_frequency(all_correct(1, 3), np.array([1, 2]))


def test_labels_are_grouped_by_chapter_in_the_order_of_the_classification() -> None:
    named = {
        "401.9": CodeSystem.ICD9CM,
        "V10.9": CodeSystem.ICD9CM,
        "250.00": CodeSystem.ICD9CM,
        "E888.9": CodeSystem.ICD9CM,
        "250.01": CodeSystem.ICD9CM,
        "37.23": CodeSystem.ICD9PCS,
        "99291": CodeSystem.CPT,
    }
    codes = sorted(Code(value, system) for value, system in named.items())
    table = by_chapter(all_correct(2, len(codes)), codes)
    assert counted(table, "labels") == {
        "No chapter (CPT)": 1,
        "Endocrine, nutritional and metabolic diseases, and immunity disorders (240-279)": 2,
        "Diseases of the circulatory system (390-459)": 1,
        "External causes of injury and poisoning (E000-E999)": 1,
        "Factors influencing health status and contact with health services (V01-V91)": 1,
        "Operations on the cardiovascular system (35-39)": 1,
    }
    systems = counted(by_code_system(all_correct(2, len(codes)), codes), "positives")
    assert systems == {"CPT": 2, "ICD-9-CM": 10, "ICD-9-CM procedures": 2}


def test_icd10_procedures_are_grouped_by_section(codes: tuple[Code, ...]) -> None:
    table = by_chapter(all_correct(1, len(codes)), codes)
    assert counted(table, "labels")["Medical and Surgical (0)"] == 1


def test_notes_are_grouped_by_length_and_by_number_of_codes() -> None:
    lengths = np.array([1, 512, 513, 4096, 8192, 8193])
    table = by_note_length(all_correct(6, 2), lengths, "tokens")
    assert counted(table, "notes") == {
        "1 to 512 tokens": 2,
        "513 to 4,096 tokens": 2,
        "4,097 to 8,192 tokens": 1,
        "more than 8,192 tokens": 1,
    }
    targets = np.tri(23, 22, -1, dtype=np.bool_)
    number = by_codes_per_note(Outcomes.of(targets, ~targets))
    assert list(counted(number, "notes").values()) == [1, 5, 5, 10, 2]


def test_codes_are_grouped_by_the_position_of_their_first_evidence() -> None:
    targets = np.array([[True, True, True], [True, True, False]])
    decided = np.array([[True, False, True], [False, True, True]])
    evidence = {"note": [0, 0, 1, 1], "label": [0, 1, 0, 1], "position": [512, 513, 4096, 9000]}
    columns = {key: np.array(values) for key, values in evidence.items()}
    table = by_first_evidence(Outcomes.of(targets, decided), **columns, unit="words")
    assert counted(table, "positives") == {
        "1 to 512 words in": 1,
        "513 to 4,096 words in": 2,
        "more than 8,192 words in": 1,
        "without evidence": 1,
    }
    assert counted(table, "micro_recall") == {
        "1 to 512 words in": 1.0,
        "513 to 4,096 words in": 0.0,
        "more than 8,192 words in": 1.0,
        "without evidence": 1.0,
    }


@pytest.mark.parametrize("seed", range(5))
def test_the_groups_of_every_dimension_cover_all_codes(
    draw: Callable[..., Any], codes: tuple[Code, ...], seed: int
) -> None:
    targets, decided = draw(seed)
    outcomes, random = Outcomes.of(targets, decided), np.random.default_rng(seed)
    lengths = random.integers(1, 10_000, len(targets))
    for table in (
        by_label_frequency(outcomes, random.integers(0, 600, len(codes))),
        by_chapter(outcomes, codes),
        by_code_system(outcomes, codes),
        by_note_length(outcomes, lengths, "words"),
        by_codes_per_note(outcomes),
    ):
        for key, whole in (("positives", targets), ("given", decided), ("true_positives", targets & decided)):
            assert sum(counted(table, key).values()) == whole.sum()
