"""From a problem to a response: JSON, an OperationOutcome for a client of the FHIR routes, or a page."""

from __future__ import annotations

from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, Response
from starlette.types import Scope

from clem_icd.serving.fhir.outcomes import FHIR_JSON, outcome_of
from clem_icd.serving.problems import ServiceError

FHIR_PREFIX = "/fhir"
SCREEN = "/review"


def _is_for_the_screen(connection: HTTPConnection) -> bool:
    """Return whether a person waits for a page, and not the script of one."""
    path, wanted = connection.url.path, connection.headers.get("accept", "")
    has_screen = connection.app.state.service.review is not None
    return has_screen and (path == SCREEN or path.startswith(f"{SCREEN}/")) and wanted.startswith("text/html")


def answer(problem: ServiceError, scope: Scope) -> Response:
    """Return the response to a request that is refused, or failed."""
    connection = HTTPConnection(scope)
    request_id = connection.state.request_id
    if "app" in scope and _is_for_the_screen(connection):
        # Its libraries are only needed with a store.
        from clem_icd.serving.screen.rendering import page

        return page("error.html", problem.kind.status, coder=None, problem=problem, request_id=request_id)
    if scope["path"].startswith(f"{FHIR_PREFIX}/"):
        return Response(
            outcome_of(problem, request_id).as_json(),
            problem.kind.status,
            media_type=FHIR_JSON,
            headers=problem.headers,
        )
    return JSONResponse(problem.as_json(request_id), problem.kind.status, headers=problem.headers)
