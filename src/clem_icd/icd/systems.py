"""The code systems that notes are coded in."""

from __future__ import annotations

import re
from enum import StrEnum

from clem_icd.errors import CodeError
from clem_icd.icd.identifiers import system_name

__all__ = ["CodeSystem"]


class CodeSystem(StrEnum):
    """A code system, with its name on disk as the value.

    ICD-9-CM diagnoses and procedures are two systems: ``37.23`` is a cardiac catheterization, ``372.3``
    a conjunctivitis, and without their dots both read ``3723``.

    ICD-10 is the classification of WHO and its modifications outside the US (ICD-10-GM, -AM, -CA, -SE, CIM-10
    and others). It has no titles here except the user's: those of the US would be wrong.

    CPT codes, and HCPCS level II, which shares their system, are checked for their shape. CPT is licensed by
    the AMA: it has neither titles nor a hierarchy here.
    """

    ICD9CM = "icd9cm"
    ICD9PCS = "icd9pcs"
    ICD10CM = "icd10cm"
    ICD10PCS = "icd10pcs"
    ICD10 = "icd10"
    CPT = "cpt"

    # Overrides str.title, which is of no use for a name on disk.
    @property
    def title(self) -> str:  # type: ignore[override]
        """The common name, such as ``ICD-10-CM``."""
        return _TITLES[self]

    @property
    def uri(self) -> str:
        """The URI for the ``system`` of a FHIR ``Coding``."""
        return _URIS[self]

    @classmethod
    def parse(cls, text: str) -> CodeSystem:
        """Parse the name, FHIR system URI or OID of a code system.

        A name is read in any case, with or without hyphens and spaces: ``ICD-10-CM``, ``icd10cm``,
        ``ICD-10-GM 2024``. The FHIR URI of ICD-9-CM does not tell diagnoses from procedures, and is read as
        diagnoses.

        Raises
        ------
        CodeError
            If it identifies no code system, or only a revision of ICD.

        """
        key = "".join(character for character in text.casefold() if character.isalnum())
        if key in _NAMES:
            return _NAMES[key]
        if _EDITION.fullmatch(key):
            return cls.ICD10
        if name := system_name(text):
            return cls(name)
        if revision := revision_in(text):
            raise CodeError(
                f"{shown(text, 20)} is a revision of ICD, not a code system", remedy=_USE_INSTEAD[revision]
            )
        valid = ", ".join(system.value for system in cls)
        raise CodeError(f"{shown(text, 20)} is not a code system", remedy=f"Use one of {valid}")


def revision_in(text: str) -> str | None:
    """Return the revision of ICD that a text names, 9 or 10; None if it names none."""
    revision = _REVISION.fullmatch(text.strip())
    return None if revision is None else revision[1]


def shown(text: str, longest: int) -> str:
    """Quote a text for an error message, unless it is so long that it may be part of a note."""
    if len(text) <= longest and text.isprintable():
        return repr(text)
    return f"a text of {len(text)} characters"


_TITLES = {
    CodeSystem.ICD9CM: "ICD-9-CM",
    CodeSystem.ICD9PCS: "ICD-9-CM procedures",
    CodeSystem.ICD10CM: "ICD-10-CM",
    CodeSystem.ICD10PCS: "ICD-10-PCS",
    CodeSystem.ICD10: "ICD-10",
    CodeSystem.CPT: "CPT",
}

# FHIR has a single `sid` for ICD-9-CM, used for diagnoses here; procedures use their registered OID.
_URIS = {
    CodeSystem.ICD9CM: "http://hl7.org/fhir/sid/icd-9-cm",
    CodeSystem.ICD9PCS: "urn:oid:2.16.840.1.113883.6.104",
    CodeSystem.ICD10CM: "http://hl7.org/fhir/sid/icd-10-cm",
    CodeSystem.ICD10PCS: "http://www.cms.gov/Medicare/Coding/ICD10",
    CodeSystem.ICD10: "http://hl7.org/fhir/sid/icd-10",
    CodeSystem.CPT: "http://www.ama-assn.org/go/cpt",
}

_NAMES = {system.value: system for system in CodeSystem} | {
    "icd9cmdiagnoses": CodeSystem.ICD9CM,
    "icd9cmprocedures": CodeSystem.ICD9PCS,
    "cpt4": CodeSystem.CPT,
    "hcpcs": CodeSystem.CPT,
    "hcpcslevelii": CodeSystem.CPT,
    # HL7 v2, table 0396
    "i9c": CodeSystem.ICD9CM,
    "i9cdx": CodeSystem.ICD9CM,
    "i9cp": CodeSystem.ICD9PCS,
    "i10c": CodeSystem.ICD10CM,
    "i10p": CodeSystem.ICD10PCS,
}

# ICD-10 of WHO, of a country or in a language, perhaps with its year.
_EDITION = re.compile(r"(?:icd10|cim10)(?:who|am|ca|ch|de|fi|fr|gm|nl|no|se|uk)?(?:(?:19|20)[0-9]{2})?")

# What MIMIC and many tables have in a column "version", perhaps read as a decimal number. HL7 has I9 and I10.
_REVISION = re.compile(r"(?:icd|i)?[\s_-]{0,3}(9|10)(?:\.0)?", re.IGNORECASE)
_USE_INSTEAD = {
    "9": "Use icd9cm for diagnoses or icd9pcs for procedures",
    "10": "Use icd10cm or icd10pcs for codes of the US, or icd10 for those of WHO and other countries",
}
