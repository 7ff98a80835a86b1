"""All routes of the screen, and what happens to someone who is not signed in."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from clem_icd.serving.screen import acts, lookups, pages, signing_in
from clem_icd.serving.screen.entering import SignInNeededError

__all__ = ["ROUTERS", "SignInNeededError", "to_sign_in"]

ROUTERS = (signing_in.router, lookups.router, pages.router, acts.router)


async def to_sign_in(request: Request, _: Exception) -> Response:
    """Send a browser to the page where a coder signs in, and from there back."""
    return RedirectResponse(f"/review/login?next={quote(request.url.path)}", 303)
