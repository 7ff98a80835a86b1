from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from clem_icd.icd import find_codes
from clem_icd.serving.store.database import Store, open_store
from clem_icd.serving.store.reading import Encounter, read_encounter
from serving.browser.encounters import new_encounter
from serving.browser.serving import reviewing

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
PATIENCE = 20_000  # milliseconds: a test passes as soon as it can, also on a busy machine


# Not for the session: its event loop would stay in this thread, where other tests run their own.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A real browser, without a window."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is missing: apt-get install chromium, or set CHROMIUM")
    with playwright.sync_playwright() as driver:
        # The sandbox refuses to run as root, as in a container; the pages are our own.
        options = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=["--disable-gpu", *options])
        yield browser
        browser.close()


def ready(page: Any, name: str) -> None:
    """Wait until a page has come and its script listens: a key that is pressed before is lost."""
    page.wait_for_selector(f"body[data-page={name}][data-ready]")


@dataclass
class Screen:
    """A coder's window, and the store behind it."""

    url: str
    store: Store
    browser: Any
    outside: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def encounter(self, name: str = "A1", **options: Any) -> str:
        """Add an encounter; return its id."""
        with self.store.writing() as connection:
            return new_encounter(connection, name, **options)

    def stored(self, encounter: str) -> Encounter:
        """Return an encounter as the store has it."""
        with self.store.reading() as connection:
            return read_encounter(connection, encounter)

    def verdicts(self, encounter: str) -> dict[str, str]:
        """Return the verdict of every code."""
        return {one.code.value: one.verdict for one in self.stored(encounter).codes}

    def window(self, **options: Any) -> Any:
        """Open a window of its own session, signed in; what it asks of other servers is in `outside`."""
        context = self.browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.on("pageerror", self._fail)
        page.on("dialog", self._dismiss)
        page.on("request", self._watch)
        # Without the page where coders sign in, which takes longer than many a test.
        context.request.post(
            f"{self.url}/review/login", form={"name": "Ada Coder"}, headers={"Origin": self.url}
        )
        page.goto(f"{self.url}/review")
        ready(page, "list")
        return page

    def open(self, encounter: str, **options: Any) -> Any:
        """Open an encounter in a window of its own."""
        page = self.window(**options)
        self.show(page, encounter)
        return page

    def show(self, page: Any, encounter: str) -> None:
        """Go to an encounter."""
        page.goto(f"{self.url}/review/encounters/{encounter}")
        ready(page, "encounter")

    def _fail(self, error: Any) -> None:
        self.problems.append(str(error))

    def _dismiss(self, dialog: Any) -> None:
        self.problems.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _watch(self, request: Any) -> None:
        if not request.url.startswith((self.url, "data:", "about:")):
            self.outside.append(request.url)


@pytest.fixture(scope="session")
def codebook() -> None:
    """Load the tables of codes, as a service does when it starts."""
    find_codes("prepared")


@pytest.fixture
def screen(chromium: Any, codebook: None, tmp_path: Path) -> Iterator[Screen]:
    store = open_store(tmp_path / "review.db")
    with reviewing(store) as url:
        found = Screen(url, store, chromium)
        yield found
        for context in list(chromium.contexts):
            context.close()
    assert found.problems == []
    assert found.outside == []


@pytest.fixture
def until() -> Callable[..., None]:
    """Wait until a page says that everything is saved."""

    def wait(page: Any, text: str = "Saved") -> None:
        # Keys that were pressed are dealt with before the page is drawn again.
        page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        page.wait_for_function("text => document.getElementById('saved').textContent === text", arg=text)

    return wait
