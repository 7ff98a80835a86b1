"""From a problem to a response: JSON, or an OperationOutcome for a client of the FHIR routes."""

from __future__ import annotations

from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, Response
from starlette.types import Scope

from clem_icd.serving.fhir.outcomes import FHIR_JSON, outcome_of
from clem_icd.serving.problems import ServiceError

FHIR_PREFIX = "/fhir"


def answer(problem: ServiceError, scope: Scope) -> Response:
    """Return the response to a request that is refused, or failed."""
    request_id = HTTPConnection(scope).state.request_id
    if scope["path"].startswith(f"{FHIR_PREFIX}/"):
        return Response(
            outcome_of(problem, request_id).as_json(),
            problem.kind.status,
            media_type=FHIR_JSON,
            headers=problem.headers,
        )
    return JSONResponse(problem.as_json(request_id), problem.kind.status, headers=problem.headers)
