"""From the coding of a document to a bundle: a Condition or Procedure for each suggestion, and a Provenance.

A suggestion is *unconfirmed*: a person confirms every code. Where the evidence stands is said by HL7's own
extension for positions in a text, whose offsets count Unicode code points here.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from clem_icd.icd import CodeSystem
from clem_icd.modeling import Span
from clem_icd.prediction import Coding, Suggestion
from clem_icd.serving.fhir.documents import Asked
from clem_icd.serving.fhir.elements import (
    Agent,
    Bundle,
    BundleEntry,
    CodeableConcept,
    Condition,
    Device,
    DeviceName,
    DeviceVersion,
    DocumentReference,
    Extension,
    Identifier,
    Procedure,
    Provenance,
    Reference,
    Source,
)
from clem_icd.serving.served import ServedModel

SPAN = "http://hl7.org/fhir/StructureDefinition/derivation-reference"
"""Where in a text something was found: http://hl7.org/fhir/extensions/StructureDefinition-derivation-reference."""

SCORE = "urn:clem-icd:fhir:score"
DECIDED = "urn:clem-icd:fhir:decided"
SHA256 = "urn:clem-icd:fhir:model-sha256"

TERMS = "http://terminology.hl7.org/CodeSystem"
"""Where the code systems of HL7's own terms are."""

PROCEDURES = frozenset({CodeSystem.ICD9PCS, CodeSystem.ICD10PCS, CodeSystem.CPT})
"""The systems whose codes are procedures; those of the others are conditions."""

_DIGITS = 6


def bundle_of(asked: Asked, coding: Coding, served: ServedModel) -> Bundle:
    """Return all suggestions for a document."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    document = reference_to(asked.document)
    entries = [entry_of(_suggested(asked, document, one)) for one in coding.suggestions]
    if entries:
        device = entry_of(device_of(served.name, served.sha256))
        provenance = Provenance(
            target=[Reference(reference=entry.full_url) for entry in entries],
            recorded=now,
            agent=[agent_of("assembler", Reference(reference=device.full_url))],
            entity=[Source(role="source", what=document)],
        )
        entries += [device, entry_of(provenance)]
    return Bundle(timestamp=now, entry=entries or None)


def reference_to(document: DocumentReference) -> Reference:
    """Return a reference to a document: by its id, its first identifier, or as the one that was posted."""
    if document.id is not None:
        return Reference(reference=f"DocumentReference/{document.id}")
    if document.identifier:
        return Reference(type="DocumentReference", identifier=document.identifier[0])
    return Reference(type="DocumentReference", display="the document that was posted")


def _suggested(asked: Asked, document: Reference, one: Suggestion) -> Condition | Procedure:
    system = CodeSystem(one.system)
    code = CodeableConcept.of(system.uri, one.code, one.title)
    subject = asked.document.subject or Reference(display="the subject of the document that was posted")
    encounters = asked.document.context and asked.document.context.encounter
    encounter = encounters[0] if encounters else None
    extension = [
        Extension(url=SCORE, value_decimal=round(one.probability, _DIGITS)),
        Extension(url=DECIDED, value_boolean=one.decided),
        *_spans(asked, document, one.evidence),
    ]
    return coded(
        system,
        procedure="unknown",
        condition="unconfirmed",
        extension=extension,
        code=code,
        subject=subject,
        encounter=encounter,
    )


def coded(system: CodeSystem, *, procedure: str, condition: str, **elements: Any) -> Condition | Procedure:
    """Return the resource of a code: a Procedure if its system is one of procedures, and else a Condition.

    Parameters
    ----------
    procedure, condition
        The status of the one, and the verification status of the other.
    elements
        What both have.

    """
    if system in PROCEDURES:
        return Procedure(status=procedure, **elements)
    return Condition(
        clinical_status=CodeableConcept.of(f"{TERMS}/condition-clinical", "active"),
        verification_status=CodeableConcept.of(f"{TERMS}/condition-ver-status", condition),
        category=[CodeableConcept.of(f"{TERMS}/condition-category", "encounter-diagnosis")],
        **elements,
    )


def _spans(asked: Asked, document: Reference, spans: Sequence[Span]) -> list[Extension]:
    # Only needed to tell several contents apart.
    path = (
        []
        if asked.place is None
        else [Extension(url="path", value_string=f"content[{asked.place}].attachment.data")]
    )
    return [position_in(document, span.begin, span.end, path) for span in spans]


def position_in(document: Reference, begin: int, end: int, path: Sequence[Extension] = ()) -> Extension:
    """Return where in a document something was found, by half-open offsets; the path names one content."""
    return Extension(
        url=SPAN,
        extension=[
            Extension(url="reference", value_reference=document),
            *path,
            Extension(url="offset", value_integer=begin),
            Extension(url="length", value_integer=end - begin),
        ],
    )


def agent_of(role: str, who: Reference) -> Agent:
    """Return who took part in a code: an ``assembler``, a ``verifier``, …"""
    return Agent(type=CodeableConcept.of(f"{TERMS}/provenance-participant-type", role), who=who)


def device_of(model: str, sha256: str) -> Device:
    """Return a model as the device that makes suggestions."""
    return Device(
        identifier=[Identifier(system=SHA256, value=sha256)],
        device_name=[DeviceName(name=f"CLEM-ICD: {model}", type="model-name")],
        version=[DeviceVersion(type=CodeableConcept(text="clem-icd"), value=version("clem-icd"))],
    )


def entry_of(resource: Condition | Procedure | Device | Provenance) -> BundleEntry:
    """Return a resource as an entry of a bundle, with a new id."""
    return BundleEntry(full_url=f"urn:uuid:{uuid.uuid4()}", resource=resource)
