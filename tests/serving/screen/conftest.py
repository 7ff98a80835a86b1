"""A review with one encounter in this process, and browsers of coders."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from clem_icd.serving import Service, create_app
from clem_icd.serving.envelope import Envelope
from clem_icd.serving.review import Review
from clem_icd.serving.security.gate import Gate
from clem_icd.serving.security.hosts import allowed_hosts
from clem_icd.serving.store.database import Store, open_store
from serving.conftest import URL
from serving.store.encounter import new_encounter

OWN = {"Origin": URL}


@dataclass
class Browser:
    """A browser with its cookies; requests are sent as pages of the service send them."""

    app: Envelope
    address: str = "127.0.0.1"
    url: str = URL
    cookies: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """Send one request, without following redirects."""
        if method == "POST":
            options.setdefault("headers", {"Origin": self.url})

        async def send() -> httpx2.Response:
            transport = httpx2.ASGITransport(app=self.app, client=(self.address, 5000))
            async with httpx2.AsyncClient(
                transport=transport, base_url=self.url, cookies=self.cookies
            ) as client:
                return await client.request(method, path, **options)

        answer = asyncio.run(send())
        for cookie in answer.headers.get_list("set-cookie"):
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value.strip('"')
        return answer

    def get(self, path: str, **options: Any) -> httpx2.Response:
        """Get a page."""
        return self.ask("GET", path, **options)

    def sign_in(self, **fields: str) -> httpx2.Response:
        """Send the form of the page where coders sign in."""
        return self.ask("POST", "/review/login", data=fields)

    def act(self, encounter: str, act: str, *, key: str | None = None, **body: Any) -> httpx2.Response:
        """Send an act."""
        headers = {"Origin": self.url, "X-Request-Key": key or str(uuid4())}
        return self.ask("POST", f"/review/encounters/{encounter}/{act}", json=body, headers=headers)


@dataclass
class Screen:
    """A service with a review."""

    service: Service
    review: Review
    store: Store
    encounter: str

    def __post_init__(self) -> None:
        self.app = create_app(self.service)

    def browser(self, coder: str | None = None, **options: Any) -> Browser:
        """Return a browser, signed in if a coder is named."""
        browser = Browser(self.app, **options)
        if coder is not None:
            assert browser.sign_in(name=coder).status_code == 303
        return browser


Open = Callable[..., Screen]


@pytest.fixture
def open_screen(tmp_path: Path) -> Iterator[Open]:
    """Open a review; keywords are ``tokens``, ``further_hosts``, and those of `Review`."""
    with ExitStack() as stack:

        def start(
            *, tokens: Path | None = None, further_hosts: tuple[str, ...] = (), **options: Any
        ) -> Screen:
            store = open_store(tmp_path / "review.db")
            with store.writing() as connection:
                encounter = new_encounter(connection)
            review = Review(store, proxied_hosts=frozenset(further_hosts), **options)
            service = Service(
                gate=None if tokens is None else Gate(tokens),
                hosts=allowed_hosts("127.0.0.1", further_hosts),
                review=review,
            )
            stack.callback(service.stop, 10)
            return Screen(service, review, store, encounter)

        yield start


@pytest.fixture
def screen(open_screen: Open) -> Screen:
    """A review without tokens."""
    return open_screen()


@pytest.fixture
def ann(screen: Screen) -> Browser:
    """A coder's browser."""
    return screen.browser("Ann")
