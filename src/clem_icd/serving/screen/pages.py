"""The pages of the screen."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.resources import files
from pathlib import PurePosixPath
from typing import Annotated, Literal, get_args

from fastapi import APIRouter, Query
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response

from clem_icd.serving.about import described
from clem_icd.serving.access import ServiceOf
from clem_icd.serving.problems import ServiceError
from clem_icd.serving.screen.documents import shown_documents
from clem_icd.serving.screen.entering import SIGNED_IN, VISITING, EncounterId, ReviewOf, Visitor
from clem_icd.serving.screen.reading import read_state, reading
from clem_icd.serving.screen.rendering import page
from clem_icd.serving.screen.state import state_of
from clem_icd.serving.store.judgement import PRESENT_ON_ADMISSION, REASONS
from clem_icd.serving.store.reading import read_encounter
from clem_icd.serving.store.statistics import statistics as read_statistics
from clem_icd.serving.store.worklist import Filter, Sort, next_encounter, work_list

router = APIRouter(include_in_schema=False)

_PER_PAGE = 50
_MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}

Status = Literal["open", "submitted", "all"]


@router.get("/")
async def root() -> Response:
    """Go to the work list."""
    return RedirectResponse("/review", 303)


@router.get("/review")
def list_(
    coder: Visitor,
    review: ReviewOf,
    status: Status = "open",
    assigned: Annotated[str | None, Query(max_length=100)] = None,
    search: Annotated[str, Query(max_length=200)] = "",
    sort: Sort = "oldest",
    page_: Annotated[int, Query(alias="page", ge=1, le=1_000_000)] = 1,
) -> Response:
    """Show the work list. ``assigned`` is a coder, ``me``, ``nobody``, or empty for all."""
    # No database can look for NUL.
    whose = {"me": coder, "nobody": "", "": None}.get(assigned or "", (assigned or "").replace("\0", ""))
    which = Filter(None if status == "all" else status, whose, search.replace("\0", ""), sort)
    with reading(review) as connection:
        found = work_list(connection, which, offset=_PER_PAGE * (page_ - 1), limit=_PER_PAGE)
    return page(
        "list.html",
        coder=coder,
        rows=found.rows,
        total=found.total,
        status=status,
        assigned=assigned or "",
        search=search,
        sort=sort,
        sorts=get_args(Sort),
        page=page_,
        pages=max(1, -(-found.total // _PER_PAGE)),
        now=datetime.now(UTC),
    )


@router.get("/review/next", dependencies=[VISITING])
def next_(review: ReviewOf, after: Annotated[str, Query(max_length=36)] = "") -> Response:
    """Go to the open encounter after another one, the first one at the end, or the list if there is none."""
    with reading(review) as connection:
        found = next_encounter(connection, Filter(), after or None) or next_encounter(connection, Filter())
    to = f"/review/encounters/{found}" if found and found != after else "/review"
    return RedirectResponse(to, 303)


@router.get("/review/encounters/{encounter_id}")
def encounter(encounter_id: EncounterId, coder: Visitor, review: ReviewOf) -> Response:
    """Show an encounter."""
    with reading(review) as connection:
        found = read_encounter(connection, encounter_id)
    current = state_of(found)
    return page(
        "encounter.html",
        coder=coder,
        encounter=found,
        documents=shown_documents(found.documents, current["codes"]),
        state=current,
        reasons=REASONS,
        present_on_admission=PRESENT_ON_ADMISSION,
    )


@router.get("/review/encounters/{encounter_id}/state", dependencies=[SIGNED_IN])
async def state(encounter_id: EncounterId, review: ReviewOf) -> dict[str, object]:
    """Return the state of an encounter."""
    return await run_in_threadpool(read_state, review, encounter_id)


@router.get("/review/statistics")
def statistics(coder: Visitor, review: ReviewOf) -> Response:
    """Show what the model gets wrong most."""
    with reading(review) as connection:
        rows = read_statistics(connection)
        submitted = work_list(connection, Filter("submitted"), limit=1).total
    return page("statistics.html", coder=coder, rows=rows, submitted=submitted)


@router.get("/review/about")
async def about(coder: Visitor, service: ServiceOf) -> Response:
    """Show what the model is and is not."""
    try:
        model = described(service.served, service.limits)
    except ServiceError:
        model = None
    return page("about.html", coder=coder, model=model)


def _static() -> dict[str, tuple[bytes, str]]:
    folder = files("clem_icd.serving.screen").joinpath("static")
    return {
        file.name: (file.read_bytes(), media_type)
        for file in folder.iterdir()
        if (media_type := _MEDIA_TYPES.get(PurePosixPath(file.name).suffix))
    }


_STATIC = _static()


@router.get("/review/static/{name}")
async def static(name: str) -> Response:
    """Return a script or style; they need no session, so that the page to sign in has them."""
    if name not in _STATIC:
        raise ServiceError("not-found", "there is no such file")
    content, media_type = _STATIC[name]
    return Response(content, media_type=media_type)
