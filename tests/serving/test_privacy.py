"""Nothing of a note leaves through logs, metrics or errors, and nothing connects anywhere."""

from __future__ import annotations

import io
import json
import logging
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from clem_icd.serving.journal import LOGGER, JsonLines
from clem_icd.serving.problems import KINDS
from serving.conftest import CANARY, Served


def requests(subject: Served) -> Iterator[Any]:
    """Yield the responses to requests with the canary at every place where a client can put something."""
    text = f"Admitted with pneumonia. {CANARY}"
    yield subject.code(text, evidence=True)
    yield subject.code(f"{text} break the batch")
    yield subject.code(f"<html>{CANARY}</html>")
    yield subject.ask("POST", "/v1/code", json={"notes": [{"id": CANARY * 50, "text": 5, CANARY: 1}]})
    yield subject.ask("POST", "/v1/code", content=CANARY, headers={"content-type": "application/json"})
    yield subject.ask("POST", f"/v1/code?{CANARY}=1", json={"notes": [{"text": text}]})
    for path in (f"/{CANARY}", f"/v1/{CANARY}", f"/fhir/{CANARY}", f"/fhir/DocumentReference/{CANARY}"):
        yield subject.ask("GET", path)
    for name in ("X-Request-ID", "User-Agent", "Authorization", "Origin", "Cookie", "Content-Type", "Host"):
        yield subject.ask("POST", "/v1/code", json={"notes": [{"text": "a"}]}, headers={name: CANARY})
    yield subject.ask(CANARY, "/v1/code")


def test_no_log_error_or_metric_holds_anything_that_a_client_sent(toy: Served, log: io.StringIO) -> None:
    answers = list(requests(toy))
    assert {answer.status_code for answer in answers} >= {200, 400, 403, 404, 405, 415, 421, 422, 500}
    for answer in answers:
        assert CANARY not in answer.text
        assert CANARY not in str(answer.headers)
    assert CANARY not in toy.ask("GET", "/metrics").text
    written = log.getvalue()
    assert written.count('"event": "request"') == len(answers) + 1
    assert "RuntimeError" in written
    assert CANARY not in written
    codes = {one.code for one in toy.coder.code("pain")}
    assert [code for code in codes if code in written] == []


def test_a_line_has_the_template_of_the_path_and_the_token(toy: Served, log: io.StringIO) -> None:
    answer = toy.ask("POST", "/fhir/DocumentReference/$suggest-codes?patient=1", json={})
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    [line] = [one for one in lines if one.get("event") == "request"]
    assert line.keys() == {
        *("time", "level", "event", "request_id", "method", "route", "status", "seconds", "token"),
    }
    assert line["request_id"] == answer.headers["X-Request-ID"]
    assert (line["method"], line["route"], line["status"]) == (
        "POST",
        "/fhir/DocumentReference/$suggest-codes",
        422,
    )


def test_an_exception_is_logged_by_its_class_only() -> None:
    try:
        raise ValueError(CANARY)
    except ValueError as problem:
        record = LOGGER.makeRecord(
            "uvicorn.error", logging.ERROR, "", 0, "failed", (), (type(problem), problem, None)
        )
    line = json.loads(JsonLines().format(record))
    assert (line["event"], line["exception"]) == ("failed", "ValueError")
    assert CANARY not in json.dumps(line)


def test_labels_of_metrics_come_from_closed_lists(toy: Served) -> None:
    list(requests(toy))
    statuses = {"200", "499", *(str(kind.status) for kind in KINDS.values())}
    routes = {"(none)", "/v1/code", "/v1/model", "/fhir/DocumentReference/$suggest-codes"}
    for family in toy.service.measures.registry.collect():
        for sample in family.samples:
            labels = dict(sample.labels)
            assert labels.get("route", "(none)") in routes
            assert labels.get("status", "200") in statuses
            assert labels.get("method", "GET") in {"GET", "POST", "other"}


def test_coding_opens_no_connection(toy: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[object] = []

    def refuse(*arguments: object, **_: object) -> None:
        opened.append(arguments)
        raise OSError("no network in this test")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert toy.code("See http://127.0.0.1:1/ <img src='http://127.0.0.1:1/a.png'>").status_code == 200
    assert opened == []
