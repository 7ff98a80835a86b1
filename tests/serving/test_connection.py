"""Real connections: what is not HTTP, slow clients, uploads that are refused, and requests at the end."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from clem_icd.serving import Limits
from clem_icd.serving.running import http_server
from serving.conftest import CANARY, Serve, Served

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[Any]]


def with_connection(subject: Served, talk: Talk) -> Any:
    """Return what a client gets that talks with the HTTP server of a service."""

    async def run() -> Any:
        server = http_server(subject.service)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            serving = asyncio.create_task(server.serve([listener]))
            reader, writer = await asyncio.open_connection(*listener.getsockname())
            try:
                return await asyncio.wait_for(talk(reader, writer), 20)
            finally:
                writer.close()
                server.should_exit = True
                await serving

    return asyncio.run(run())


def head(request: str, **headers: str) -> bytes:
    lines = [
        f"{request} HTTP/1.1",
        "Host: localhost",
        *(f"{k.replace('_', '-')}: {v}" for k, v in headers.items()),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def post(body: bytes, **headers: str) -> bytes:
    return (
        head("POST /v1/code", Content_Type="application/json", Content_Length=str(len(body)), **headers)
        + body
    )


def test_what_is_not_http_has_the_one_shape_of_errors(toy: Served) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(f"{CANARY}\x00 not HTTP\r\n\r\n".encode())
        return await reader.read()

    answer = with_connection(toy, talk)
    first, _, body = answer.partition(b"\r\n\r\n")
    assert first.startswith(b"HTTP/1.1 400 ")
    error = json.loads(body)["error"]
    assert error["code"] == "bad-request"
    assert error["request_id"].encode() in first
    assert CANARY.encode() not in answer


@pytest.mark.parametrize("sent", [b"", b"GET /healthz HTTP/1.1\r\nHost: local"])
def test_a_client_that_does_not_finish_its_headers_is_cut_off(serve: Serve, sent: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> float:
        started = time.monotonic()
        writer.write(sent)
        assert await reader.read() == b""
        return time.monotonic() - started

    taken = with_connection(serve(limits=Limits(header_seconds=0.2)), talk)
    assert 0.1 < taken < 5


def test_trickling_headers_does_not_extend_the_time(serve: Serve) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int:
        sent = 0
        writer.write(b"GET /healthz HTTP/1.1\r\n")
        while not reader.at_eof():
            try:
                writer.write(b"a: b\r\n")
                await writer.drain()
            except OSError:
                break
            sent += 1
            await asyncio.sleep(0.05)
        return sent

    assert with_connection(serve(limits=Limits(header_seconds=0.2)), talk) < 40


def test_a_refused_upload_that_goes_on_is_cut_off(serve: Serve) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(head("POST /nothing", Content_Length="50000000"))
        answer = await reader.readuntil(b"}}")
        assert await reader.read() == b""
        return answer

    answer = with_connection(serve(limits=Limits(header_seconds=0.2)), talk)
    assert answer.startswith(b"HTTP/1.1 404 ")


def test_a_connection_codes_several_notes_one_after_the_other(serve: Serve) -> None:
    body = json.dumps({"notes": [{"text": "pain"}]}).encode()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int:
        coded = 0
        for _ in range(4):
            # Longer in total than a client may take for the headers of one request.
            await asyncio.sleep(0.1)
            writer.write(post(body))
            first = await reader.readuntil(b"\r\n\r\n")
            assert first.startswith(b"HTTP/1.1 200 ")
            length = int(first.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            coded += len(json.loads(await reader.readexactly(length))["notes"])
        return coded

    assert with_connection(serve(limits=Limits(header_seconds=0.3)), talk) == 4


def test_a_request_in_progress_is_answered_when_the_service_stops(serve: Serve) -> None:
    subject = serve()
    subject.system.open.clear()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(post(b'{"notes": [{"text": "pain"}]}'))
        await asyncio.to_thread(subject.system.begun.wait, 10)
        subject.service.begin_to_stop()
        asyncio.get_running_loop().call_later(0.1, subject.system.open.set)
        return await reader.readuntil(b"\r\n")

    assert with_connection(subject, talk) == b"HTTP/1.1 200 OK\r\n"
