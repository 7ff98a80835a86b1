"""Looking up codes, for the page of an encounter."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import Field

from clem_icd.errors import CodeError
from clem_icd.fields import Fields
from clem_icd.icd import Code, CodeSystem, Found, default_codebook, find_codes, relatives_of
from clem_icd.serving.access import ServiceOf
from clem_icd.serving.bodies import parse_json, read_body
from clem_icd.serving.problems import ServiceError
from clem_icd.serving.screen.entering import SIGNED_IN

_LONGEST = 200  # characters
_MOST = 20

router = APIRouter(prefix="/review", include_in_schema=False, dependencies=[SIGNED_IN])


@router.get("/search")
async def search(
    q: Annotated[str, Query(max_length=_LONGEST)] = "",
    system: CodeSystem | None = None,
) -> dict[str, Any]:
    """Return up to 20 codes for what a coder has typed so far."""
    found = await run_in_threadpool(find_codes, q, system)
    return {"results": [_as_json(one) for one in found]}


class Sought(Fields):
    """What a coder looks for, and in which systems; in all of them if none is named."""

    q: str = Field(max_length=2_000)
    systems: tuple[CodeSystem, ...] = ()


@router.post("/search")
async def search_for(request: Request, service: ServiceOf) -> dict[str, Any]:
    """Do the same for words of a note, which must not stand in an address: proxies log those."""
    sought = parse_json(Sought, await read_body(request, service.limits))
    found = await run_in_threadpool(find_codes, sought.q[:_LONGEST], most=_MOST * len(CodeSystem))
    own = [one for one in found if not sought.systems or one.code.system in sought.systems]
    return {"results": [_as_json(one) for one in own[:_MOST]]}


@router.get("/codes/{key}/relatives")
async def relatives(key: str) -> dict[str, Any]:
    """Return the siblings of a code and the more specific codes below it."""
    name, _, value = key.partition(":")
    try:
        code = Code.parse(value, CodeSystem(name))
    except (ValueError, CodeError):
        code = None
    if code is None or not default_codebook().exists(code.value, code.system):
        raise ServiceError("not-found", "there is no such code")
    found = await run_in_threadpool(relatives_of, code)
    return {name: [_as_json(one) for one in codes] for name, codes in found.items()}


def _as_json(found: Found) -> dict[str, Any]:
    return {
        "code": f"{found.code.system.value}:{found.code.value}",
        "value": found.code.value,
        "system": found.code.system.value,
        "title": found.title,
        "billable": found.billable,
        "matched": found.matched,
    }
