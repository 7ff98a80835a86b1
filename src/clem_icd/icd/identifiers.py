"""Identifiers of code systems in other software: FHIR system URIs and OIDs."""

from __future__ import annotations

import re

__all__ = ["system_name"]

# Sources, each under the identifiers it gives:
# THO: HL7 Terminology 7.1 (terminology.hl7.org), NamingSystems and the page "Using ICD with HL7 Standards".
# FHIR: the lists of code systems in the FHIR specification, DSTU 1 to R4 (hl7.org/fhir).
# Others are named in place. Those that are in no registry occur in public FHIR data or code.
_IDENTIFIERS = {
    # FHIR has one URI for both parts of ICD-9-CM (THO); it means diagnoses here. The OIDs tell them apart.
    "icd9cm": (
        "hl7.org/fhir/sid/icd-9-cm",  # THO
        "hl7.org/fhir/sid/icd-9-cm/diagnosis",  # not in THO, but in older FHIR data
        "hl7.org/fhir/sid/icd-9",  # FHIR, DSTU 1
        "terminology.hl7.org/CodeSystem/icd9cm",  # THO
        "mimic.mit.edu/fhir/mimic/CodeSystem/mimic-diagnosis-icd9",  # MIMIC-IV on FHIR
        "2.16.840.1.113883.6.103",  # THO
        "2.16.840.1.113883.6.42",  # FHIR, "ICD-9 USA (CDC)"
        "2.16.840.1.113883.6.2",  # THO, retired
    ),
    "icd9pcs": (
        "hl7.org/fhir/sid/icd-9-cm/procedure",  # not in THO, but in older FHIR data
        "mimic.mit.edu/fhir/mimic/CodeSystem/mimic-procedure-icd9",  # MIMIC-IV on FHIR
        "2.16.840.1.113883.6.104",  # THO
    ),
    "icd10cm": (
        "hl7.org/fhir/sid/icd-10-cm",  # THO
        "hl7.org/fhir/sid/icd-10-us",  # not in THO, but in older FHIR data
        "terminology.hl7.org/CodeSystem/icd10CM",  # THO
        "mimic.mit.edu/fhir/mimic/CodeSystem/mimic-diagnosis-icd10",  # MIMIC-IV on FHIR
        "2.16.840.1.113883.6.90",  # THO
    ),
    "icd10pcs": (
        "cms.gov/Medicare/Coding/ICD10",  # THO
        "icd10data.com/icd10pcs",  # early US Core
        "hl7.org/fhir/sid/icd-10-pcs",  # not in THO, but common
        "terminology.hl7.org/CodeSystem/icd10PCS",  # THO
        "mimic.mit.edu/fhir/mimic/CodeSystem/mimic-procedure-icd10",  # MIMIC-IV on FHIR
        "2.16.840.1.113883.6.4",  # THO
    ),
    "icd10": (
        "hl7.org/fhir/sid/icd-10",  # THO; its national variants are matched by _NATIONAL
        "terminology.hl7.org/CodeSystem/icd10",  # THO
        "terminology.hl7.org/CodeSystem/icd10ae",  # THO, American spelling
        "terminology.hl7.org/CodeSystem/ICD10dut",  # THO, Dutch translation
        "terminology.hl7.org/CodeSystem/dmdICD10",  # THO, German translation
        "fhir.de/CodeSystem/bfarm/icd-10-gm",  # HL7 Germany
        "fhir.de/CodeSystem/dimdi/icd-10-gm",  # THO; HL7 Germany until 2021
        "smt.esante.gouv.fr/terminologie-cim-10",  # Agence du numérique en santé
        "mos.esante.gouv.fr/NOS/TRE_R310-CIM10/FHIR/TRE-R310-CIM10",  # Agence du numérique en santé
        "mos.esante.gouv.fr/NOS/TRE_R311-CIM10Atih/FHIR/TRE-R311-CIM10Atih",  # Agence du numérique en santé
        "2.16.840.1.113883.6.3",  # THO
        "2.16.840.1.113883.6.3.1",  # THO, American spelling
        "2.16.840.1.113883.6.3.2",  # THO, Dutch translation
        "2.16.840.1.113883.6.3.3",  # THO, German translation
        "2.16.840.1.113883.6.94",  # THO, ICD-10-CA
        "2.16.840.1.113883.6.135",  # ICD-10-AM, in Australian CDA documents
        "1.2.276.0.76.5.409",  # ICD-10-GM, in German and Dutch FHIR data
        "1.2.40.0.34.5.56",  # ICD-10 BMG 2014, ELGA (Austria)
        "1.2.246.537.6.1.1999",  # Finnish code server
        "1.2.250.1.213.2.67",  # Agence du numérique en santé, CIM-10 FR for the PMSI
        "1.2.752.116.1.1.1.1.3",  # ICD-10-SE, Inera (Sweden)
        "2.16.578.1.12.4.1.1.7110",  # Norwegian Directorate of eHealth
    ),
    # HCPCS level II shares a system with CPT: see the shapes of codes.
    "cpt": (
        "ama-assn.org/go/cpt",  # THO
        "cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",  # THO
        "terminology.hl7.org/CodeSystem/HCPCS-all-codes",  # THO, retired
        "2.16.840.1.113883.6.12",  # THO
        "2.16.840.1.113883.6.285",  # THO, HCPCS level II
        "2.16.840.1.113883.6.14",  # THO, HCPCS, retired
    ),
}

_SYSTEMS = {identifier.casefold(): name for name, known in _IDENTIFIERS.items() for identifier in known}

# "http://hl7.org/fhir/sid/icd-10-[x]" is the URI of a variant of ICD-10 (THO): -am, -ca, -de, -nl, -se.
_NATIONAL = re.compile(r"hl7\.org/fhir/sid/icd-10-[a-z]{2}")

_PREFIX = re.compile(r"https?://(?:www\.)?|urn:oid:|oid:")


def system_name(identifier: str) -> str | None:
    """Return the name on disk of the code system that a FHIR URI or an OID identifies, or None.

    Case, a trailing slash and the version of a FHIR canonical (``|2024``) are ignored. An OID may begin with
    ``urn:oid:``.
    """
    uri = identifier.partition("|")[0].strip().casefold().rstrip("/")
    prefix = _PREFIX.match(uri)
    key = uri[prefix.end() :] if prefix else uri
    if key in _SYSTEMS:
        return _SYSTEMS[key]
    return "icd10" if _NATIONAL.fullmatch(key) else None
