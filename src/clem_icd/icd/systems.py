"""The code systems a note is coded in."""

from __future__ import annotations

from enum import StrEnum

from clem_icd.errors import CodeError

__all__ = ["CodeSystem"]


class CodeSystem(StrEnum):
    """A code system, by the name it has on disk.

    Diagnoses and procedures of ICD-9-CM are two systems: ``37.23`` is a heart catheterisation, ``372.3``
    a conjunctivitis, and without their dots both read ``3723``. CPT codes belong to the AMA and are opaque
    here: they have a shape, and neither titles nor a hierarchy.
    """

    ICD9CM = "icd9cm"
    ICD9PCS = "icd9pcs"
    ICD10CM = "icd10cm"
    ICD10PCS = "icd10pcs"
    CPT = "cpt"

    # Hides str.title, which a name on disk has no use for.
    @property
    def title(self) -> str:  # type: ignore[override]
        """The name a reader knows it by."""
        return _TITLES[self]

    @property
    def uri(self) -> str:
        """The ``system`` of a FHIR ``Coding``."""
        return _URIS[self]

    @classmethod
    def parse(cls, text: str) -> CodeSystem:
        """Read a code system's name, whatever its case, hyphens and blanks (``ICD-10-CM``, ``icd10cm``).

        Raises
        ------
        CodeError
            If no code system has that name.

        """
        key = "".join(character for character in text.casefold() if character.isalnum())
        if key not in _NAMES:
            valid = ", ".join(system.value for system in cls)
            raise CodeError(f"{shown(text, 20)} names no code system", remedy=f"Use one of {valid}")
        return _NAMES[key]


def shown(text: str, longest: int) -> str:
    """Quote a text for an error if it is short enough for a name or code; else it may be a note."""
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

# FHIR has one `sid` for ICD-9-CM, the diagnoses' here; the procedures go by their registered OID.
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
