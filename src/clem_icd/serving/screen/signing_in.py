"""Signing in and out."""

from __future__ import annotations

import re
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from clem_icd.serving.access import ServiceOf
from clem_icd.serving.bodies import read_body
from clem_icd.serving.problems import ServiceError
from clem_icd.serving.review import Review
from clem_icd.serving.screen.entering import COOKIE, FROM_OWN_PAGE, SCOPES, MaybeCoder, ReviewOf
from clem_icd.serving.screen.rendering import page
from clem_icd.serving.security.gate import Gate
from clem_icd.serving.security.hosts import name_in
from clem_icd.serving.security.sessions import SignedIn
from clem_icd.serving.security.sign_on import coder_name
from clem_icd.serving.security.tokens import hash_of

router = APIRouter(prefix="/review", include_in_schema=False)

_FORM = ("application/x-www-form-urlencoded",)
_PATH = "/review"
_OWN_PAGE = re.compile(r"/review(?:/encounters/[0-9a-f-]{36}|/statistics|/about)?")


@router.get("/login")
async def show(service: ServiceOf, review: ReviewOf, coder: MaybeCoder, next: str = "") -> Response:
    """Show the page where a coder signs in."""
    if coder is not None:
        return RedirectResponse(_own(next), 303)
    return _form(service, review, _own(next))


@router.post("/login", dependencies=[FROM_OWN_PAGE])
async def sign_in(request: Request, service: ServiceOf, review: ReviewOf) -> Response:
    """Begin a session, with a token or, if none is needed, with a name."""
    fields = _fields(await read_body(request, service.limits, _FORM))
    target = _own(fields.get("next", ""))
    address = _address(request, review)
    try:
        review.lock_out.check(address)
        who = _who(service.gate, review, fields)
    except ServiceError as problem:
        if problem.code in ("no-token", "unknown-token", "missing-scope"):
            review.lock_out.fail(address)
        return _form(service, review, target, problem)
    review.lock_out.succeed(address)
    response = RedirectResponse(target, 303)
    response.set_cookie(
        COOKIE,
        review.sessions.begin(who),
        path=_PATH,
        httponly=True,
        samesite="strict",
        secure=_is_encrypted(request, review),
    )
    return response


@router.post("/logout", dependencies=[FROM_OWN_PAGE])
async def sign_out(request: Request, review: ReviewOf) -> Response:
    """End the session."""
    review.sessions.end(request.cookies.get(COOKIE))
    response = RedirectResponse("/review/login", 303)
    response.delete_cookie(COOKIE, path=_PATH, httponly=True, samesite="strict")
    return response


def _form(service: ServiceOf, review: Review, target: str, problem: ServiceError | None = None) -> Response:
    response = page(
        "login.html",
        200 if problem is None else problem.kind.status,
        coder=None,
        needs_token=service.gate is not None,
        by_proxy=review.sign_on is not None,
        target=target,
        problem=problem,
    )
    if problem is not None and "Retry-After" in problem.headers:
        response.headers["Retry-After"] = problem.headers["Retry-After"]
    return response


def _who(gate: Gate | None, review: Review, fields: dict[str, str]) -> SignedIn:
    if gate is not None:
        token = fields.get("token", "").strip()
        return SignedIn(gate.admit_any(f"Bearer {token}", SCOPES), hash_of(token))
    if review.sign_on is not None:
        raise ServiceError(
            "no-session", "the proxy did not say who asks", "Open the screen through the hospital's sign-on"
        )
    name = coder_name(fields.get("name", ""))
    if name is None:
        raise ServiceError(
            "invalid-request",
            "expected a name of 1 to 100 letters, digits, spaces and the marks . , ' @ + -",
            "It is recorded with all that you decide",
        )
    return SignedIn(name)


def _fields(body: bytes) -> dict[str, str]:
    try:
        found = parse_qs(body.decode("utf-8"), max_num_fields=10, errors="strict")
    except ValueError:
        raise ServiceError("invalid-request", "the form is malformed", "Reload the page") from None
    return {name: values[0] for name, values in found.items()}


def _own(path: str) -> str:
    """Return a path of the screen to go to; never another site."""
    return path if _OWN_PAGE.fullmatch(path) else _PATH


def _address(request: Request, review: Review) -> str:
    """Return the address of the client, which a trusted proxy adds last."""
    if review.sign_on is not None and review.sign_on.trusts(request):
        forwarded = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
        if forwarded:
            return forwarded[:64]
    return request.client.host if request.client else ""


def _is_encrypted(request: Request, review: Review) -> bool:
    """Return whether the browser's connection is encrypted: a proxy forwards it."""
    is_proxied = review.sign_on is not None and review.sign_on.trusts(request)
    return is_proxied or name_in(request.headers.get("host", "")) in review.proxied_hosts
