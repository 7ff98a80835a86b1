"""Requests at random: never a 5xx, never another shape. ``CLEM_FUZZ_CASES`` sets how many per test."""

from __future__ import annotations

import base64
import json
import os
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from serving.conftest import Served

CASES = int(os.environ.get("CLEM_FUZZ_CASES", "150"))

FUZZ = settings(
    max_examples=CASES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

FHIR = "/fhir/DocumentReference/$suggest-codes"
MEDIA_TYPES = {"/v1/code": "application/json", FHIR: "application/fhir+json"}
PATHS = list(MEDIA_TYPES)

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
texts = st.text(max_size=200) | st.text("\0\u202e\ufeff😀e\u0301<>&;|^~\r\n pneumonia", max_size=50)
notes = st.fixed_dictionaries({"text": texts | values}, optional={"id": st.text(max_size=20) | values})
code_requests = st.fixed_dictionaries(
    {"notes": st.lists(notes | values, max_size=4)},
    optional={
        "top": st.integers(-2, 300) | values,
        "evidence": st.booleans() | values,
        "wrapped": st.sampled_from(["keep", "refuse"]) | values,
    },
)
attachments = st.fixed_dictionaries(
    {},
    optional={
        "contentType": st.sampled_from(["text/plain", "text/plain; charset=utf-8", "text/html"]) | values,
        "data": st.sampled_from(["cGFpbg==", "cGFp bg==", "8J+roQ=="])
        | st.text("ABCabc+/= \n", max_size=30)
        | values,
        "url": st.text(max_size=20),
    },
)
documents = st.fixed_dictionaries(
    {
        "resourceType": st.just("DocumentReference") | values,
        "status": st.just("current") | values,
        "content": st.lists(st.fixed_dictionaries({"attachment": attachments}) | values, max_size=3),
    },
    optional={"id": st.text("abc.-", max_size=8) | values, "subject": values, "context": values},
)
parameters = st.fixed_dictionaries(
    {
        "resourceType": st.just("Parameters"),
        "parameter": st.lists(
            st.fixed_dictionaries(
                {"name": st.sampled_from(["document", "top", "evidence", "other"])},
                optional={"resource": documents, "valueInteger": values, "valueBoolean": values},
            ),
            max_size=3,
        ),
    }
)


# What a careful client sends: any characters that are text.
readable = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=200)
well_formed_notes = st.fixed_dictionaries(
    {"text": st.builds("{}pneumonia {}".format, readable, readable)},
    optional={"id": readable.filter(bool)},
)
well_formed_requests = st.fixed_dictionaries(
    {"notes": st.lists(well_formed_notes, min_size=1, max_size=4), "wrapped": st.just("keep")},
    optional={"top": st.integers(0, 200), "evidence": st.booleans()},
)
well_formed_documents = st.builds(
    lambda text, about: {
        "resourceType": "DocumentReference",
        "status": "current",
        "content": [
            {
                "attachment": {
                    "contentType": "text/plain",
                    "data": base64.b64encode(f"pneumonia {text}".encode()).decode(),
                }
            }
        ],
        **about,
    },
    st.text("abcdefg pneumonia\n😀e\u0301", max_size=200),
    st.fixed_dictionaries({}, optional={"id": st.text("abc.-", min_size=1, max_size=8)}),
)

statuses: Counter[int] = Counter()


@pytest.fixture(scope="module", autouse=True)
def _said(request: pytest.FixtureRequest) -> Iterator[None]:
    """Say at the end how many requests were answered, and how."""
    yield
    plugins = request.config.pluginmanager
    terminal, capture = (plugins.get_plugin(name) for name in ("terminalreporter", "capturemanager"))
    if terminal is None or capture is None:  # in a worker
        return
    with capture.global_and_fixture_disabled():
        counts = ", ".join(f"{count:,} x {status}" for status, count in sorted(statuses.items()))
        failures = sum(count for status, count in statuses.items() if status >= 500)
        terminal.write_line(f"\n{statuses.total():,} requests, {failures} answers of 5xx: {counts}")


def check(answer: Any) -> None:
    """Check that an answer is either a result or an error of the one shape."""
    statuses[answer.status_code] += 1
    assert answer.status_code in (200, 400, 404, 405, 413, 415, 422), answer.text
    value = answer.json()
    if answer.status_code != 200:
        assert "error" in value or value["resourceType"] == "OperationOutcome"


def posted(toy: Served, path: str, body: bytes | Any) -> Any:
    """Post bytes, or a value as JSON, as the type that the route takes, and check the answer."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode("utf-8", "surrogatepass")
    answer = toy.ask("POST", path, content=content, headers={"content-type": MEDIA_TYPES[path]})
    check(answer)
    return answer


@FUZZ
@given(body=well_formed_requests)
def test_every_well_formed_request_is_coded_with_evidence_at_its_place(toy: Served, body: Any) -> None:
    answer = posted(toy, "/v1/code", body)
    assert answer.status_code == 200, answer.text
    found = answer.json()["notes"]
    assert [(one["id"], one["error"]) for one in found] == [(one.get("id"), None) for one in body["notes"]]
    for sent, one in zip(body["notes"], found, strict=True):
        assert any(suggestion["decided"] for suggestion in one["suggestions"])
        for suggestion in one["suggestions"]:
            spans = suggestion["evidence"] or []
            assert {sent["text"][span["begin"] : span["end"]] for span in spans} <= {"pneumonia"}


@FUZZ
@given(body=well_formed_documents)
def test_every_well_formed_document_is_coded(toy: Served, body: Any) -> None:
    answer = posted(toy, FHIR, body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["resourceType"] == "Bundle"


@FUZZ
@given(
    sent=st.tuples(st.just("/v1/code"), code_requests)
    | st.tuples(st.just(FHIR), documents | parameters)
    | st.tuples(st.sampled_from(PATHS), values)
)
def test_any_json_has_an_answer(toy: Served, sent: tuple[str, Any]) -> None:
    posted(toy, *sent)


@FUZZ
@given(body=st.binary(max_size=200), path=st.sampled_from(PATHS))
def test_any_bytes_have_an_answer(toy: Served, body: bytes, path: str) -> None:
    posted(toy, path, body)


@FUZZ
@given(
    path=st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=20),
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"]),
)
def test_any_path_has_an_answer(toy: Served, path: str, method: str) -> None:
    check(toy.ask(method, f"/{quote(path)}"))


@pytest.mark.parametrize("path", PATHS)
@FUZZ
@given(
    headers=st.dictionaries(
        st.sampled_from(["content-type", "content-encoding", "content-length", "accept"]),
        st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30),
    )
)
def test_any_headers_have_an_answer(toy: Served, path: str, headers: dict[str, str]) -> None:
    check(toy.ask("POST", path, content=b'{"notes": [{"text": "pain"}]}', headers=headers))
