"""Who may use the screen: names, tokens, sessions, lock-out, single sign-on, and what other sites may not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clem_icd.errors import InputError
from clem_icd.serving import create_token, revoke_token
from clem_icd.serving.problems import ServiceError
from clem_icd.serving.security.lockout import FAILURES, WINDOW_SECONDS, LockOut
from clem_icd.serving.security.sessions import MOST, Sessions, SignedIn
from clem_icd.serving.security.sign_on import SignOn, coder_name
from serving.conftest import URL
from serving.screen.conftest import Browser, Open, Screen

PROXY = "10.0.0.5"
HEADER = "X-Forwarded-User"


@pytest.fixture
def tokens(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """A file of tokens, and the tokens by their scope, which is also their name."""
    path = tmp_path / "tokens.json"
    return path, {scope: create_token(path, scope, [scope]) for scope in ("predict", "review", "admin")}


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


# --- sessions ----------------------------------------------------------------------------------------------


def test_a_session_ends_when_it_is_not_used() -> None:
    clock = Clock()
    sessions = Sessions(60, clock)
    id_ = sessions.begin(SignedIn("Ann"))
    for _ in range(3):
        clock.now += 59
        assert sessions.find(id_) == SignedIn("Ann")
    clock.now += 61
    assert sessions.find(id_) is None
    clock.now -= 61
    assert sessions.find(id_) is None


def test_a_session_ends_by_signing_out_and_its_id_is_not_kept() -> None:
    sessions = Sessions()
    id_ = sessions.begin(SignedIn("Ann"))
    assert len(id_) >= 43
    assert id_ not in str(vars(sessions))
    sessions.end(id_)
    assert sessions.find(id_) is None
    assert sessions.find(None) is None


def test_the_number_of_sessions_is_bounded() -> None:
    sessions = Sessions()
    first, second = sessions.begin(SignedIn("Ann")), sessions.begin(SignedIn("Bob"))
    sessions.find(first)
    for _ in range(MOST - 1):
        sessions.begin(SignedIn("Eve"))
    assert sessions.find(second) is None
    assert sessions.find(first) == SignedIn("Ann")


def test_an_address_waits_after_five_failures_and_no_longer_than_said() -> None:
    clock = Clock()
    lock_out = LockOut(clock)
    for _ in range(FAILURES):
        lock_out.check("a")
        lock_out.fail("a")
    with pytest.raises(ServiceError, match="locked-out") as refused:
        lock_out.check("a")
    lock_out.check("b")
    clock.now += int(refused.value.headers["Retry-After"])
    lock_out.check("a")


def test_failures_that_are_long_ago_or_before_a_success_do_not_count() -> None:
    clock = Clock()
    lock_out = LockOut(clock)
    for _ in range(2 * FAILURES):
        lock_out.check("slow")
        lock_out.fail("slow")
        clock.now += WINDOW_SECONDS / FAILURES + 1
    for _ in range(2 * FAILURES):
        lock_out.check("right")
        lock_out.fail("right")
        lock_out.succeed("right")


# --- names and tokens --------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/review", "/review/statistics", "/review/about", "/review/next"])
def test_a_page_sends_those_who_are_not_signed_in_to_sign_in_and_back(screen: Screen, path: str) -> None:
    browser = screen.browser()
    away = browser.get(path)
    assert away.status_code == 303
    assert away.headers["location"].startswith("/review/login?next=/review")
    form = browser.get(away.headers["location"])
    assert form.status_code == 200
    assert 'name="name"' in form.text
    back = browser.sign_in(name="Ann", next=path)
    assert back.headers["location"] == (path if path != "/review/next" else "/review")
    assert browser.get(path).status_code in (200, 303)


@pytest.mark.parametrize(
    "next_", ["https://evil.example", "//evil.example", "/review/../v1", "/review/encounters/x", "\\\\evil"]
)
def test_signing_in_never_leads_to_another_site(screen: Screen, next_: str) -> None:
    assert screen.browser().sign_in(name="Ann", next=next_).headers["location"] == "/review"


@pytest.mark.parametrize("name", ["", " ", "x" * 101, "<script>", "a\0b", "=1+1", "\u202eAnn"])
def test_a_name_that_is_none_is_refused(screen: Screen, name: str) -> None:
    answer = screen.browser().sign_in(name=name)
    assert answer.status_code == 422
    assert "set-cookie" not in answer.headers


def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(screen: Screen) -> None:
    [cookie] = screen.browser().sign_in(name="Ann").headers.get_list("set-cookie")
    parts = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert parts == {"httponly", "path=/review", "samesite=strict"}


def test_the_cookie_is_for_encrypted_connections_behind_a_proxy(open_screen: Open, tokens: Any) -> None:
    screen = open_screen(tokens=tokens[0], further_hosts=("coding.hospital",))
    browser = screen.browser(url="http://coding.hospital")
    [cookie] = browser.sign_in(token=tokens[1]["review"]).headers.get_list("set-cookie")
    assert "; Secure" in cookie


def test_signing_out_ends_the_session_on_the_server(ann: Browser) -> None:
    stolen = dict(ann.cookies)
    assert ann.ask("POST", "/review/logout").headers["location"] == "/review/login"
    ann.cookies = stolen
    assert ann.get("/review").status_code == 303


@pytest.mark.parametrize("scope", ["review", "admin"])
def test_a_token_with_the_scope_opens_the_screen_in_its_name(
    open_screen: Open, tokens: Any, scope: str
) -> None:
    screen = open_screen(tokens=tokens[0])
    browser = screen.browser()
    assert 'name="token"' in browser.get("/review/login").text
    assert browser.sign_in(name="Ann").status_code == 401
    assert browser.sign_in(token=tokens[1][scope]).status_code == 303
    answer = browser.act(screen.encounter, "judge", code="icd10cm:I10", verdict="accepted", version=0)
    assert answer.json()["state"]["codes"][0]["judged_by"] == scope


@pytest.mark.parametrize(("token", "status"), [("", 401), ("clem_guess", 401), ("predict", 403)])
def test_another_token_does_not_open_the_screen(
    open_screen: Open, tokens: Any, token: str, status: int
) -> None:
    browser = open_screen(tokens=tokens[0]).browser()
    answer = browser.sign_in(token=tokens[1].get(token, token))
    assert answer.status_code == status
    assert 'role="alert"' in answer.text
    assert browser.get("/review").status_code == 303


def test_an_unknown_token_is_never_shown_again(open_screen: Open, tokens: Any) -> None:
    assert "clem_guess" not in open_screen(tokens=tokens[0]).browser().sign_in(token="clem_guess").text  # noqa: S106


def test_a_token_that_is_revoked_ends_its_sessions(open_screen: Open, tokens: Any) -> None:
    browser = open_screen(tokens=tokens[0]).browser()
    browser.sign_in(token=tokens[1]["review"])
    assert browser.get("/review").status_code == 200
    revoke_token(tokens[0], "review")
    assert browser.get("/review").status_code == 303


def test_guessing_tokens_locks_the_address_out(open_screen: Open, tokens: Any) -> None:
    screen = open_screen(tokens=tokens[0])
    browser = screen.browser()
    for _ in range(FAILURES):
        assert browser.sign_in(token="clem_guess").status_code == 401  # noqa: S106
    answer = browser.sign_in(token=tokens[1]["review"])
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    assert screen.browser(address="127.0.0.2").sign_in(token=tokens[1]["review"]).status_code == 303


# --- single sign-on ----------------------------------------------------------------------------------------


@pytest.fixture
def proxied(open_screen: Open) -> Screen:
    """A review whose coders a proxy names."""
    return open_screen(sign_on=SignOn.of([PROXY, "10.1.0.0/30"], HEADER))


@pytest.mark.parametrize("address", [PROXY, "10.1.0.2"])
def test_a_trusted_proxy_says_who_acts(proxied: Screen, address: str) -> None:
    browser = proxied.browser(address=address)
    answer = browser.get("/review", headers={HEADER: "ann@hospital"})
    assert answer.status_code == 200
    assert "ann@hospital" in answer.text
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("sent", ["Ana García".encode(), "Ana García".encode("latin-1")])
def test_the_name_of_a_coder_may_have_any_letters(proxied: Screen, sent: bytes) -> None:
    answer = proxied.browser(address=PROXY).get("/review", headers=[(HEADER.encode(), sent)])
    assert "Ana García" in answer.text


@pytest.mark.parametrize("address", ["10.0.0.6", "10.1.0.4", "127.0.0.1", "::1"])
def test_the_header_of_another_address_is_ignored(proxied: Screen, address: str) -> None:
    browser = proxied.browser(address=address)
    assert browser.get("/review", headers={HEADER: "ann"}).status_code == 303
    assert browser.sign_in(name="Ann").status_code == 401


@pytest.mark.parametrize(
    "headers", [[], [(HEADER, "")], [(HEADER, "ann"), (HEADER, "eve")], [("X-User", "ann")]]
)
def test_a_proxy_that_names_nobody_or_two_signs_nobody_in(proxied: Screen, headers: list[Any]) -> None:
    assert proxied.browser(address=PROXY).get("/review", headers=headers).status_code == 303


def test_behind_a_trusted_proxy_the_clients_are_locked_out_and_not_the_proxy(
    open_screen: Open, tokens: Any
) -> None:
    screen = open_screen(tokens=tokens[0], sign_on=SignOn.of([PROXY], HEADER))

    def sign_in(token: str, forwarded: str) -> int:
        headers = {"Origin": URL, "X-Forwarded-For": forwarded}
        browser = screen.browser(address=PROXY)
        return browser.ask("POST", "/review/login", data={"token": token}, headers=headers).status_code

    for number in range(FAILURES):
        # What the client itself has put in front changes nothing.
        assert sign_in("clem_guess", f"1.2.3.{number}, 192.0.2.7") == 401
    assert sign_in(tokens[1]["review"], "192.0.2.7") == 429
    assert sign_in(tokens[1]["review"], "192.0.2.8") == 303


@pytest.mark.parametrize(
    ("addresses", "header"), [([PROXY], None), ([], HEADER), (["proxy"], HEADER), ([PROXY], "X User")]
)
def test_half_a_sign_on_is_refused(addresses: list[str], header: str | None) -> None:
    with pytest.raises(InputError):
        SignOn.of(addresses, header)


def test_names_of_coders_are_names() -> None:
    assert coder_name("  Ann   O'Hara ") == "Ann O'Hara"
    assert coder_name("DOMAIN\\ann") == "DOMAIN\\ann"
    assert [coder_name(text) for text in ("", "<b>", "a" * 101, "\u200b")] == [None] * 4


# --- other sites -------------------------------------------------------------------------------------------

ACT = {"code": "icd10cm:I10", "verdict": "accepted", "version": 0}
KEY = {"X-Request-Key": "00000000-0000-4000-8000-000000000000"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": URL}, 403),
        ({"Sec-Fetch-Site": "same-site", "Origin": URL}, 403),
        ({"Origin": URL}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
    ],
)
def test_only_a_page_of_the_service_can_make_a_browser_act(
    screen: Screen, ann: Browser, headers: dict[str, str], status: int
) -> None:
    path = f"/review/encounters/{screen.encounter}/judge"
    answer = ann.ask("POST", path, json=ACT, headers={**headers, **KEY})
    assert answer.status_code == status
    state = ann.get(f"/review/encounters/{screen.encounter}/state").json()
    assert (state["codes"][0]["verdict"] == "accepted") == (status == 200)


@pytest.mark.parametrize("path", ["/review/login", "/review/logout"])
def test_another_site_can_sign_nobody_in_or_out(ann: Browser, path: str) -> None:
    for headers in ({}, {"Origin": "https://evil.example"}):
        answer = ann.ask("POST", path, data={"name": "Eve"}, headers=headers)
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers
    assert "Ann" in ann.get("/review").text


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_an_act_has_to_be_json_which_a_form_cannot_send(
    screen: Screen, ann: Browser, media_type: str
) -> None:
    headers = {"Origin": URL, "Content-Type": media_type, **KEY}
    path = f"/review/encounters/{screen.encounter}/submit"
    assert ann.ask("POST", path, content="{}", headers=headers).status_code == 415


def test_an_act_needs_a_session(screen: Screen) -> None:
    answer = screen.browser().act(screen.encounter, "submit")
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "no-session"
    for path in (f"encounters/{screen.encounter}/state", "search?q=a", "codes/icd10cm:I10/relatives"):
        assert screen.browser().get(f"/review/{path}").status_code == 401


def test_the_tokens_of_the_interface_protect_it_beside_a_screen(open_screen: Open, tokens: Any) -> None:
    browser = open_screen(tokens=tokens[0]).browser()
    browser.sign_in(token=tokens[1]["review"])
    assert browser.ask("POST", "/v1/code", json={"notes": [{"text": "a"}]}).status_code == 401
