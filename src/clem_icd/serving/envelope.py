"""Around every request: its id, the checks that need no route, security headers, a log line, and its end.

No exception passes it, so that neither the server nor a log ever sees one with a note in its message.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import Message, Receive, Scope, Send

from clem_icd.serving.answers import answer
from clem_icd.serving.journal import log
from clem_icd.serving.problems import INTERNAL, KINDS, ServiceError, internal_error
from clem_icd.serving.security.headers import SECURITY_HEADERS
from clem_icd.serving.security.hosts import check_host
from clem_icd.serving.security.origins import check_origin
from clem_icd.serving.service import Service

HEALTH = ("/healthz", "/readyz")
"""The paths that answer even if the service is overloaded, and without a token."""

CODING = ("/v1/code", "/fhir/DocumentReference/$suggest-codes")
"""The paths whose requests bring notes for the model."""

_UNKNOWN_ROUTE = "(none)"
_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})


class Envelope:
    """An ASGI application around another.

    Parameters
    ----------
    app
        The application with the routes.
    service
        What its routes share.

    """

    def __init__(self, app: Starlette, service: Service) -> None:
        self.app = app
        self.service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        passage = _Passage(scope, send)
        try:
            self._check(scope)
            self._check_room(scope)
            with self._counted(scope["path"]):
                await self.app(scope, receive, passage.send)
        except ServiceError as problem:
            await passage.end(problem, receive)
        except Exception as failure:  # noqa: BLE001 - its message may quote a note
            log(
                logging.ERROR,
                "failure",
                request_id=passage.request_id,
                exception=type(failure).__name__,
            )
            await passage.end(internal_error(), receive)
        finally:
            self._record(passage)

    def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        # Orchestrators ask for the health by the address of the container.
        if scope["path"] not in HEALTH:
            check_host(headers.get("host"), self.service.hosts)
        check_origin(
            scope["method"],
            host=headers.get("host"),
            origin=headers.get("origin"),
            fetch_site=headers.get("sec-fetch-site"),
        )

    def _check_room(self, scope: Scope) -> None:
        """Refuse notes that could not be queued before their body is read, which takes far longer."""
        if scope["path"] not in CODING or scope["method"] != "POST" or not self.service.is_started:
            return
        if self.service.gate is not None:
            # How busy the service is does not concern whoever has no token.
            self.service.gate.admit(Headers(scope=scope).get("authorization"), "predict")
        self.service.batcher.check_room()

    @contextmanager
    def _counted(self, path: str) -> Iterator[None]:
        service = self.service
        if service.in_progress >= service.limits.requests and path not in HEALTH:
            raise ServiceError(
                "overloaded",
                f"{service.limits.requests} requests are in progress",
                "Ask again after the seconds in the header Retry-After",
                {"Retry-After": "1", "Connection": "close"},
            )
        service.in_progress += 1
        service.measures.in_progress.inc()
        try:
            yield
        finally:
            service.in_progress -= 1
            service.measures.in_progress.dec()

    def _record(self, passage: _Passage) -> None:
        seconds = time.monotonic() - passage.started
        method, route = passage.method, passage.route
        self.service.measures.requests.labels(method, route, str(passage.status)).inc()
        self.service.measures.request_seconds.labels(route).observe(seconds)
        log(
            logging.DEBUG if route in HEALTH else logging.INFO,
            "request",
            request_id=passage.request_id,
            method=method,
            route=route,
            status=passage.status,
            seconds=round(seconds, 4),
            token=passage.token,
        )


class _Passage:
    """One request on its way through."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self.started = time.monotonic()
        # Never the client's own: it could say anything.
        self.request_id = secrets.token_hex(8)
        self.status = KINDS[INTERNAL].status
        self.has_begun = False
        self._scope = scope
        self._send = send
        scope.setdefault("state", {})["request_id"] = self.request_id

    @property
    def method(self) -> str:
        """The method, if it is one of those that exist."""
        return self._scope["method"] if self._scope["method"] in _METHODS else "other"

    @property
    def route(self) -> str:
        """The template of the path: a path itself may name a patient."""
        known = self._scope["path"] if self._scope["path"] in CODING else _UNKNOWN_ROUTE
        return str(getattr(self._scope.get("route"), "path", known))

    @property
    def token(self) -> str | None:
        """The name of the token."""
        name: str | None = self._scope["state"].get("token")
        return name

    async def send(self, message: Message) -> None:
        """Pass a part of the response on, with the headers of every response."""
        if message["type"] == "http.response.start":
            self.has_begun = True
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["X-Request-ID"] = self.request_id
            for name, value in SECURITY_HEADERS.items():
                headers.setdefault(name, value)
        await self._send(message)

    async def end(self, problem: ServiceError, receive: Receive) -> None:
        """Answer with an error, unless an answer has begun."""
        if not self.has_begun:
            await answer(problem, self._scope)(self._scope, receive, self.send)
