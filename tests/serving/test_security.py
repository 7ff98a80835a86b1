"""Tokens, scopes, hosts, origins, and the headers of every response."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import pytest

from clem_icd.errors import InputError
from clem_icd.serving import create_token, read_tokens, revoke_token
from clem_icd.serving.problems import ServiceError
from clem_icd.serving.running import check_exposure
from clem_icd.serving.security.hosts import allowed_hosts, check_host, is_loopback
from clem_icd.serving.security.origins import check_origin
from serving.conftest import Serve, Served, Unread

EVERYWHERE = "0.0.0.0"  # noqa: S104

NOTES: dict[str, Any] = {"notes": [{"text": "pain"}]}


def code_of(answer: Any) -> tuple[int, str | None]:
    """Return the status and the code of the error."""
    value = answer.json()
    if "issue" in value:
        return answer.status_code, value["issue"][0]["details"]["text"]
    return answer.status_code, value["error"]["code"] if "error" in value else None


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


# --- tokens ------------------------------------------------------------------------------------------------


@pytest.fixture
def tokens(tmp_path: Path) -> Path:
    return tmp_path / "tokens.json"


def test_every_route_but_health_needs_a_token(serve: Serve, tokens: Path) -> None:
    create_token(tokens, "ehr", ["predict"])
    subject = serve(tokens=tokens)
    routes = subject.app.app.openapi()["paths"]  # type: ignore[attr-defined]
    asked = {(method.upper(), path) for path, methods in routes.items() for method in methods}
    asked.add(("GET", "/openapi.json"))
    assert len(asked) == 9
    for method, path in asked:
        answer = subject.ask(method, path)
        if path in ("/healthz", "/readyz"):
            assert answer.status_code == 200
        else:
            assert code_of(answer) == (401, "no-token"), path
            assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_token_opens_what_its_scopes_allow(serve: Serve, tokens: Path) -> None:
    ehr = create_token(tokens, "ehr", ["predict"])
    coder = create_token(tokens, "coder", ["review"])
    subject = serve(tokens=tokens)
    for path in ("/v1/code", "/fhir/DocumentReference/$suggest-codes"):
        refused = subject.ask("POST", path, json=NOTES, headers=bearer(coder))
        assert code_of(refused) == (403, "missing-scope")
    assert subject.ask("POST", "/v1/code", json=NOTES, headers=bearer(ehr)).status_code == 200
    for token, path in product((ehr, coder), ("/v1/model", "/metrics", "/openapi.json", "/fhir/metadata")):
        assert subject.ask("GET", path, headers=bearer(token)).status_code == 200


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("", "no-token"),
        ("Bearer", "no-token"),
        ("Bearer  ", "no-token"),
        ("Basic dXNlcjpwYXNz", "no-token"),
        ("Bearer wrong", "unknown-token"),
        ("Bearer clem_", "unknown-token"),
        ("bearer é😀".encode("latin-1", "replace").decode("latin-1"), "unknown-token"),
    ],
)
def test_other_tokens_are_refused(serve: Serve, tokens: Path, header: str, code: str) -> None:
    create_token(tokens, "ehr", ["predict"])
    subject = serve(tokens=tokens)
    answer = subject.ask(
        "POST", "/v1/code", json=NOTES, headers=[(b"authorization", header.encode("latin-1"))]
    )
    assert code_of(answer) == (401, code)


def test_the_body_of_a_request_without_a_token_is_not_read(serve: Serve, tokens: Path) -> None:
    create_token(tokens, "ehr", ["predict"])

    answer = serve(tokens=tokens).ask("POST", "/v1/code", content=Unread())
    assert code_of(answer) == (401, "no-token")


def test_revoking_and_creating_take_effect_while_the_service_runs(serve: Serve, tokens: Path) -> None:
    first = create_token(tokens, "first", ["predict"])
    subject = serve(tokens=tokens)
    second = create_token(tokens, "second", ["predict"])
    revoke_token(tokens, "first")
    assert code_of(subject.ask("GET", "/v1/model", headers=bearer(first))) == (401, "unknown-token")
    assert subject.ask("GET", "/v1/model", headers=bearer(second)).status_code == 200


@pytest.mark.parametrize("damage", ["missing", "malformed"])
def test_a_file_of_tokens_that_became_unreadable_admits_nobody(
    serve: Serve, tokens: Path, damage: str
) -> None:
    token = create_token(tokens, "ehr", ["predict"])
    subject = serve(tokens=tokens)
    content = tokens.read_bytes()
    tokens.unlink() if damage == "missing" else tokens.write_text("{")
    for _ in range(2):
        assert code_of(subject.ask("GET", "/v1/model", headers=bearer(token))) == (503, "tokens-unreadable")
    tokens.write_bytes(content)
    assert subject.ask("GET", "/v1/model", headers=bearer(token)).status_code == 200


def test_the_file_holds_hashes_only_and_only_its_owner_reads_it(tokens: Path) -> None:
    token = create_token(tokens, "ehr", ["predict", "predict", "admin"])
    assert token not in tokens.read_text()
    assert token.startswith("clem_")
    assert len(token) == 48
    assert tokens.stat().st_mode & 0o777 == 0o600
    [stored] = read_tokens(tokens)
    assert (stored.name, stored.scopes) == ("ehr", ("predict", "admin"))


@pytest.mark.parametrize(
    ("name", "scopes", "says"),
    [
        ("ehr", ["predict"], "there is a token 'ehr' already"),
        ("two words", ["predict"], "letters, digits, dots"),
        ("", ["predict"], "letters, digits, dots"),
        ("other", [], "allows nothing"),
    ],
)
def test_unusable_tokens_are_not_created(tokens: Path, name: str, scopes: list[Any], says: str) -> None:
    create_token(tokens, "ehr", ["predict"])
    before = tokens.read_bytes()
    with pytest.raises(InputError, match=says):
        create_token(tokens, name, scopes)
    assert tokens.read_bytes() == before


def test_revoking_an_unknown_token_names_the_known_ones(tokens: Path) -> None:
    create_token(tokens, "ehr", ["predict"])
    with pytest.raises(InputError, match="The tokens are: ehr"):
        revoke_token(tokens, "her")


# --- hosts -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1", "127.0.0.1:1", "[::1]:8000"])
def test_names_of_this_machine_are_accepted(toy: Served, host: str) -> None:
    assert toy.ask("GET", "/v1/model", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "localhost.evil.example", "", "[::2]", "127.0.0.2"]
)
def test_a_name_that_points_at_this_machine_is_refused(toy: Served, host: str) -> None:
    assert code_of(toy.ask("GET", "/v1/model", headers={"Host": host})) == (421, "unknown-host")
    assert code_of(toy.ask("POST", "/v1/code", json=NOTES, headers={"Host": host})) == (421, "unknown-host")
    assert toy.ask("GET", "/healthz", headers={"Host": host}).status_code == 200


def test_the_name_of_a_proxy_is_accepted_beside_those_of_this_machine(serve: Serve) -> None:
    subject = serve(further_hosts=("Coding.hospital",))
    for host, status in (("coding.hospital", 200), ("localhost", 200), ("other.hospital", 421)):
        assert subject.ask("GET", "/v1/model", headers={"Host": host}).status_code == status


def test_an_address_that_others_can_reach_accepts_any_name_unless_some_are_given() -> None:
    check_host("anything", allowed_hosts(EVERYWHERE, ()))
    check_host(None, allowed_hosts(EVERYWHERE, ()))
    with pytest.raises(ServiceError):
        check_host("anything", allowed_hosts(EVERYWHERE, ["coding.hospital"]))


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        (EVERYWHERE, False),
        ("::", False),
        ("192.168.0.7", False),
        ("", False),
        ("coding.hospital", False),
    ],
)
def test_only_addresses_of_this_machine_need_no_token(host: str, local: bool) -> None:
    assert is_loopback(host) == local
    check_exposure(host, has_tokens=True, forwarded=True)
    if local:
        check_exposure(host, has_tokens=False, forwarded=False)
    else:
        with pytest.raises(InputError, match="no token is required"):
            check_exposure(host, has_tokens=False, forwarded=False)
    with pytest.raises(InputError, match="no token is required"):
        check_exposure(host, has_tokens=False, forwarded=True)


# --- origins -----------------------------------------------------------------------------------------------

OWN = "http://127.0.0.1:8000"


@pytest.mark.parametrize(
    ("headers", "admitted"),
    [
        ({}, True),
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "anything"}, False),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://evil.example"}, True),
        ({"Sec-Fetch-Site": "cross-site", "Origin": OWN}, False),
        ({"Origin": OWN}, True),
        ({"Origin": "http://evil.example"}, False),
        ({"Origin": "http://127.0.0.1:9999"}, False),
        ({"Origin": "http://127.0.0.1"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": ""}, False),
        ({"Origin": "http://127.0.0.1:port"}, False),
        ({"Origin": "http://[::1"}, False),
        ({"Origin": "file://127.0.0.1:8000"}, False),
    ],
    ids=str,
)
def test_pages_of_other_sites_cannot_send_anything(
    toy: Served, headers: dict[str, str], admitted: bool
) -> None:
    answer = toy.ask("POST", "/v1/code", json=NOTES, headers=headers)
    assert code_of(answer) == ((200, None) if admitted else (403, "cross-origin"))
    assert "access-control-allow-origin" not in answer.headers


def test_pages_of_other_sites_can_only_ask_what_they_cannot_read(toy: Served) -> None:
    answer = toy.ask("GET", "/v1/model", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 200
    assert "access-control-allow-origin" not in answer.headers
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "ANY"])
def test_every_method_that_may_change_something_is_checked(method: str) -> None:
    with pytest.raises(ServiceError):
        check_origin(method, host="a", origin="http://b", fetch_site=None)


def test_behind_a_proxy_the_port_of_the_scheme_is_implied() -> None:
    check_origin("POST", host="coding.hospital", origin="https://coding.hospital", fetch_site=None)
    check_origin("POST", host="coding.hospital:443", origin="https://coding.hospital", fetch_site=None)
    with pytest.raises(ServiceError):
        check_origin("POST", host="coding.hospital:80", origin="https://coding.hospital", fetch_site=None)


# --- headers -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/healthz"),
        ("GET", "/metrics"),
        ("GET", "/nothing"),
        ("DELETE", "/v1/code"),
        ("POST", "/v1/code"),
        ("GET", "/fhir/metadata"),
        ("GET", "/fhir/nothing"),
        ("GET", "/docs"),
    ],
)
def test_every_response_has_the_security_headers(toy: Served, method: str, path: str) -> None:
    headers = toy.ask(method, path).headers
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert len(headers["X-Request-ID"]) == 16
    assert "server" not in headers


def test_no_page_loads_anything_of_third_parties(toy: Served) -> None:
    for path in ("/docs", "/redoc", "/docs/oauth2-redirect"):
        assert toy.ask("GET", path).status_code == 404
