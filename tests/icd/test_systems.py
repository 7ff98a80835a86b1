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
    ],
)
def test_names_used_in_corpora_parse(text: str, system: CodeSystem) -> None:
    assert CodeSystem.parse(text) is system


@pytest.mark.parametrize("text", ["", "icd", "icd10", "ICD-11", "icd9"])
def test_unknown_names_are_refused_with_the_valid_ones(text: str) -> None:
    with pytest.raises(CodeError, match="icd9cm, icd9pcs, icd10cm, icd10pcs, cpt"):
        CodeSystem.parse(text)


def test_long_texts_are_not_quoted_in_errors() -> None:
    with pytest.raises(CodeError) as raised:
        CodeSystem.parse("Pt is a 54 y.o. male with chest pain")
    assert "chest" not in str(raised.value)


def test_uris_are_unique() -> None:
    assert len({system.uri for system in CodeSystem}) == len(CodeSystem)
    assert CodeSystem.ICD10CM.uri == "http://hl7.org/fhir/sid/icd-10-cm"
