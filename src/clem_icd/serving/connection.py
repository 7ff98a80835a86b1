"""The HTTP connection: uvicorn's, with a time limit on headers, and errors in the one shape."""

from __future__ import annotations

import asyncio
import json
import secrets

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from clem_icd.serving.problems import ServiceError

_MALFORMED = ServiceError("bad-request", "the request is not valid HTTP", "Use an HTTP client")


def connection_with(header_seconds: float) -> type[H11Protocol]:
    """Return a class of connections that are closed if the headers of a request take longer than this."""
    return type("Connection", (_Connection,), {"header_seconds": header_seconds})


class _Connection(H11Protocol):
    """Closes itself if headers take too long to come, or the rest of a body that was refused."""

    header_seconds = 10.0
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Answer a request that is not HTTP."""
        request_id = secrets.token_hex(8)
        body = json.dumps(_MALFORMED.as_json(request_id)).encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"x-request-id", request_id.encode()),
            (b"connection", b"close"),
        ]
        response = h11.Response(status_code=_MALFORMED.kind.status, headers=headers, reason=b"Bad Request")
        for event in (response, h11.Data(data=body), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _watch(self) -> None:
        """Run the timer exactly while the connection waits for headers, or for a body that nobody reads."""
        is_answered = self.cycle is not None and self.cycle.response_complete
        state = self.conn.their_state
        if state is h11.IDLE or (state is h11.SEND_BODY and is_answered):
            if self._timer is None:
                self._timer = self.loop.call_later(self.header_seconds, self._give_up)
        else:
            self._stop_timer()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()
