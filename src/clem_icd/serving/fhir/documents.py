"""Reading a document that is to be coded."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from clem_icd.serving.fhir.elements import Attachment, DocumentReference, Parameter, Parameters
from clem_icd.serving.problems import ServiceError, invalid_request

DOCUMENT, TOP, EVIDENCE = "document", "top", "evidence"
"""The parameters of the operation."""

_CHARSETS = {"utf-8": "utf-8", "utf8": "utf-8", "us-ascii": "utf-8"}


@dataclass(frozen=True, slots=True)
class Asked:
    """A document, and what is asked about it.

    Attributes
    ----------
    document
        The document.
    text
        Its text.
    place
        The position of that text among its contents; None if it has a single one.
    top, evidence
        As for `Coder.code`; None if not given.

    """

    document: DocumentReference
    text: str
    place: int | None
    top: int | None
    evidence: bool | None


class _Kind(BaseModel):
    model_config = ConfigDict(extra="ignore")

    resource_type: str = Field(alias="resourceType")


def read_asked(body: bytes) -> Asked:
    """Return what a body asks: a DocumentReference, or Parameters with one.

    Raises
    ------
    ServiceError
        If it is malformed, holds no plain text, or an unknown parameter. The address of an attachment is
        never followed.

    """
    try:
        kind = _Kind.model_validate_json(body).resource_type
        if kind == "Parameters":
            return _of_parameters(Parameters.model_validate_json(body).parameter)
        if kind == "DocumentReference":
            return _of_document(DocumentReference.model_validate_json(body), None, None)
    except ValidationError as problem:
        raise invalid_request(problem) from None
    raise ServiceError(
        "invalid-request",
        "resourceType: expected DocumentReference or Parameters",
        "Post the DocumentReference of one note",
    )


def _of_parameters(parameters: list[Parameter]) -> Asked:
    named = {one.name: one for one in parameters}
    if len(named) < len(parameters) or not named.keys() <= {DOCUMENT, TOP, EVIDENCE}:
        raise ServiceError(
            "invalid-request",
            f"parameter: expected {DOCUMENT}, {TOP} and {EVIDENCE}, each at most once",
            "/fhir/OperationDefinition/suggest-codes describes them",
        )
    document = named[DOCUMENT].resource if DOCUMENT in named else None
    if document is None:
        raise ServiceError(
            "invalid-request",
            f"parameter: {DOCUMENT} has no resource",
            "Add the DocumentReference as the resource of the parameter",
        )
    top = named[TOP].value_integer if TOP in named else None
    evidence = named[EVIDENCE].value_boolean if EVIDENCE in named else None
    if (TOP in named and (top is None or top < 0)) or (EVIDENCE in named and evidence is None):
        raise ServiceError(
            "invalid-request",
            f"parameter: expected a valueInteger of at least 0 for {TOP} and a valueBoolean for {EVIDENCE}",
            "/fhir/OperationDefinition/suggest-codes describes them",
        )
    return _of_document(document, top, evidence)


def _of_document(document: DocumentReference, top: int | None, evidence: bool | None) -> Asked:
    if document.status == "entered-in-error":
        raise ServiceError(
            "invalid-request", "status: the document was entered in error", "Send a valid document"
        )
    for place, content in enumerate(document.content):
        if content.attachment.data is not None and (charset := _charset(content.attachment)):
            text = _text(content.attachment.data, charset)
            return Asked(document, text, place if len(document.content) > 1 else None, top, evidence)
    raise ServiceError(
        "invalid-request",
        "content: expected an attachment of type text/plain in UTF-8 with its data",
        "Put the text into attachment.data in base64; the address of an attachment is never followed",
    )


def _charset(attachment: Attachment) -> str | None:
    """Return the encoding of a plain text, None of anything else."""
    found, *parameters = (part.strip().lower() for part in (attachment.content_type or "").split(";"))
    charset = "utf-8"
    for name, _, value in (one.partition("=") for one in parameters):
        if name == "charset":
            charset = value.strip('"')
    return _CHARSETS.get(charset) if found == "text/plain" else None


def _text(data: str, charset: str) -> str:
    try:
        # base64Binary may hold whitespace, which the decoder does not ignore if it is strict.
        return base64.b64decode("".join(data.split()), validate=True).decode(charset)
    except (binascii.Error, ValueError):
        raise ServiceError(
            "invalid-request",
            "content.attachment.data: expected UTF-8 text in base64",
            "Encode the bytes of the text in base64",
        ) from None
