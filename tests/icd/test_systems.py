from __future__ import annotations

import pytest

from clem_icd.errors import CodeError
from clem_icd.icd import CodeSystem


@pytest.mark.parametrize("system", CodeSystem)
def test_systems_parse_from_name_or_title_in_any_case(system: CodeSystem) -> None:
    for text in (system.value, system.value.upper(), system.title, f" {system.title} "):
        assert CodeSystem.parse(text) is system


@pytest.mark.parametrize(
    ("text", "system"),
    [
        ("ICD-9-PCS", CodeSystem.ICD9PCS),
        ("ICD-9-CM", CodeSystem.ICD9CM),
        ("icd_10_pcs", CodeSystem.ICD10PCS),
        ("CPT-4", CodeSystem.CPT),
        ("HCPCS", CodeSystem.CPT),
    ],
)
def test_names_used_in_corpora_parse(text: str, system: CodeSystem) -> None:
    assert CodeSystem.parse(text) is system


@pytest.mark.parametrize(
    "text", ["ICD-10", "icd10", "ICD-10-GM 2024", "ICD-10-WHO", "icd-10-am", "CIM-10 FR"]
)
def test_editions_outside_the_us_are_icd10(text: str) -> None:
    assert CodeSystem.parse(text) is CodeSystem.ICD10


@pytest.mark.parametrize("text", ["", "icd", "ICD-11", "snomed", "ICD-10-XY", "http://snomed.info/sct"])
def test_unknown_names_are_refused_with_the_valid_ones(text: str) -> None:
    with pytest.raises(CodeError, match="icd9cm, icd9pcs, icd10cm, icd10pcs, icd10, cpt"):
        CodeSystem.parse(text)


@pytest.mark.parametrize(
    ("text", "instead"),
    [
        ("9", "icd9cm for diagnoses or icd9pcs for procedures"),
        ("icd9", "icd9cm"),
        ("ICD-9", "icd9cm"),
        ("9.0", "icd9cm"),
        (" 10 ", "icd10cm or icd10pcs for codes of the US, or icd10"),
        ("10.0", "icd10cm"),
    ],
)
def test_a_revision_is_refused_as_one(text: str, instead: str) -> None:
    with pytest.raises(CodeError, match=f"is a revision of ICD, not a code system. Use {instead}"):
        CodeSystem.parse(text)


def test_long_texts_are_not_quoted_in_errors() -> None:
    with pytest.raises(CodeError) as raised:
        CodeSystem.parse("Pt is a 54 y.o. male with chest pain")
    assert "chest" not in str(raised.value)


def test_uris_are_unique() -> None:
    assert len({system.uri for system in CodeSystem}) == len(CodeSystem)
    assert CodeSystem.ICD10CM.uri == "http://hl7.org/fhir/sid/icd-10-cm"
