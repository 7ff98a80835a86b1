from __future__ import annotations

import pytest

from clem_icd.icd import CodeSystem
from clem_icd.icd.identifiers import system_name

ICD9CM, ICD9PCS, ICD10CM, ICD10PCS, ICD10, CPT = CodeSystem


@pytest.mark.parametrize("system", CodeSystem)
def test_the_uri_of_a_system_identifies_it(system: CodeSystem) -> None:
    assert CodeSystem.parse(system.uri) is system


@pytest.mark.parametrize(
    ("identifier", "system"),
    [
        ("http://hl7.org/fhir/sid/icd-9-cm", ICD9CM),
        ("http://hl7.org/fhir/sid/icd-9-cm/procedure", ICD9PCS),
        ("http://hl7.org/fhir/sid/icd-10-us", ICD10CM),
        ("http://www.cms.gov/Medicare/Coding/ICD10", ICD10PCS),
        ("https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets", CPT),
        ("http://hl7.org/fhir/sid/icd-10-am", ICD10),
        ("http://hl7.org/fhir/sid/icd-10-ca", ICD10),
        ("http://hl7.org/fhir/sid/icd-10-nl", ICD10),
        ("http://hl7.org/fhir/sid/icd-10-se", ICD10),
        ("http://fhir.de/CodeSystem/bfarm/icd-10-gm", ICD10),
        ("http://fhir.de/CodeSystem/dimdi/icd-10-gm", ICD10),
        ("https://smt.esante.gouv.fr/terminologie-cim-10", ICD10),
        ("http://mimic.mit.edu/fhir/mimic/CodeSystem/mimic-diagnosis-icd10", ICD10CM),
        ("2.16.840.1.113883.6.103", ICD9CM),
        ("2.16.840.1.113883.6.104", ICD9PCS),
        ("2.16.840.1.113883.6.90", ICD10CM),
        ("2.16.840.1.113883.6.4", ICD10PCS),
        ("2.16.840.1.113883.6.3", ICD10),
        ("1.2.752.116.1.1.1.1.3", ICD10),
        ("2.16.840.1.113883.6.12", CPT),
        ("2.16.840.1.113883.6.285", CPT),
    ],
)
def test_uris_and_oids_of_fhir_are_read(identifier: str, system: CodeSystem) -> None:
    variants = [identifier, f" {identifier} ", identifier.upper()]
    if identifier[0].isdigit():
        variants.append(f"urn:oid:{identifier}")
    else:
        variants += [f"{identifier}/", f"{identifier}|2024", f"{identifier}/|2024"]
    for variant in variants:
        assert CodeSystem.parse(variant) is system


@pytest.mark.parametrize(
    "identifier",
    [
        "",
        "|",
        "http://",
        "http://hl7.org/fhir/sid",
        "http://hl7.org/fhir/sid/icd-10-cmx",
        "http://id.who.int/icd/release/11/mms",
        "2.16.840.1.113883.6.96",
        "urn:oid:",
        "icd10cm",
    ],
)
def test_other_identifiers_are_not_known(identifier: str) -> None:
    assert system_name(identifier) is None
