from __future__ import annotations

from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clem_icd.icd import CodeSystem, ancestors, block, category, chapter, parent, undot
from clem_icd.icd.tabular import tabular_codes

ICD9CM, ICD9PCS, ICD10CM, ICD10PCS, ICD10, CPT = CodeSystem


@pytest.mark.parametrize(
    ("code", "system", "expected"),
    [
        ("E11.9", ICD10CM, ["E11"]),
        ("s72001a", ICD10CM, ["S72.001", "S72.00", "S72.0", "S72"]),
        ("W00.0XXA", ICD10CM, ["W00.0", "W00"]),
        ("T36.0X1A", ICD10CM, ["T36.0X1", "T36.0X", "T36.0", "T36"]),
        ("I10", ICD10CM, []),
        ("I10.99", ICD10CM, ["I10"]),
        ("J99.Z8", ICD10CM, ["J99"]),
        ("X00.5Q7", ICD10CM, ["X00.5", "X00"]),
        ("R99.1", ICD10CM, ["R99"]),
        ("K99.12", ICD10CM, ["K99.1", "K99"]),
        ("250.00", ICD9CM, ["250.0", "250"]),
        ("E888.9", ICD9CM, ["E888"]),
        ("V45.81", ICD9CM, ["V45.8", "V45"]),
        ("37.23", ICD9PCS, ["37.2", "37"]),
        ("0066", ICD9PCS, ["00.6", "00"]),
        ("02703", ICD10PCS, ["0270", "027"]),
        ("E11.90", ICD10, ["E11.9", "E11"]),
        ("i489b", ICD10, ["I48.9", "I48"]),
        ("I20.0+0", ICD10, ["I20.0", "I20"]),
        ("M45+0", ICD10, ["M45"]),
        ("99291", CPT, []),
        ("", ICD9CM, []),
    ],
)
def test_ancestors(code: str, system: CodeSystem, expected: list[str]) -> None:
    assert ancestors(code, system) == expected
    assert parent(code, system) == (expected[0] if expected else None)
    assert category(code, system) == (expected[-1] if expected else undot(code))


def test_parents_match_the_tabular_list(tabular_list: ModuleType) -> None:
    for code in tabular_codes():
        if not tabular_list.is_category(code):
            assert parent(code, ICD10CM) == tabular_list.get_parent(code)


def test_chapters_match_the_tabular_list(tabular_list: ModuleType) -> None:
    for number in range(1, 23):
        for name in tabular_list.get_children(str(number)):
            first, last = name.split("-")[0], name.split("-")[-1]
            assert (
                chapter(first, ICD10CM) == chapter(last, ICD10CM) == tabular_list.get_description(str(number))
            )


@pytest.mark.parametrize(
    ("code", "system", "title"),
    [
        ("I21.4", ICD10CM, "Diseases of the circulatory system (I00-I99)"),
        ("O9A.111", ICD10CM, "Pregnancy, childbirth and the puerperium (O00-O9A)"),
        ("410.71", ICD9CM, "Diseases of the circulatory system (390-459)"),
        ("V27.0", ICD9CM, "Factors influencing health status and contact with health services (V01-V91)"),
        ("E888.9", ICD9CM, "External causes of injury and poisoning (E000-E999)"),
        ("00.66", ICD9PCS, "Procedures and interventions, not elsewhere classified (00)"),
        ("37.23", ICD9PCS, "Operations on the cardiovascular system (35-39)"),
        ("02703ZZ", ICD10PCS, "Medical and Surgical (0)"),
        ("E11.90", ICD10, "Endocrine, nutritional and metabolic diseases (E00-E90)"),
        ("T98.3", ICD10, "Injury, poisoning and certain other consequences of external causes (S00-T98)"),
        ("U99.0", ICD10, "Codes for special purposes (U00-U99)"),
        ("D49", ICD10, None),
        ("99291", CPT, None),
        ("D99", ICD10CM, None),
        ("", ICD10PCS, None),
    ],
)
def test_chapter(code: str, system: CodeSystem, title: str | None) -> None:
    assert chapter(code, system) == title


def test_every_packaged_code_has_a_chapter(packaged_codes: list[tuple[str, CodeSystem]]) -> None:
    assert all(chapter(code, system) for code, system in packaged_codes)


@pytest.mark.parametrize(
    ("code", "system", "expected"),
    [
        ("i21.4", ICD10CM, "I20-I25"),
        ("C50.911", ICD10CM, "C50"),
        ("C15.9", ICD10CM, "C15-C26"),
        ("V43.52XA", ICD10CM, "V40-V49"),
        ("I99.Z", ICD10CM, "I95-I99"),
        ("I03.1", ICD10CM, None),
        ("410.71", ICD9CM, "410-414"),
        ("042", ICD9CM, "042"),
        ("V27.0", ICD9CM, "V20-V29"),
        ("E849.7", ICD9CM, "E849"),
        ("285.9", ICD9CM, None),
        ("02703ZZ", ICD10PCS, "02"),
        ("0", ICD10PCS, None),
        ("37.23", ICD9PCS, None),
        ("E11.90", ICD10, None),
        ("99291", CPT, None),
        ("", ICD9CM, None),
    ],
)
def test_block(code: str, system: CodeSystem, expected: str | None) -> None:
    assert block(code, system) == expected


def test_every_diagnosis_has_a_block_unless_its_chapter_has_none(
    packaged_codes: list[tuple[str, CodeSystem]],
) -> None:
    categories = {
        (category(code, system), system)
        for code, system in packaged_codes
        if system in (ICD9CM, ICD10CM, ICD10PCS)
    }
    without = {chapter(code, system) for code, system in categories if block(code, system) is None}
    assert without == {
        "Diseases of the blood and blood-forming organs (280-289)",
        "Congenital anomalies (740-759)",
    }


@settings(max_examples=100)
@given(st.text(max_size=9), st.sampled_from(list(CodeSystem)))
def test_any_text_is_accepted_and_ancestors_get_shorter(text: str, system: CodeSystem) -> None:
    line = ancestors(text, system)
    lengths = [len(undot(code)) for code in line]
    assert lengths == sorted(set(lengths), reverse=True)
    chapter(text, system)
    block(text, system)
