"""The routes of ``/fhir``."""

from __future__ import annotations

import json
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from clem_icd.serving.access import ServiceOf, allowed
from clem_icd.serving.bodies import read_body
from clem_icd.serving.coding import code_notes
from clem_icd.serving.fhir.bundles import bundle_of
from clem_icd.serving.fhir.conformance import NAME, capability_statement, operation_definition
from clem_icd.serving.fhir.documents import read_asked
from clem_icd.serving.fhir.elements import FHIR_JSON, DocumentReference, Parameters
from clem_icd.serving.openapi import errors, json_body
from clem_icd.serving.problems import ErrorFields, ServiceError

router = APIRouter(prefix="/fhir")

_TOP_OF_SEARCH = 15
_JSON_TYPES = (FHIR_JSON, "application/json")
_CONTENT: dict[str, Any] = {FHIR_JSON: {}}
_ANSWER: dict[int | str, dict[str, Any]] = {200: {"content": _CONTENT, "description": "A FHIR resource."}}


@router.post(
    f"/DocumentReference/${NAME}",
    summary="Suggest codes for a document",
    response_class=Response,
    responses={**errors("read", "code", "unreadable-note", body=_CONTENT), **_ANSWER},
    openapi_extra=json_body(Parameters | DocumentReference, *_JSON_TYPES),
    dependencies=[allowed("predict")],
)
async def suggest_codes(request: Request, service: ServiceOf) -> Response:
    """Return a Bundle with a Condition or a Procedure for each suggested code, and their Provenance."""
    asked = read_asked(await read_body(request, service.limits, _JSON_TYPES))
    served = service.served
    default = _TOP_OF_SEARCH if served.is_search else 0
    if (asked.top or 0) > service.limits.top:
        raise ServiceError(
            "invalid-request",
            f"parameter: expected a top of at most {service.limits.top}",
            "Ask for fewer suggestions",
        )
    [coded] = await code_notes(
        service,
        request,
        [asked.text],
        top=default if asked.top is None else asked.top,
        evidence=served.evidence_method is not None if asked.evidence is None else asked.evidence,
    )
    if isinstance(coded.result, ErrorFields):
        raise ServiceError(coded.result.code, coded.result.message, coded.result.remedy)
    return Response(bundle_of(asked, coded.result, served).as_json(), media_type=FHIR_JSON)


@router.get(
    "/metadata",
    summary="The CapabilityStatement",
    response_class=Response,
    responses={**errors(body=_CONTENT), **_ANSWER},
    dependencies=[allowed()],
)
async def metadata() -> Response:
    """Return what this FHIR server can do."""
    return _resource(capability_statement())


@router.get(
    f"/OperationDefinition/{NAME}",
    summary="The definition of the operation",
    response_class=Response,
    responses={**errors(body=_CONTENT), **_ANSWER},
    dependencies=[allowed()],
)
async def definition() -> Response:
    """Return the parameters of the operation."""
    return _resource(operation_definition())


def _resource(value: dict[str, Any]) -> Response:
    return Response(json.dumps(value), media_type=FHIR_JSON)
