"""Reading the body of a request: bounded in size and time while it arrives, and strictly parsed."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect, Request

from clem_icd.serving.limits import Limits
from clem_icd.serving.problems import ClientGoneError, ServiceError, invalid_request

M = TypeVar("M", bound=BaseModel)

JSON = ("application/json",)

_CLOSE = {"Connection": "close"}
_UTF_8 = {"utf-8", "utf8", "us-ascii"}


async def read_body(request: Request, limits: Limits, media_types: Collection[str] = JSON) -> bytes:
    """Return the body of a request.

    Parameters
    ----------
    media_types
        Those that are accepted, in UTF-8 and uncompressed.

    Raises
    ------
    ServiceError
        If it is too large, arrives too slowly, or is of another media type. What is too large is not kept.
    ClientGoneError
        If the client leaves before it is complete.

    """
    _check_type(request, media_types)
    if _declared_length(request) > limits.body_bytes:
        raise _too_large(limits)
    body = bytearray()
    try:
        async with asyncio.timeout(limits.body_seconds):
            async for piece in request.stream():
                body += piece
                if len(body) > limits.body_bytes:
                    raise _too_large(limits)
    except TimeoutError:
        raise ServiceError(
            "slow-body",
            f"the body did not arrive within {limits.body_seconds:g} seconds",
            "Send it faster, or in several requests",
            _CLOSE,
        ) from None
    except ClientDisconnect:
        raise ClientGoneError from None
    return bytes(body)


def parse_json(model: type[M], body: bytes) -> M:
    """Return a body as a model.

    Raises
    ------
    ServiceError
        If it is not JSON in UTF-8, or does not fit the model.

    """
    try:
        return model.model_validate_json(body)
    except ValidationError as problem:
        raise invalid_request(problem) from None


def _check_type(request: Request, media_types: Collection[str]) -> None:
    found, *parameters = (part.strip().lower() for part in request.headers.get("content-type", "").split(";"))
    charsets = {
        value.strip('"') for name, _, value in (one.partition("=") for one in parameters) if name == "charset"
    }
    if found not in media_types or charsets - _UTF_8:
        raise ServiceError(
            "unsupported-media-type",
            f"expected a body of type {' or '.join(media_types)} in UTF-8",
            f"Send the header Content-Type: {next(iter(media_types))}",
            _CLOSE,
        )
    if request.headers.get("content-encoding", "identity").strip().lower() not in ("identity", ""):
        raise ServiceError(
            "unsupported-media-type", "the body is compressed", "Send it without Content-Encoding", _CLOSE
        )


def _declared_length(request: Request) -> int:
    declared = request.headers.get("content-length", "0")
    # Python refuses to read a number of thousands of digits.
    return int(declared[:20]) if declared.isdecimal() and declared.isascii() else 0


def _too_large(limits: Limits) -> ServiceError:
    return ServiceError(
        "body-too-large",
        f"the body is larger than {limits.body_bytes:,} bytes",
        "Send fewer notes per request, or shorter ones",
        _CLOSE,
    )
