"""The queue: order, batches, overload, deadlines, clients that leave, failures."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request

from clem_icd.serving import Limits, ServedModel, Service, create_token
from clem_icd.serving.batching import Batcher, Work
from clem_icd.serving.coding import code_notes
from clem_icd.serving.envelope import CODING
from clem_icd.serving.measures import Measures
from clem_icd.serving.problems import ServiceError
from serving.conftest import Serve, Served, Unread


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that another thread does."""
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.002)


def work(text: str = "pain") -> Work:
    return Work(text, 15, False)


def sample(measures: Measures, name: str, **labels: str) -> float:
    return measures.registry.get_sample_value(name, labels) or 0.0


def held(serve: Serve, **limits: Any) -> Served:
    """Return a service whose thread is held by one note. How busy this machine is does not matter to it."""
    subject = serve(limits=Limits(**({"wait_seconds": 60, "batch_seconds": 60} | limits)))
    subject.system.open.clear()
    subject.service.batcher.submit([work("first")])
    assert subject.system.begun.wait(10)
    return subject


def test_notes_that_wait_are_scored_together_in_the_order_in_which_they_came(serve: Serve) -> None:
    subject = held(serve)
    for text in ("a", "b", "c"):
        subject.service.batcher.submit([work(text), work(text * 2)])
    subject.system.open.set()
    subject.service.stop()
    assert subject.system.batches == [["first"], ["a", "aa", "b", "bb", "c", "cc"]]


def test_a_batch_is_bounded_in_notes_and_characters(serve: Serve) -> None:
    subject = held(serve, batch_notes=3, batch_characters=10)
    subject.service.batcher.submit([work("a" * n) for n in (1, 1, 1, 1, 8, 2, 30, 1)])
    subject.system.open.set()
    subject.service.stop()
    lengths = [[len(text) for text in batch] for batch in subject.system.batches[1:]]
    assert lengths == [[1, 1, 1], [1, 8], [2], [30], [1]]


def test_a_batch_is_bounded_in_the_time_that_it_is_expected_to_take(toy: Served) -> None:
    batcher = Batcher(toy.coder, Limits(wait_seconds=60, batch_seconds=1), Measures(), 0.5)
    toy.system.open.clear()
    batcher.submit([work("a" * length) for length in (4, 6, 1, 30, 1)])
    toy.system.open.set()
    batcher.close(10)
    # A short note takes half a second; what the first batch takes in truth says how many others go together.
    assert [len(text) for text in toy.system.batches[0]] == [4, 6]


@pytest.mark.parametrize("limits", [{"queue_notes": 2, "notes": 2}, {"queue_characters": 4_100}])
def test_a_full_queue_refuses_at_once_and_says_when_to_ask_again(
    serve: Serve, limits: dict[str, int]
) -> None:
    subject = held(serve, **({"body_bytes": 4_000} | limits))
    waiting = [work("a" * 2_000), work("b" * 2_000)]
    subject.service.batcher.submit(waiting)
    started = time.monotonic()
    answer = subject.code("c" * 200)
    assert time.monotonic() - started < 2
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "overloaded")
    assert int(answer.headers["Retry-After"]) >= 1
    assert sample(subject.service.measures, "clem_notes_total", outcome="refused") == 1
    subject.system.open.set()
    assert [one.coding.result(10).tokens for one in waiting] == [2_000, 2_000]
    assert subject.code("c" * 200).status_code == 200


def test_a_queue_that_would_take_too_long_refuses(serve: Serve) -> None:
    subject = serve(limits=Limits(wait_seconds=0.05))
    subject.system.open.clear()
    slow = work("a" * 10)
    subject.service.batcher.submit([slow])
    time.sleep(0.1)
    subject.system.open.set()
    slow.coding.result(10)
    # It took at least 0.1 s, as a note of any length up to 2,000 characters does.
    until(lambda: sample(subject.service.measures, "clem_batch_seconds_count") == 1)
    subject.system.open.clear()
    subject.system.begun.clear()
    subject.service.batcher.submit([work("b" * 10)])
    assert subject.system.begun.wait(10)
    # The next note is coded after that one, however long it takes.
    subject.service.batcher.submit([work("c")])
    with pytest.raises(ServiceError, match="overloaded"):
        subject.service.batcher.submit([work("d")])


