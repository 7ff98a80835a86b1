"""What a FHIR client may ask: the CapabilityStatement and the definition of the operation."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from clem_icd.serving.fhir.documents import DOCUMENT, EVIDENCE, TOP

NAME = "suggest-codes"
DEFINITION = f"urn:clem-icd:fhir:operation:{NAME}"

# When what is stated here last changed.
_DATE = "2026-11-29"


def capability_statement() -> dict[str, Any]:
    """Return the CapabilityStatement of every service of this release."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": _DATE,
        "kind": "instance",
        "software": {"name": "CLEM-ICD", "version": version("clem-icd")},
        "implementation": {"description": "Suggests ICD codes for clinical notes; stores nothing"},
        "fhirVersion": "4.0.1",
        "format": ["json"],
        "rest": [
            {
                "mode": "server",
                "resource": [
                    {
                        "type": "DocumentReference",
                        "operation": [{"name": NAME, "definition": DEFINITION}],
                    }
                ],
            }
        ],
    }


def operation_definition() -> dict[str, Any]:
    """Return the OperationDefinition of ``$suggest-codes``."""
    return {
        "resourceType": "OperationDefinition",
        "id": NAME,
        "url": DEFINITION,
        "name": "SuggestCodes",
        "title": "Suggest codes for a document",
        "status": "active",
        "kind": "operation",
        "date": _DATE,
        "description": "Returns a Bundle with a Condition or a Procedure for each suggested code. A person "
        "confirms every code. The document is not stored.",
        "affectsState": False,
        "code": NAME,
        "resource": ["DocumentReference"],
        "system": False,
        "type": True,
        "instance": False,
        "parameter": [
            _parameter(
                DOCUMENT,
                "in",
                1,
                "DocumentReference",
                "The document, with its text in attachment.data (text/plain in UTF-8, base64). The address "
                "of an attachment is never followed.",
            ),
            _parameter(
                TOP,
                "in",
                0,
                "integer",
                "Return every code that the rule assigns, and the most probable others up to this many. "
                "Default: 0, so only the assigned ones; 15 for a title search, which assigns none.",
            ),
            _parameter(
                EVIDENCE,
                "in",
                0,
                "boolean",
                "Also say which words support each code, as derivation-reference extensions. Default: true "
                "if a method explains the model.",
            ),
            _parameter("return", "out", 1, "Bundle", "The suggestions, and their Provenance."),
        ],
    }


def _parameter(name: str, use: str, least: int, type_: str, about: str) -> dict[str, Any]:
    return {"name": name, "use": use, "min": least, "max": "1", "documentation": about, "type": type_}
