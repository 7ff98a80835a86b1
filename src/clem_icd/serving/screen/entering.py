"""Who sends a request to the screen, and whether a page of ours made the browser send it."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Depends, Request

from clem_icd.serving.access import ServiceOf
from clem_icd.serving.problems import ServiceError
from clem_icd.serving.review import Review
from clem_icd.serving.screen.refusals import no_such_encounter
from clem_icd.serving.security.tokens import Scope

UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""What the ids of encounters and the keys of requests look like."""

COOKIE = "clem_session"
SCOPES: tuple[Scope, ...] = ("review", "admin")
"""Tokens with one of these open the screen."""


class SignInNeededError(Exception):
    """A page was asked for by someone who is not signed in."""


async def review_of(service: ServiceOf) -> Review:
    """Return what the routes of the review share."""
    if service.review is None:
        raise ServiceError("not-found", "there is no review here", "Start the service with --store FILE")
    return service.review


ReviewOf = Annotated[Review, Depends(review_of)]


async def _signed_in(request: Request, service: ServiceOf, review: ReviewOf) -> str | None:
    # Not in a thread: everything is in memory.
    name = _coder(request, service, review)
    if name is not None and service.gate is not None:
        request.state.token = name
    return name


def _coder(request: Request, service: ServiceOf, review: Review) -> str | None:
    if review.sign_on is not None and (name := review.sign_on.coder(request)) is not None:
        return name
    who = review.sessions.find(request.cookies.get(COOKIE))
    if who is None or service.gate is None:
        return None if who is None else who.coder
    # A token that was revoked ends its sessions.
    known = who.token_sha256 is not None and service.gate.holds(who.token_sha256, SCOPES)
    return who.coder if known else None


MaybeCoder = Annotated[str | None, Depends(_signed_in)]


async def _visitor(coder: MaybeCoder) -> str:
    if coder is None:
        raise SignInNeededError
    return coder


async def _actor(coder: MaybeCoder) -> str:
    if coder is None:
        raise ServiceError("no-session", "nobody is signed in, or the session has ended", "Sign in again")
    return coder


Visitor = Annotated[str, Depends(_visitor)]
"""The coder who asks for a page; others are sent to the page where they sign in."""

Coder = Annotated[str, Depends(_actor)]
"""The coder who acts; others are refused."""


async def _encounter_id(encounter_id: str) -> str:
    """Return the id in a path, if it can be one: no database looks for anything else."""
    if not UUID.fullmatch(encounter_id):
        raise no_such_encounter()
    return encounter_id


EncounterId = Annotated[str, Depends(_encounter_id)]


async def _from_own_page(request: Request) -> None:
    """Refuse a request that does not say which page sent it; if it does, the envelope has checked that."""
    if "sec-fetch-site" not in request.headers and "origin" not in request.headers:
        raise ServiceError(
            "cross-origin", "the request does not say which page sent it", "Use the pages of the service"
        )


VISITING = Depends(_visitor)
SIGNED_IN = Depends(_actor)
FROM_OWN_PAGE = Depends(_from_own_page)