def test_a_batch_that_is_slower_than_expected_refuses_while_it_runs(serve: Serve) -> None:
    subject = held(serve, wait_seconds=0.05)
    subject.service.batcher.submit([work()])
    time.sleep(0.1)
    with pytest.raises(ServiceError, match="overloaded"):
        subject.service.batcher.submit([work()])


def test_a_short_note_says_little_about_the_time_of_long_ones(toy: Served) -> None:
    batcher = Batcher(toy.coder, Limits(), Measures())
    batcher._in_batch = 100_000
    batcher._learn(1.0)
    before = batcher._pace()
    for _ in range(10):
        toy.system.open.set()
        batcher.submit([one := work("x")])
        one.coding.result(10)
    # Ten notes of a character each did not take long, whatever they took per character.
    assert batcher._pace() < max(before, 1e-4)
    batcher.close(10)


def test_what_a_model_does_not_read_of_a_long_note_takes_no_time(toy: Served) -> None:
    toy.coder.info = replace(toy.coder.info, architecture={"reading": {"max_tokens": 1_000}})
    batcher = Batcher(toy.coder, Limits(wait_seconds=60, batch_seconds=60), Measures(), 1.0)
    toy.system.open.clear()
    toy.system.begun.clear()
    batcher.submit([work("first")])
    assert toy.system.begun.wait(10)
    waiting = [work("a" * 100_000), work("b" * 3_000), work("c")]
    batcher.submit(waiting)
    assert [one.cost for one in waiting] == [5_000, 3_000, 2_000]
    assert batcher._cost == 10_000
    toy.system.open.set()
    batcher.close(10)
    assert batcher._cost == batcher._characters == 0


def test_a_request_that_waits_for_too_long_after_all_is_refused_whole(serve: Serve) -> None:
    subject = held(serve, wait_seconds=30)
    late, timely = [work("late"), work("later")], [work("timely")]
    for request in (late, timely):
        subject.service.batcher.submit(request)
    for one in late:
        one.queued -= 60
    slow_down(subject)
    subject.system.open.set()
    assert timely[0].coding.result(10).tokens == 6
    for one in late:
        with pytest.raises(ServiceError, match="overloaded"):
            one.coding.result(10)
    assert subject.system.batches == [["first"], ["timely"]]
    assert sample(subject.service.measures, "clem_notes_total", outcome="refused") == 2
    assert sample(subject.service.measures, "clem_queue_characters") == 0


def slow_down(subject: Served) -> None:
    """Let a note seem to take about half a minute."""
    subject.service.batcher._timed = (2_000.0, 90.0)


def test_a_late_request_is_coded_all_the_same_if_the_queue_is_short(serve: Serve) -> None:
    subject = held(serve, wait_seconds=30)
    late = work("late")
    subject.service.batcher.submit([late])
    late.queued -= 60
    subject.system.open.set()
    assert late.coding.result(10).tokens == 4


def test_a_late_request_is_answered_with_429(serve: Serve) -> None:
    subject = held(serve, wait_seconds=30)
    texts = ["late", " ", "later"]

    async def ask() -> Any:
        asked = asyncio.create_task(
            subject.ask_async("POST", "/v1/code", json={"notes": [{"text": text} for text in texts]})
        )
        while sample(subject.service.measures, "clem_queue_notes") < 2:
            await asyncio.sleep(0.001)
        for one in subject.service.batcher._queue:
            one.queued -= 60
        slow_down(subject)
        subject.system.open.set()
        return await asked

    answer = asyncio.run(ask())
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "overloaded")
    assert int(answer.headers["Retry-After"]) >= 1
    assert sample(subject.service.measures, "clem_notes_total", outcome="refused") == 2
    assert sample(subject.service.measures, "clem_notes_total", outcome="unreadable") == 1


