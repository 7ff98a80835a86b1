"""The FHIR R4 elements and resources that the service reads or writes, without what it does not use.

Definitions: https://hl7.org/fhir/R4/. Elements that the service does not use are ignored when it reads.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

FHIR_JSON = "application/fhir+json"

# https://hl7.org/fhir/R4/datatypes.html#id
FhirId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.-]{1,64}$")]
_Short = Annotated[str, StringConstraints(min_length=1, max_length=1000)]


class Element(BaseModel):
    """A group of elements, in camel case as JSON."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore")

    def as_json(self) -> bytes:
        """Return the JSON of the element; FHIR has no nulls."""
        return self.model_dump_json(by_alias=True, exclude_none=True).encode()


class Coding(Element):
    """A code of a code system."""

    system: str | None = None
    code: str
    display: str | None = None


class CodeableConcept(Element):
    """A concept by its codes."""

    coding: list[Coding] | None = None
    text: str | None = None

    @classmethod
    def of(cls, system: str, code: str, display: str | None = None) -> CodeableConcept:
        """Return the concept of one code."""
        return cls(coding=[Coding(system=system, code=code, display=display)])


class Identifier(Element):
    """The name of something in a system of names."""

    system: _Short | None = None
    value: _Short | None = None


class Reference(Element):
    """A reference to a resource."""

    reference: _Short | None = None
    type: _Short | None = None
    identifier: Identifier | None = None
    display: _Short | None = None


class Extension(Element):
    """A value that the resource itself has no place for."""

    url: str
    extension: list[Extension] | None = None
    value_boolean: bool | None = None
    value_decimal: float | None = None
    value_integer: int | None = None
    value_string: str | None = None
    value_reference: Reference | None = None


class Attachment(Element):
    """The text of a document, in base64."""

    content_type: _Short | None = None
    data: str | None = None
    url: str | None = None


class DocumentContent(Element):
    """A form of a document."""

    attachment: Attachment


class DocumentContext(Element):
    """Where a document comes from."""

    encounter: list[Reference] | None = None


class DocumentReference(Element):
    """A document."""

    resource_type: Literal["DocumentReference"]
    id: FhirId | None = None
    status: Literal["current", "superseded", "entered-in-error"]
    identifier: list[Identifier] | None = None
    subject: Reference | None = None
    content: list[DocumentContent] = Field(min_length=1, max_length=20)
    context: DocumentContext | None = None


class Parameter(Element):
    """A parameter of the operation."""

    name: _Short
    resource: DocumentReference | None = None
    value_integer: int | None = Field(default=None, strict=True)
    value_boolean: bool | None = Field(default=None, strict=True)


class Parameters(Element):
    """The parameters of the operation."""

    resource_type: Literal["Parameters"]
    parameter: list[Parameter] = Field(min_length=1, max_length=20)


class Condition(Element):
    """A suggested diagnosis."""

    resource_type: Literal["Condition"] = "Condition"
    extension: list[Extension] | None = None
    clinical_status: CodeableConcept
    verification_status: CodeableConcept
    category: list[CodeableConcept]
    code: CodeableConcept
    subject: Reference
    encounter: Reference | None = None


class Procedure(Element):
    """A suggested procedure."""

    resource_type: Literal["Procedure"] = "Procedure"
    extension: list[Extension] | None = None
    status: str
    code: CodeableConcept
    subject: Reference
    encounter: Reference | None = None


class DeviceName(Element):
    """A name of a device."""

    name: str
    type: str


class DeviceVersion(Element):
    """A version of a device, or of a part of it."""

    type: CodeableConcept | None = None
    value: str


class Device(Element):
    """The model."""

    resource_type: Literal["Device"] = "Device"
    identifier: list[Identifier]
    device_name: list[DeviceName]
    version: list[DeviceVersion]


class Agent(Element):
    """Who took part in making something."""

    type: CodeableConcept
    who: Reference


class Source(Element):
    """What something was made from."""

    role: str
    what: Reference


class Provenance(Element):
    """How the suggestions came about."""

    resource_type: Literal["Provenance"] = "Provenance"
    target: list[Reference]
    recorded: str
    agent: list[Agent]
    entity: list[Source]


class BundleEntry(Element):
    """A resource in a bundle."""

    full_url: str
    resource: Condition | Procedure | Device | Provenance


class Bundle(Element):
    """All suggestions for a document."""

    resource_type: Literal["Bundle"] = "Bundle"
    type: str = "collection"
    timestamp: str
    entry: list[BundleEntry] | None = None


class Issue(Element):
    """An error."""

    severity: str
    code: str
    details: CodeableConcept
    diagnostics: str


class OperationOutcome(Element):
    """The answer to a request that is refused."""

    resource_type: Literal["OperationOutcome"] = "OperationOutcome"
    issue: list[Issue]
