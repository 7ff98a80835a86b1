from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clem_icd.icd import Code, CodeSystem
from clem_icd.sources.mdace.code_map import CodeMap, inpatient_rule, mimic4_codes, profee_rule, shortened
from clem_icd.sources.mimic.files import MimicFiles


def cm(value: str) -> Code:
    return Code(value, CodeSystem.ICD10CM)


def pcs(value: str) -> Code:
    return Code(value, CodeSystem.ICD9PCS)


@pytest.mark.parametrize(
    ("code", "reference", "expected"),
    [
        ("S72.001A", ["S72.00", "S72"], "S72.00"),
        ("S72.001A", ["S72.001A", "S72.00"], "S72.001A"),
        ("S72.001A", ["S72"], "S72"),
        ("S72.001A", ["S7", "S"], "S72.001A"),  # nothing of fewer than three characters
        ("S72.001A", ["S72.002A"], "S72.001A"),
    ],
)
def test_a_code_is_shortened_until_it_is_known(code: str, reference: list[str], expected: str) -> None:
    assert shortened(cm(code), {cm(one) for one in reference}) == cm(expected)


def test_a_dot_counts_as_a_character() -> None:
    assert shortened(pcs("37.2"), {pcs("37")}) == pcs("37.2")
    assert shortened(pcs("37"), {pcs("37")}) == pcs("37")


def test_reference_code_of_another_system_does_not_count() -> None:
    assert shortened(pcs("37.23"), {Code("37.2", CodeSystem.ICD9CM)}) == pcs("37.23")


@pytest.mark.parametrize(
    ("code", "reference", "inpatient", "profee"),
    [
        ("F32.A", [], "F32.9", "F32.9"),
        ("F32.A", ["F32"], "F32", "F32.9"),
        ("F32.A", ["F32.A"], "F32.9", "F32.9"),
        ("G90.511", ["G90.51"], "G90.519", "G90.51"),
        ("I50.3", [], "I50.3", "I50.30"),
        ("M79.60", ["M79.6"], "M79.6", "M79.609"),
        ("I10", ["I10"], "I10", "I10"),
    ],
)
def test_fixed_counterparts_come_last_for_inpatients_and_first_for_fees(
    code: str, reference: list[str], inpatient: str, profee: str
) -> None:
    known = {cm(one) for one in reference}

    assert inpatient_rule(cm(code), known) == cm(inpatient)
    assert profee_rule(cm(code), known) == cm(profee)


@given(st.text("0123456789.", min_size=1, max_size=6), st.sets(st.text("0123456789.", max_size=6)))
@settings(max_examples=50)
def test_a_shortened_code_is_known_or_was_never_found(value: str, reference: set[str]) -> None:
    known = {pcs(one) for one in reference}

    result = shortened(pcs(value), known)

    assert value.startswith(result.value)
    between = [value[:length] for length in range(len(result.value) + 1, len(value) + 1)]
    assert not known & {pcs(one) for one in between}
    assert result in known or result == pcs(value)


def test_changed_and_unknown_codes_are_counted() -> None:
    codes = CodeMap.of(
        [cm("I10"), cm("S72.001A"), cm("F32.A"), cm("Z99.9")],
        {cm("I10"), cm("S72.00"), cm("F32.9")},
        inpatient_rule,
        origin="MIMIC-IV",
    )

    assert [codes[code].value for code in map(cm, ("I10", "S72.001A", "F32.A", "Z99.9"))] == [
        "I10",
        "S72.00",
        "F32.9",
        "Z99.9",
    ]
    assert codes.notices == (
        "2 annotated codes were mapped to codes used in MIMIC-IV",
        "1 annotated code has no counterpart in MIMIC-IV and was kept",
    )


def test_without_a_reference_nothing_changes() -> None:
    assert CodeMap.none()[cm("F32.A")] == cm("F32.A")
    assert "does not contain MIMIC-IV" in CodeMap.none().notices[0]


@pytest.fixture
def mimic4(tmp_path: Path, write_csv: Callable[..., Path]) -> MimicFiles:
    notes = [(1, "a text"), (2, ""), ("", "a text"), (3, " "), (1, "another")]
    discharge = write_csv(tmp_path / "discharge.csv", ["hadm_id", "text"], notes)
    header = ["subject_id", "hadm_id", "icd_code", "icd_version"]
    diagnoses = [
        (1, "25000", 9),
        (1, " I10 ", 10),
        (2, "4019", 9),
        (3, "E8889", 9),
        (1, "", 9),
        (4, "4280", 9),
    ]
    procedures = [(1, "0066", 9), (1, "02703ZZ", 10), (2, "3893", 9), ("", "3995", 9)]
    diagnosed, operated = [
        write_csv(tmp_path / name, header, [(7, *row) for row in rows])
        for name, rows in (("diagnoses.csv", diagnoses), ("procedures.csv", procedures))
    ]
    return MimicFiles(discharge, diagnosed, operated, ())


def test_reference_has_the_codes_of_admissions_with_a_discharge_summary(mimic4: MimicFiles) -> None:
    assert mimic4_codes(mimic4, "ICD-9") == {
        Code("250.00", CodeSystem.ICD9CM),
        Code("E888.9", CodeSystem.ICD9CM),
        pcs("00.66"),
    }
    assert mimic4_codes(mimic4, "ICD-10") == {cm("I10"), Code("02703ZZ", CodeSystem.ICD10PCS)}


def test_a_broken_file_is_refused(mimic4: MimicFiles, refused: Any) -> None:
    from clem_icd.errors import SourceError

    mimic4.notes.write_text('hadm_id,text\n1,"cut', encoding="utf-8")

    with refused(SourceError, "discharge.csv", "row 1", "ends inside a quoted field"):
        mimic4_codes(mimic4, "ICD-9")
