"""Bodies: size and time while they arrive, media types, and what is not JSON."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from clem_icd.serving import Limits
from serving.conftest import CANARY, Serve, Served, Unread

JSON = {"content-type": "application/json"}
PATHS = ("/v1/code", "/fhir/DocumentReference/$suggest-codes")


def post(subject: Served, body: Any, path: str = "/v1/code", **headers: str) -> tuple[int, str]:
    """Return the status and the code of the error."""
    answer = subject.ask(
        "POST", path, content=body, headers={**JSON, **{k.replace("_", "-"): v for k, v in headers.items()}}
    )
    assert CANARY not in answer.text
    value = answer.json()
    code = value["issue"][0]["details"]["text"] if "issue" in value else value["error"]["code"]
    return answer.status_code, code


@pytest.mark.parametrize("path", PATHS)
def test_a_body_is_refused_before_it_has_arrived(serve: Serve, path: str) -> None:
    subject = serve(limits=Limits(body_bytes=10_000))
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1
            yield b"x" * 1_000

    assert post(subject, endless(), path) == (413, "body-too-large")
    assert sent <= 12


@pytest.mark.parametrize("length", ["10001", "9" * 5_000])
def test_a_declared_length_over_the_limit_is_refused_at_once(serve: Serve, length: str) -> None:
    subject = serve(limits=Limits(body_bytes=10_000))
    assert post(subject, Unread(), content_length=length) == (413, "body-too-large")


def test_a_body_of_exactly_the_limit_is_read(serve: Serve) -> None:
    body = json.dumps({"notes": [{"text": "x" * 2_000}]}).encode()
    subject = serve(limits=Limits(body_bytes=len(body)))
    assert subject.ask("POST", "/v1/code", content=body, headers=JSON).status_code == 200
    assert post(subject, body + b" ") == (413, "body-too-large")


def test_a_body_that_arrives_too_slowly_is_refused(serve: Serve) -> None:
    subject = serve(limits=Limits(body_seconds=0.05))

    async def slow() -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(0.02)
            yield b" "

    assert post(subject, slow()) == (408, "slow-body")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "headers",
    [
        {"content_type": "text/plain"},
        {"content_type": ""},
        {"content_type": "application/json; charset=latin-1"},
        {"content_type": "application/json; charset=utf-16"},
        {"content_type": "multipart/form-data; boundary=x"},
        {"content_encoding": "gzip"},
        {"content_encoding": "br"},
    ],
    ids=str,
)
def test_other_media_types_and_compression_are_refused(
    toy: Served, path: str, headers: dict[str, str]
) -> None:
    bomb = gzip.compress(b"0" * 1_000_000)
    assert post(toy, bomb, path, **headers) == (415, "unsupported-media-type")


def test_utf_8_may_be_named(toy: Served) -> None:
    for content_type in ("application/json; charset=utf-8", 'Application/JSON;charset="UTF-8"'):
        answer = toy.ask(
            "POST", "/v1/code", content='{"notes":[{"text":"é"}]}', headers={"content-type": content_type}
        )
        assert answer.status_code == 200


MALFORMED = {
    "nothing": b"",
    "not json": f"text {CANARY}".encode(),
    "cut": f'{{"notes": [{{"text": "{CANARY}'.encode(),
    "NUL byte": b'{"notes": [{"text": "a\0b"}]}',
    "lone surrogate": b'{"notes": [{"text": "\\ud800"}]}',
    "not UTF-8": b'{"notes": [{"text": "\xff\xfe"}]}',
    "UTF-16": '{"notes": [{"text": "a"}]}'.encode("utf-16"),
    "deep arrays": b'{"notes": ' + b"[" * 100_000,
    "deep objects": b'{"notes": ' + b'{"a":' * 100_000,
    "bare word": b'{"notes": nope}',
}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_what_is_not_json_is_refused(toy: Served, path: str, body: bytes) -> None:
    assert post(toy, body, path) == (400, "malformed-json")


INVALID: dict[str, Any] = {
    "no object": [CANARY],
    "a string": CANARY,
    "null": None,
    "no notes": {},
    "no note": {"notes": []},
    "a text as a note": {"notes": [CANARY]},
    "no text": {"notes": [{"id": CANARY}]},
    "a number as text": {"notes": [{"text": 5}]},
    "an unknown field": {"notes": [{"text": "a", CANARY: 1}]},
    "an unknown field on top": {"notes": [{"text": "a"}], CANARY: CANARY},
    "NaN": {"notes": [{"text": "a"}], "top": float("nan")},
    "infinity": {"notes": [{"text": "a"}], "top": float("inf")},
    "negative": {"notes": [{"text": "a"}], "top": -1},
    "a fraction": {"notes": [{"text": "a"}], "top": 1.5},
    "a number as text of digits": {"notes": [{"text": "a"}], "top": "5"},
    "a huge number": {"notes": [{"text": "a"}], "top": 10**400},
    "a word as truth": {"notes": [{"text": "a"}], "evidence": "yes"},
    "NUL": {"notes": [{"text": f"{CANARY}\0"}]},
    "NUL in an id": {"notes": [{"text": "a", "id": f"{CANARY}\0"}]},
    "a long id": {"notes": [{"text": "a", "id": CANARY * 100}]},
    "an unknown choice": {"notes": [{"text": "a"}], "wrapped": CANARY},
}


@pytest.mark.parametrize("value", INVALID.values(), ids=INVALID)
def test_what_does_not_fit_the_schema_is_refused_without_an_echo(toy: Served, value: Any) -> None:
    assert post(toy, json.dumps(value).encode()) == (422, "invalid-request")


def test_the_place_of_an_invalid_field_is_named(toy: Served) -> None:
    error = toy.ask("POST", "/v1/code", json={"notes": [{"text": "a"}, {"text": 5}]}).json()["error"]
    assert error["message"] == "notes.1.text: Input should be a valid string"
    error = toy.ask("POST", "/v1/code", json={"notes": [{"text": "a", "sex": "f"}]}).json()["error"]
    assert error["message"] == "notes.0 has an unknown field"


@pytest.mark.parametrize(
    "text",
    [
        "\u202e\u2066bidi\u2069",
        "x" * 900_000,
        "😀" * 1_000,
        "\ufeffnote",
        "a\r\n\tb",
        "\x01\x02 note \x1b[31m",
    ],
    ids=["bidi", "one long word", "emoji", "BOM", "line ends", "control characters"],
)
def test_odd_text_is_coded(toy: Served, text: str) -> None:
    assert toy.code(text).json()["notes"][0]["error"] is None
