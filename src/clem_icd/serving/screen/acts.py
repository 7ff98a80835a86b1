"""The acts of coders: each is one request, stored before it is answered."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response

from clem_icd.serving.access import ServiceOf
from clem_icd.serving.bodies import parse_json, read_body
from clem_icd.serving.problems import ServiceError
from clem_icd.serving.review import Review
from clem_icd.serving.screen.acting import Add, Assign, Judge, Order, Reopen, Submit, Undo
from clem_icd.serving.screen.entering import FROM_OWN_PAGE, UUID, Coder, EncounterId, ReviewOf
from clem_icd.serving.screen.reading import read_state
from clem_icd.serving.screen.refusals import refusing
from clem_icd.serving.store.acts import Act

router = APIRouter(
    prefix="/review/encounters/{encounter_id}", include_in_schema=False, dependencies=[FROM_OWN_PAGE]
)

_ACTS: dict[str, type[Judge | Add | Order | Undo | Assign | Submit | Reopen]] = {
    "judge": Judge,
    "add": Add,
    "order": Order,
    "undo": Undo,
    "assign": Assign,
    "submit": Submit,
    "reopen": Reopen,
}


@router.post("/{act}")
async def do(
    encounter_id: EncounterId,
    act: str,
    request: Request,
    service: ServiceOf,
    review: ReviewOf,
    coder: Coder,
    x_request_key: Annotated[str, Header()] = "",
) -> Response:
    """Do an act, and return the new state. A request that is sent again changes nothing."""
    if act not in _ACTS:
        raise ServiceError("not-found", "there is no such act")
    asked = parse_json(_ACTS[act], await read_body(request, service.limits))
    if not UUID.fullmatch(x_request_key):
        raise ServiceError(
            "invalid-request", "the header X-Request-Key is not a UUID", "Send a new one for every act"
        )
    # The key of one act cannot be that of another one.
    who = Act(coder, f"{act}:{x_request_key}")
    try:
        state = await run_in_threadpool(_do, review, encounter_id, asked, who)
    except ServiceError as problem:
        if problem.code != "conflict":
            raise
        state = await run_in_threadpool(read_state, review, encounter_id)
        body = {**problem.as_json(request.state.request_id), "state": state}
        return JSONResponse(body, problem.kind.status)
    return JSONResponse({"state": state})


def _do(
    review: Review,
    encounter_id: str,
    asked: Judge | Add | Order | Undo | Assign | Submit | Reopen,
    act: Act,
) -> dict[str, object]:
    with refusing(), review.store.writing() as connection:
        asked.do(connection, encounter_id, act)
    return read_state(review, encounter_id)
