from __future__ import annotations

import pytest

from clem_icd.errors import CodeError
from clem_icd.icd import CodeSystem


@pytest.mark.parametrize("system", CodeSystem)
def test_a_system_is_read_by_its_name_its_title_and_in_any_case(system: CodeSystem) -> None:
    for text in (system.value, system.value.upper(), system.title, f" {system.title} "):
        assert CodeSystem.parse(text) is system


@pytest.mark.parametrize(
    ("text", "system"),
    [
        ("ICD-9-PCS", CodeSystem.ICD9PCS),
        ("ICD-9-CM", CodeSystem.ICD9CM),
        ("icd_10_pcs", CodeSystem.ICD10PCS),
        ("CPT-4", CodeSystem.CPT),
    ],
)
def test_names_that_corpora_use(text: str, system: CodeSystem) -> None:
    assert CodeSystem.parse(text) is system


@pytest.mark.parametrize("text", ["", "icd", "icd10", "ICD-11", "icd9"])
def test_an_unknown_name_is_answered_with_the_valid_ones(text: str) -> None:
    with pytest.raises(CodeError, match="icd9cm, icd9pcs, icd10cm, icd10pcs, cpt"):
        CodeSystem.parse(text)


def test_what_may_be_a_note_is_not_quoted() -> None:
    with pytest.raises(CodeError) as raised:
        CodeSystem.parse("Pt is a 54 y.o. male with chest pain")
    assert "chest" not in str(raised.value)


def test_uris_tell_the_systems_apart() -> None:
    assert len({system.uri for system in CodeSystem}) == len(CodeSystem)
    assert CodeSystem.ICD10CM.uri == "http://hl7.org/fhir/sid/icd-10-cm"