@pytest.mark.parametrize("path", CODING)
def test_an_overloaded_service_refuses_notes_without_reading_them(serve: Serve, path: str) -> None:
    subject = held(serve, queue_notes=1, notes=1)
    subject.service.batcher.submit([work("waiting")])
    answer = subject.ask("POST", path, content=Unread(), headers={"content-type": "application/json"})
    assert answer.status_code == 429
    labels = {"method": "POST", "route": path, "status": "429"}
    assert sample(subject.service.measures, "clem_requests_total", **labels) == 1
    assert subject.ask("GET", "/v1/model").status_code == 200


@pytest.mark.parametrize("path", CODING)
def test_an_overloaded_service_does_not_tell_strangers_so(serve: Serve, tmp_path: Path, path: str) -> None:
    tokens = tmp_path / "tokens.json"
    secret, other = create_token(tokens, "ehr", ["predict"]), create_token(tokens, "coder", ["review"])
    subject = serve(tokens=tokens, limits=Limits(queue_notes=1, notes=1, wait_seconds=60))
    subject.system.open.clear()
    subject.service.batcher.submit([work("first")])
    assert subject.system.begun.wait(10)
    subject.service.batcher.submit([work("waiting")])

    def status(secret: str | None) -> int:
        headers = {"content-type": "application/json"}
        headers |= {} if secret is None else {"authorization": f"Bearer {secret}"}
        return int(subject.ask("POST", path, content=Unread(), headers=headers).status_code)

    assert [status(one) for one in (None, "wrong", other, secret)] == [401, 401, 403, 429]
    assert sample(subject.service.measures, "clem_notes_total", outcome="refused") == 1
    subject.system.open.set()


def test_a_service_knows_its_pace_before_its_first_note(toy: Served) -> None:
    service = Service(Limits())
    served = ServedModel("toy/model", toy.coder, "0" * 64)
    service.prepare(served)
    service.start(served)
    assert service.batcher._pace() > 0
    service.stop(10)


def test_the_paths_that_code_notes_are_those_of_the_application(toy: Served) -> None:
    described = toy.ask("GET", "/openapi.json").json()["paths"]
    assert sorted(path for path, methods in described.items() if "post" in methods) == sorted(CODING)


def test_too_many_requests_in_progress_are_refused_but_health_answers(serve: Serve) -> None:
    subject = serve(limits=Limits(requests=2))
    subject.system.open.clear()

    async def crowd() -> tuple[list[int], int]:
        asked = [
            asyncio.create_task(subject.ask_async("POST", "/v1/code", json={"notes": [{"text": "pain"}]}))
            for _ in range(5)
        ]
        while subject.service.in_progress < 2:
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.02)
        health = await subject.ask_async("GET", "/healthz")
        subject.system.open.set()
        return [(await one).status_code for one in asked], health.status_code

    statuses, health = asyncio.run(crowd())
    assert sorted(statuses) == [200, 200, 429, 429, 429]
    assert health == 200
    assert subject.service.in_progress == 0


def test_a_request_that_takes_too_long_ends_and_its_notes_leave_the_queue(serve: Serve) -> None:
    subject = held(serve, deadline_seconds=0.05)
    answer = subject.code("a", "b")
    assert (answer.status_code, answer.json()["error"]["code"]) == (504, "deadline")
    assert sample(subject.service.measures, "clem_queue_notes") == 0
    assert sample(subject.service.measures, "clem_queue_characters") == 0
    assert sample(subject.service.measures, "clem_notes_total", outcome="dropped") == 2
    subject.system.open.set()
    subject.service.stop()
    assert subject.system.batches == [["first"]]


