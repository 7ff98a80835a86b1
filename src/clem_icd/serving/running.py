"""Running the service: the socket, the start, and an orderly end."""

from __future__ import annotations

import asyncio
import errno
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from uvicorn import Config, Server

from clem_icd.errors import InputError, OutputError
from clem_icd.serving.app import create_app
from clem_icd.serving.connection import connection_with
from clem_icd.serving.security.hosts import is_loopback
from clem_icd.serving.served import ServedModel
from clem_icd.serving.service import Service

DRAIN_SECONDS = 30
"""How long requests in progress may take to end once the service stops."""

_BACKLOG = 512

# Each operation of a model gives Python's lock away and waits to have it back. With the usual 5 milliseconds,
# a thread that refuses many requests stops one that codes notes.
_SWITCH_SECONDS = 0.0005


@dataclass(frozen=True, slots=True)
class Address:
    """Where the service listens.

    Attributes
    ----------
    host
        The name or address to bind.
    port
        The port; 0 for any that is free.

    """

    host: str
    port: int

    @property
    def url(self) -> str:
        """The address for a browser."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{name}:{self.port}"


def check_exposure(host: str, *, has_tokens: bool, forwarded: bool) -> None:
    """Refuse to let other machines ask without a token.

    Parameters
    ----------
    host
        The address to bind.
    has_tokens
        Whether tokens are required.
    forwarded
        Whether a proxy forwards requests under another name.

    Raises
    ------
    InputError
        If other machines could ask, and no token is required.

    """
    if has_tokens or (is_loopback(host) and not forwarded):
        return
    reason = "a proxy" if is_loopback(host) else host
    raise InputError(
        f"other machines could ask the service through {reason}, and no token is required",
        remedy="Create one with clem token create, and pass --tokens FILE",
    )


def serve(
    service: Service,
    address: Address,
    open_model: Callable[[], ServedModel],
    when_ready: Callable[[Address, ServedModel], None],
) -> None:
    """Serve until SIGTERM or Ctrl-C; requests in progress are answered first.

    Parameters
    ----------
    service
        What to serve.
    address
        Where to listen.
    open_model
        Loads the model. Until it and the tables of the screen are loaded, requests are answered with 503.
    when_ready
        Called once notes can be coded, with the actual address.

    Raises
    ------
    OutputError
        If the address cannot be bound.
    ModelError
        If the model cannot be loaded.

    """
    sys.setswitchinterval(_SWITCH_SECONDS)
    with _listening(address) as listener:
        bound = Address(address.host, listener.getsockname()[1])
        asyncio.run(_serve(service, listener, open_model, lambda served: when_ready(bound, served)))


@contextmanager
def _listening(address: Address) -> Iterator[socket.socket]:
    try:
        [family, kind, protocol, _, where], *_ = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        listener = socket.socket(family, kind, protocol)
    except OSError:
        raise InputError(
            f"{address.host} is not an address of this machine", remedy="Pass --host 127.0.0.1"
        ) from None
    with listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(where)
            # From here on, another process cannot listen here.
            listener.listen(_BACKLOG)
        except OSError as problem:
            raise _not_bound(address, problem) from None
        yield listener


def _not_bound(address: Address, problem: OSError) -> OutputError:
    if problem.errno == errno.EADDRINUSE:
        return OutputError(
            f"port {address.port} of {address.host} is in use by another program",
            remedy="Stop that program, or pass another --port; 0 takes any that is free",
        )
    if problem.errno in (errno.EACCES, errno.EPERM):
        return OutputError(
            f"port {address.port} needs the rights of an administrator", remedy="Pass --port 8000 or higher"
        )
    return OutputError(f"{address.host} cannot be bound", remedy="Pass an address of this machine")


class _Server(Server):
    """A server whose signals are handled here, so that a stop that was asked for ends with exit code 0."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def http_server(service: Service) -> Server:
    """Return the HTTP server of a service; the caller handles signals."""
    return _Server(
        Config(
            create_app(service),
            http=connection_with(service.limits.header_seconds),
            ws="none",
            lifespan="off",
            loop="asyncio",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=_BACKLOG,
            timeout_graceful_shutdown=DRAIN_SECONDS,
        )
    )


async def _serve(
    service: Service,
    listener: socket.socket,
    open_model: Callable[[], ServedModel],
    when_loaded: Callable[[ServedModel], None],
) -> None:
    server = http_server(service)

    def stop() -> None:
        # A second signal does not wait for requests in progress.
        server.force_exit = server.should_exit
        server.should_exit = True
        service.begin_to_stop()

    with _handling_signals(stop):
        loading = asyncio.create_task(_load(service, open_model, when_loaded, server))
        try:
            await server.serve([listener])
        finally:
            service.stop(timeout=1)
        await loading


async def _load(
    service: Service,
    open_model: Callable[[], ServedModel],
    when_loaded: Callable[[ServedModel], None],
    server: Server,
) -> None:
    try:
        served = await asyncio.to_thread(open_model)
        if not server.should_exit:
            await asyncio.to_thread(service.prepare, served)
        if not server.should_exit:
            service.start(served)
            when_loaded(served)
    except BaseException:
        server.should_exit = True
        raise


@contextmanager
def _handling_signals(stop: Callable[[], None]) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)
    for one in signals:
        loop.add_signal_handler(one, stop)
    try:
        yield
    finally:
        for one in signals:
            with suppress(ValueError):
                loop.remove_signal_handler(one)
