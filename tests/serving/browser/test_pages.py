"""The pages of the screen in a real browser: accessibility, colours, narrow windows."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import pytest

from serving.browser.conftest import Screen, ready

pytestmark = pytest.mark.browser

PAGES = ("/review", "/review/statistics", "/review/about", "/review/encounters/none")
PHONE = {"width": 320, "height": 640}
ZOOMED = {"width": 640, "height": 400}  # 1280 x 800 at 200 %


@pytest.fixture(scope="session")
def axe() -> str:
    """The script of axe."""
    pytest.importorskip("axe_playwright_python", reason="axe-playwright-python is not installed")
    return files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


def findings(page: Any, axe: str) -> list[str]:
    """Return what axe calls serious or critical, with the first element of each."""
    page.evaluate(axe)
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")["violations"]
    return [
        f"{one['id']}: {one['nodes'][0]['html'][:200]}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(screen: Screen, axe: str, scheme: str) -> None:
    encounter = screen.encounter("A1")
    page = screen.window(color_scheme=scheme, bypass_csp=True)
    screen.show(page, encounter)
    assert findings(page, axe) == []
    page.keyboard.press("?")
    assert findings(page, axe) == []
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    assert findings(page, axe) == []
    page.keyboard.press("1")
    for _ in range(4):
        page.keyboard.press("a")
    page.wait_for_selector("#waiting:text-is('all judged')")
    page.keyboard.press("/")
    page.keyboard.type("I50")
    page.wait_for_selector("#finder-list li")
    assert findings(page, axe) == []
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    page.wait_for_selector("#summary[open]")
    assert findings(page, axe) == []
    page.keyboard.press("Enter")
    page.wait_for_selector("body.submitted")
    assert findings(page, axe) == []
    for path in PAGES:
        page.goto(screen.url + path)
        assert findings(page, axe) == [], path
    page.goto(f"{screen.url}/review")
    ready(page, "list")
    page.click("text=Sign out")
    page.wait_for_selector("body[data-page=login]")
    assert findings(page, axe) == []
    page.fill("[name=name]", "Bob")
    page.keyboard.press("Enter")
    page.wait_for_selector("body[data-page=list]")


def test_the_screen_is_dark_where_the_system_is(screen: Screen) -> None:
    encounter = screen.encounter("A1")
    pages = [screen.open(encounter, color_scheme=scheme) for scheme in ("light", "dark")]
    colour = "() => getComputedStyle(document.body).backgroundColor.match(/[0-9]+/g).map(Number)"
    light, dark = (page.evaluate(colour) for page in pages)
    assert min(light) > 200
    assert max(dark) < 60


@pytest.mark.parametrize("size", [PHONE, ZOOMED])
def test_nothing_scrolls_sideways_in_a_narrow_window(screen: Screen, size: dict[str, int]) -> None:
    encounter = screen.encounter("A1" + "x" * 60)
    page = screen.open(encounter, viewport=size)
    for path in (f"/review/encounters/{encounter}", *PAGES):
        page.goto(screen.url + path)
        assert page.evaluate("document.documentElement.scrollWidth") == size["width"], path
    screen.show(page, encounter)
    page.click("[data-act=accept]")
    page.wait_for_selector("#group-accepted .card")


def test_the_work_list_by_keyboard(screen: Screen) -> None:
    first, second = screen.encounter("A1"), screen.encounter("B2")
    page = screen.window()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    ready(page, "encounter")
    assert page.url.endswith(first)
    page.keyboard.press("g")
    page.wait_for_url(f"**/{second}")
    page.goto(f"{screen.url}/review")
    ready(page, "list")
    page.keyboard.press("/")
    page.keyboard.type("b2")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.locator("tbody th").all_text_contents() == ["B2"]


def test_the_scripts_of_a_page_obey_its_policy(screen: Screen) -> None:
    problems: list[str] = []
    page = screen.window()
    page.on("console", lambda message: problems.append(message.text))
    screen.show(page, screen.encounter("A1"))
    page.keyboard.press("a")
    page.wait_for_selector("#group-accepted .card")
    assert problems == []
