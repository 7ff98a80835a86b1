"""The application: its routes, and what happens to an error."""

from __future__ import annotations

from http import HTTPStatus
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from clem_icd.serving import health, notes
from clem_icd.serving.access import allowed
from clem_icd.serving.answers import answer
from clem_icd.serving.envelope import Envelope
from clem_icd.serving.fhir import routes as fhir
from clem_icd.serving.problems import ClientGoneError, ServiceError, internal_error
from clem_icd.serving.service import Service

_CLIENT_GONE = 499  # as nginx has it


def create_app(service: Service) -> Envelope:
    """Return the ASGI application of a service.

    Its documentation is ``/openapi.json`` alone: the usual pages load scripts of third parties.
    """
    api = FastAPI(
        title="CLEM-ICD",
        version=version("clem-icd"),
        description="Suggests ICD codes for clinical notes. A person confirms every code.",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    api.state.service = service
    for router in (notes.router, fhir.router, health.router):
        api.include_router(router)

    @api.get("/openapi.json", include_in_schema=False, dependencies=[allowed()])
    async def openapi() -> JSONResponse:
        return JSONResponse(api.openapi())

    if service.review is not None:
        _add_screen(api)
    api.add_exception_handler(ServiceError, _refused)
    api.add_exception_handler(HTTPException, _unrouted)
    api.add_exception_handler(ClientGoneError, _left)
    api.add_exception_handler(RequestValidationError, _invalid)
    api.add_exception_handler(Exception, _failed)
    return Envelope(api, service)


def _add_screen(api: FastAPI) -> None:
    # Its libraries are only needed with a store.
    from clem_icd.serving.screen.routes import ROUTERS, SignInNeededError, to_sign_in

    for router in ROUTERS:
        api.include_router(router)
    api.add_exception_handler(SignInNeededError, to_sign_in)


async def _refused(request: Request, problem: Any) -> Response:
    return answer(problem, request.scope)


async def _left(_: Request, __: Any) -> Response:
    # Nobody receives it; the log and the metrics have it.
    return Response(status_code=_CLIENT_GONE)


async def _unrouted(request: Request, problem: Any) -> Response:
    """Answer what the router refuses."""
    if problem.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        found = ServiceError(
            "method-not-allowed",
            "the path does not have this method",
            "The header Allow lists its methods",
            dict(problem.headers or {}),
        )
    elif problem.status_code == HTTPStatus.NOT_FOUND:
        found = ServiceError("not-found", "the path does not exist", "The paths are in /openapi.json")
    else:
        found = ServiceError(
            "bad-request", "the request is malformed", "The reference describes the requests"
        )
    return answer(found, request.scope)


async def _invalid(request: Request, _: Any) -> Response:
    # FastAPI's own answer would repeat the input.
    return answer(ServiceError("invalid-request", "a parameter of the request is invalid"), request.scope)


async def _failed(request: Request, _: Any) -> Response:
    # The envelope writes the line in the log.
    return answer(internal_error(), request.scope)
