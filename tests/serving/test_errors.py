"""Every error has one shape, and every code of the table occurs."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from clem_icd.serving import Limits, create_token
from clem_icd.serving.problems import KINDS
from serving.conftest import Serve

FHIR = "/fhir/DocumentReference/$suggest-codes"
NOTE = {"notes": [{"text": "pain"}]}


async def slow() -> Any:
    while True:
        await asyncio.sleep(0.02)
        yield b" "


def provoke(serve: Serve, tmp_path: Path, code: str, path: str) -> Any:
    """Return a response with an error."""
    tokens = tmp_path / "tokens.json"
    token = {"Authorization": f"Bearer {create_token(tokens, 'reviewer', ['review'])}"}
    json = {"content-type": "application/json"}
    usual = serve()
    if code == "malformed-json":
        return usual.ask("POST", path, content=b"{", headers=json)
    if code in ("no-token", "unknown-token", "missing-scope", "tokens-unreadable"):
        headers = {"no-token": {}, "unknown-token": {"Authorization": "Bearer x"}}.get(code, token)
        subject = serve(tokens=tokens)
        if code == "tokens-unreadable":
            tokens.unlink()
        return subject.ask("POST", path, json=NOTE, headers=headers)
    if code == "cross-origin":
        return usual.ask("POST", path, json=NOTE, headers={"Origin": "http://evil.example"})
    if code == "not-found":
        return usual.ask("GET", f"{path}/nothing")
    if code == "method-not-allowed":
        return usual.ask("PUT", path, json=NOTE)
    if code == "slow-body":
        return serve(limits=Limits(body_seconds=0.01)).ask("POST", path, content=slow(), headers=json)
    if code == "body-too-large":
        return serve(limits=Limits(body_bytes=1_000)).ask("POST", path, content=b" " * 1_001, headers=json)
    if code == "unsupported-media-type":
        return usual.ask("POST", path, content=b"text", headers={"content-type": "text/plain"})
    if code == "unknown-host":
        return usual.ask("POST", path, json=NOTE, headers={"Host": "evil.example"})
    if code == "invalid-request":
        return usual.ask("POST", path, json={"resourceType": "Patient"})
    return None


def check_shape(answer: Any, code: str) -> None:
    status, issue = KINDS[code]
    assert answer.status_code == status
    request_id = answer.headers["X-Request-ID"]
    if answer.request.url.path.startswith("/fhir/"):
        assert answer.headers["Content-Type"] == "application/fhir+json"
        [one] = answer.json()["issue"]
        assert (one["severity"], one["code"], one["details"]["text"]) == ("error", issue, code)
        assert request_id in one["diagnostics"]
    else:
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.json().keys() == {"error"}
        error = answer.json()["error"]
        assert error.keys() == {"code", "message", "remedy", "request_id"}
        assert (error["code"], error["request_id"]) == (code, request_id)
        assert error["message"]
        assert error["remedy"]


# The others occur in test_batching, test_connection, test_fhir, and below; those of the screen in its tests.
PROVOKED = sorted(
    KINDS.keys()
    - {"bad-request", "unreadable-note", "overloaded", "internal", "not-ready", "deadline"}
    - {"conflict", "locked-out", "no-session", "store-unavailable"}
)


@pytest.mark.parametrize("path", ["/v1/code", FHIR])
@pytest.mark.parametrize("code", PROVOKED)
def test_an_error_has_the_one_shape(serve: Serve, tmp_path: Path, code: str, path: str) -> None:
    check_shape(provoke(serve, tmp_path, code, path), code)


def test_what_is_not_ready_says_when_to_ask_again(serve: Serve) -> None:
    subject = serve(load=False)
    for method, path in (("GET", "/readyz"), ("GET", "/v1/model"), ("POST", "/v1/code")):
        answer = subject.ask(method, path, json=NOTE if method == "POST" else None)
        check_shape(answer, "not-ready")
        assert answer.headers["Retry-After"] == "2"
    assert subject.ask("GET", "/healthz").json() == {"status": "ok"}


def test_a_service_that_stops_is_not_ready_but_answers_what_has_come(serve: Serve) -> None:
    subject = serve()
    assert subject.ask("GET", "/readyz").json() == {"status": "ready"}
    subject.service.begin_to_stop()
    check_shape(subject.ask("GET", "/readyz"), "not-ready")
    assert subject.ask("POST", "/v1/code", json=NOTE).status_code == 200
    assert subject.ask("GET", "/healthz").status_code == 200


def test_methods_that_a_path_has_are_listed(serve: Serve) -> None:
    subject = serve()
    assert subject.ask("GET", "/v1/code").headers["Allow"] == "POST"
    for method in ("HEAD", "OPTIONS", "TRACE", "NONSENSE"):
        assert subject.ask(method, "/v1/code").status_code == 405


def test_a_defect_is_one_shape_too_and_its_message_stays_inside(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject = serve()

    def broken(*_: object) -> None:
        raise ValueError("SECRETPATIENT")

    monkeypatch.setattr("clem_icd.serving.notes.parse_json", broken)
    answer = subject.ask("POST", "/v1/code", json=NOTE)
    check_shape(answer, "internal")
    assert "SECRETPATIENT" not in answer.text