def test_the_notes_of_a_client_that_leaves_are_not_scored(serve: Serve) -> None:
    subject = held(serve)
    body = b'{"notes": [{"text": "left"}]}'
    left = asyncio.Event()
    messages = [{"type": "http.request", "body": body, "more_body": False}]
    sent: list[Any] = []

    async def receive() -> Any:
        if messages:
            return messages.pop()
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    async def leave() -> None:
        headers = [(b"host", b"localhost"), (b"content-type", b"application/json")]
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/v1/code",
            "headers": headers,
            "query_string": b"",
        }
        asked = asyncio.create_task(subject.app(scope, receive, send))
        while sample(subject.service.measures, "clem_queue_notes") < 1:
            await asyncio.sleep(0.001)
        left.set()
        await asked

    asyncio.run(leave())
    assert sent[0]["status"] == 499
    subject.system.open.set()
    subject.service.stop()
    assert subject.system.batches == [["first"]]
    labels = {"method": "POST", "route": "/v1/code", "status": "499"}
    assert sample(subject.service.measures, "clem_requests_total", **labels) == 1


def test_a_connection_that_fails_is_not_taken_for_a_client_that_left(serve: Serve) -> None:
    subject = held(serve)

    async def receive() -> Any:
        raise RuntimeError("broken connection")

    asked = code_notes(subject.service, Request({"type": "http"}, receive), ["pain"], top=2, evidence=False)
    with pytest.raises(RuntimeError, match="broken connection"):
        asyncio.run(asked)
    assert sample(subject.service.measures, "clem_queue_notes") == 0


def test_a_note_that_fails_does_not_fail_its_batch_mates(toy: Served) -> None:
    bad = "break the batch"
    first, second, third = toy.code("pain", bad, "fever").json()["notes"]
    assert first["error"] is None
    assert third["error"] is None
    assert second["error"]["code"] == "internal"
    assert toy.system.batches == [["pain", bad, "fever"], ["pain"], [bad], ["fever"]]
    assert sample(toy.service.measures, "clem_notes_total", outcome="failed") == 1
    assert toy.code("pain").json()["notes"][0] == {**first, "id": None}


def test_a_request_of_which_every_note_fails_is_a_failure_of_the_service(toy: Served) -> None:
    answer = toy.code("break the batch")
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "internal")
    assert toy.code("pain").status_code == 200


def test_a_system_that_forgets_a_note_fails_it_instead_of_waiting_forever(toy: Served) -> None:
    toy.system.score = lambda texts: iter(())
    assert toy.code("pain").status_code == 500


def test_closing_codes_what_waits_and_accepts_no_more(serve: Serve) -> None:
    subject = held(serve)
    waiting = work("last")
    subject.service.batcher.submit([waiting])
    subject.service.batcher.close(timeout=0)
    with pytest.raises(ServiceError, match="not-ready"):
        subject.service.batcher.submit([work()])
    subject.system.open.set()
    assert waiting.coding.result(10).tokens == 4


def test_counts_and_durations_are_measured(toy: Served) -> None:
    toy.code("pain", " ", top=2)
    measures = toy.service.measures
    assert sample(measures, "clem_notes_total", outcome="coded") == 1
    assert sample(measures, "clem_notes_total", outcome="unreadable") == 1
    assert sample(measures, "clem_tokens_total") == 4
    assert sample(measures, "clem_batch_notes_sum") == 1
    [note] = toy.code("pain", top=2).json()["notes"]
    decided = sum(one["decided"] for one in note["suggestions"])
    assert sample(measures, "clem_codes_total", decided="yes") == 2 * decided
    labels = {"method": "POST", "route": "/v1/code", "status": "200"}
    assert sample(measures, "clem_requests_total", **labels) == 2


def test_a_thread_and_its_queue_end_with_the_service(toy: Served) -> None:
    batcher = Batcher(toy.coder, Limits(), Measures())
    batcher.close(10)
    assert not batcher._thread.is_alive()
