"""The dependency of every route that needs a token."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from clem_icd.serving.security.tokens import Scope
from clem_icd.serving.service import Service

_BEARER = HTTPBearer(auto_error=False, description="A token made by `clem token create`.")
_Described = Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]


# A dependency that is not a coroutine runs in a thread, for which every request would have to wait.
async def service_of(request: Request) -> Service:
    """Return what all routes share."""
    service: Service = request.app.state.service
    return service


ServiceOf = Annotated[Service, Depends(service_of)]


def allowed(scope: Scope | None = None) -> Any:
    """Return a dependency that admits requests with a token of a scope, None for any token."""
    return Depends(_admission(scope))


def _admission(scope: Scope | None) -> Callable[..., Coroutine[Any, Any, None]]:
    # Not in a thread: the file of tokens is small, and read only when it has changed.
    async def admit(request: Request, service: ServiceOf, described: _Described) -> None:
        del described  # documents the scheme in /openapi.json; the gate reads the header itself
        if service.gate is not None:
            request.state.token = service.gate.admit(request.headers.get("authorization"), scope)

    return admit
