"""The routes for those who run the service."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from clem_icd.serving.access import ServiceOf, allowed
from clem_icd.serving.measures import CONTENT_TYPE
from clem_icd.serving.openapi import errors
from clem_icd.serving.schemas import Health

router = APIRouter()


@router.get("/healthz", summary="Whether the process lives", response_model=Health)
async def healthz() -> Health:
    """Answer as long as the process can; needs no token."""
    return Health(status="ok")


@router.get(
    "/readyz",
    summary="Whether notes can be coded",
    response_model=Health,
    responses=errors("not-ready"),
)
async def readyz(service: ServiceOf) -> Health:
    """Answer 200 once the model is loaded, and 503 before and while the service stops; needs no token."""
    service.check_ready()
    return Health(status="ready")


@router.get(
    "/metrics",
    summary="Metrics for Prometheus",
    response_class=Response,
    responses={**errors(), 200: {"content": {"text/plain": {}}, "description": "Prometheus' text format."}},
    dependencies=[allowed()],
)
async def metrics(service: ServiceOf) -> Response:
    """Return counts and durations. No label is chosen by a client."""
    return Response(service.measures.page(), media_type=CONTENT_TYPE)
