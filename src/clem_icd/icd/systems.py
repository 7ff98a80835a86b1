"""The code systems that notes are coded in."""

from __future__ import annotations

from enum import StrEnum

from clem_icd.errors import CodeError

__all__ = ["CodeSystem"]


class CodeSystem(StrEnum):
    """A code system, with its name on disk as the value.

    ICD-9-CM diagnoses and procedures are two systems: ``37.23`` is a cardiac catheterization, ``372.3``
    a conjunctivitis, and without their dots both read ``3723``. CPT codes are licensed by the AMA: they are
    checked for their shape, but have neither titles nor a hierarchy here.
    """

    ICD9CM = "icd9cm"
    ICD9PCS = "icd9pcs"
    ICD10CM = "icd10cm"
    ICD10PCS = "icd10pcs"
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
        """Parse the name of a code system, ignoring case, hyphens and spaces (``ICD-10-CM``, ``icd10cm``).

        Raises
        ------
        CodeError
            If no code system has that name.

        """
        key = "".join(character for character in text.casefold() if character.isalnum())
        if key not in _NAMES:
            valid = ", ".join(system.value for system in cls)
            raise CodeError(f"{shown(text, 20)} is not a code system", remedy=f"Use one of {valid}")
        return _NAMES[key]


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
    CodeSystem.CPT: "CPT",
}

# FHIR has a single `sid` for ICD-9-CM, used for diagnoses here; procedures use their registered OID.
_URIS = {
    CodeSystem.ICD9CM: "http://hl7.org/fhir/sid/icd-9-cm",
    CodeSystem.ICD9PCS: "urn:oid:2.16.840.1.113883.6.104",
    CodeSystem.ICD10CM: "http://hl7.org/fhir/sid/icd-10-cm",
    CodeSystem.ICD10PCS: "http://www.cms.gov/Medicare/Coding/ICD10",
    CodeSystem.CPT: "http://www.ama-assn.org/go/cpt",
}

_NAMES = {system.value: system for system in CodeSystem} | {
    "icd9cmdiagnoses": CodeSystem.ICD9CM,
    "icd9cmprocedures": CodeSystem.ICD9PCS,
    "cpt4": CodeSystem.CPT,
}
