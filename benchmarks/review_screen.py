"""A coder's walk through ten encounters by keyboard alone, in a real browser, and how quick the screen is.

Imports ten notes of a corpus that the model has not seen, opens the screen on them in Chromium, and judges
every code that the model decides: accepted if the corpus has it, rejected otherwise. Codes of the corpus that
the model missed are accepted among the possible ones, or looked up and added. Then each encounter is
submitted. Only keys are pressed. Afterwards, a note of 60 KB with 200 spans is worked on, and pictures are
taken. Exits with 1 if what the store has at the end differs from what the coder wanted.

    python benchmarks/review_screen.py runs/demo/model runs/demo-corpus
    python benchmarks/review_screen.py runs/demo/model runs/demo-corpus --pictures docs/images

The seconds are those of the screen and of the keys: nobody reads the notes. Needs playwright and Chromium.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from clem_icd import Corpus
from clem_icd.icd import Code, CodeSystem
from clem_icd.icd.packaged import packaged_titles
from clem_icd.modeling import load_model
from clem_icd.serving import ServedModel
from clem_icd.serving.exchange.arriving import Arriving, encounters_in_corpus
from clem_icd.serving.exchange.importing import import_encounters
from clem_icd.serving.store.database import Store, open_store
from clem_icd.serving.store.encounters import Document, Mark, Origin, Suggested, add_encounter, key, suggest
from clem_icd.serving.store.reading import read_encounter
from clem_icd.serving.store.worklist import Filter, work_list

_LONG = 60_000  # characters
_SPANS, _CODES = 200, 40
_REPEATS = 20
_EXAMPLE = Path(__file__).parents[1] / "examples/note.txt"
_FURTHER = 6  # encounters that are open in the pictures
_SIZE = {"width": 1280, "height": 800}
_SAVED = "() => document.getElementById('saved').textContent === 'Saved'"

# Milliseconds from a key until its work is done, and until the page is drawn again.
_MEASURE = """key => new Promise(done => {
  const begun = performance.now();
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
  document.activeElement.dispatchEvent(event);
  document.body.getBoundingClientRect();
  const acted = performance.now() - begun;
  requestAnimationFrame(() => setTimeout(() => done([acted, performance.now() - begun])));
})"""


@dataclass
class Hands:
    """Presses keys, counts them, and times the acts."""

    page: Page
    keys: int = 0
    seconds: list[float] = field(default_factory=list)

    def press(self, *keys: str) -> None:
        """Press keys."""
        for one in keys:
            self.keys += 1
            self.page.keyboard.press(one)

    def act(self, *keys: str) -> None:
        """Press keys, and wait until the act is stored and shown."""
        begun = time.perf_counter()
        self.press(*keys)
        self.page.wait_for_function(_SAVED)
        self.seconds.append(time.perf_counter() - begun)

    @property
    def code(self) -> str:
        """The selected code."""
        return self.page.get_attribute(".card.on", "data-code") or ""


def main() -> int:
    """Run everything; return the exit code."""
    asked = _arguments()
    corpus = Corpus.open(asked.corpus)
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "review.db"
        store = open_store(database)
        served = ServedModel.open(str(asked.model), lambda: load_model(asked.model))
        count = asked.encounters + (_FURTHER if asked.pictures else 0)
        arriving = list(islice(encounters_in_corpus(corpus, asked.split), count))
        if asked.pictures:
            example = Document("note.txt", _EXAMPLE.read_text("utf-8"), "Discharge summary")
            arriving.append(Arriving("Example", (example,)))
        import_encounters(store, arriving, served, actor="walk")
        with _serving(asked.model, database) as url, sync_playwright() as driver:
            options = ["--no-sandbox", "--disable-gpu"]
            browser = driver.chromium.launch(executable_path=asked.chromium, args=options)
            found = {"walk": _walk(browser, url, store, _wanted(corpus, asked.split), asked.encounters)}
            if asked.pictures:
                _take_pictures(browser, url, asked.pictures)
            found["long_note_ms"] = _long_note(browser, url, store)
            browser.close()
        store.close()
    print(json.dumps(found, indent=2))
    return 1 if found["walk"]["wrong"] else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--split", default="test")
    parser.add_argument("--encounters", type=int, default=10)
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    parser.add_argument("--pictures", type=Path, help="Folder for pictures of the screen")
    return parser.parse_args()


def _wanted(corpus: Corpus, split: str) -> dict[str, set[str]]:
    """Return the codes that the corpus has for each encounter."""
    wanted: dict[str, set[str]] = {}
    for note in corpus.notes(split):
        own = wanted.setdefault(note.admission_id or note.note_id, set())
        own.update(key(code) for code in note.codes)
    return wanted


@contextmanager
def _serving(model: Path, database: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "clem_icd.cli", "serve", str(model), "--port", "0"]
    command += ["--store", str(database), "--json", "--quiet"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as started:
        try:
            line = started.stdout.readline() if started.stdout else ""
            if not line:
                raise SystemExit("the service did not start")
            yield json.loads(line)["url"]
            started.send_signal(signal.SIGTERM)
            started.wait(40)
        finally:
            started.kill()


def _signed_in(browser: Browser, url: str, **options: Any) -> Page:
    page = browser.new_page(viewport=_SIZE, **options)
    page.goto(f"{url}/review")
    page.keyboard.type("Ada Coder")
    page.keyboard.press("Enter")
    page.wait_for_selector("body[data-page=list][data-ready]")
    return page


def _walk(
    browser: Browser, url: str, store: Store, wanted: dict[str, set[str]], count: int
) -> dict[str, Any]:
    """Work through the first encounters; return the keys, the times, and what is stored wrongly."""
    page = _signed_in(browser, url)
    hands, lines, begun = Hands(page), [], time.perf_counter()
    with store.reading() as connection:
        rows = work_list(connection, Filter()).rows[:count]
    hands.press("g")
    for _ in rows:
        page.wait_for_selector("body[data-page=encounter][data-ready]")
        name = page.text_content("h1") or ""
        keys, started, acts = hands.keys, time.perf_counter(), len(hands.seconds)
        _judge(hands, wanted[name])
        lines.append(
            {
                "encounter": name,
                "codes": len(wanted[name]),
                "acts": len(hands.seconds) - acts,
                "keys": hands.keys - keys,
                "seconds": round(time.perf_counter() - started, 2),
            }
        )
        with page.expect_navigation():
            hands.press("Enter")
    wrong = []
    with store.reading() as connection:
        for row in rows:
            stored = read_encounter(connection, row.id)
            if stored.status != "submitted" or set(map(key, stored.sequence)) != wanted[row.name]:
                wrong.append(row.name)
    page.context.close()
    return {
        "encounters": lines,
        "seconds": round(time.perf_counter() - begun, 1),
        "keys": hands.keys,
        "act_ms": _quantiles(1000 * np.array(hands.seconds)),
        "wrong": wrong,
    }


def _judge(hands: Hands, wanted: set[str]) -> None:
    """Judge all codes of the encounter that is shown, and submit it."""
    while hands.page.locator("#group-decided .card").count():
        hands.act(*("a" if hands.code in wanted else "r1"))
    for code in sorted(wanted):
        card = hands.page.query_selector(f"[data-code='{code}']")
        if card is None:
            _add(hands, code)
        elif card.get_attribute("class") == "card possible":
            _go_to(hands, code)
            hands.act("a")
    hands.press("Enter")
    hands.page.wait_for_selector("#summary[open]")
    hands.act("Enter")
    hands.page.wait_for_selector("body.submitted")


def _add(hands: Hands, code: str) -> None:
    value = code.partition(":")[2]
    hands.press("/", *value)
    hands.page.wait_for_selector(f"#finder-list li:first-child .value:text-is('{value}')")
    hands.act("Enter")
    hands.page.wait_for_selector(f".card.on[data-code='{code}']")


def _go_to(hands: Hands, code: str) -> None:
    keys = hands.page.eval_on_selector_all("details[open] .card", "all => all.map(one => one.dataset.code)")
    steps = keys.index(code) - (keys.index(hands.code) if hands.code in keys else -1)
    hands.press(*(("j" if steps > 0 else "k") * abs(steps)))


def _long_note(browser: Browser, url: str, store: Store) -> dict[str, Any]:
    """Return how long keys take on a note of 60 KB with 200 spans, in milliseconds."""
    encounter = _add_long(store)
    page = _signed_in(browser, url)
    page.goto(f"{url}/review/encounters/{encounter}")
    page.wait_for_selector("body[data-ready]")
    spans = page.locator("mark").count()
    times = {name: _times(page, name) for name in ("j", "k", "n", "p", "a")}
    page.context.close()
    return {"characters": _LONG, "spans": spans, "keys": times}


def _times(page: Page, name: str) -> dict[str, float]:
    acted, drawn = np.array([page.evaluate(_MEASURE, name) for _ in range(_REPEATS)]).T
    page.wait_for_function(_SAVED)
    return {
        "acted_max": round(float(acted.max()), 1),
        "drawn_max": round(float(drawn.max()), 1),
    } | _quantiles(drawn)


def _quantiles(values: np.ndarray[Any, np.dtype[np.float64]]) -> dict[str, float]:
    return {name: round(float(np.quantile(values, at)), 1) for name, at in (("p50", 0.5), ("p95", 0.95))}


def _add_long(store: Store) -> str:
    sentence = (
        "Patient seen and examined; stable overnight, afebrile, tolerating diet, ambulating with help. "
    )
    text = (sentence * (_LONG // len(sentence) + 1))[:_LONG]
    values = sorted(packaged_titles(CodeSystem.ICD10CM))[::1500][:_CODES]
    every = _LONG // _SPANS
    suggested = [
        Suggested(
            Code(value, CodeSystem.ICD10CM),
            packaged_titles(CodeSystem.ICD10CM)[value],
            0.99 - place / 100,
            True,
            tuple(Mark(0, at, at + 20, 0.5) for at in range(place * every, _LONG - 20, every * len(values))),
        )
        for place, value in enumerate(values)
    ]
    origin = Origin("none", "0" * 64, "always", None, "none", "2026")
    with store.writing() as connection:
        encounter = add_encounter(connection, "Long note", [Document("n1", text)], actor="walk")
        suggest(connection, encounter, suggested, origin, actor="walk")
    return encounter


def _take_pictures(browser: Browser, url: str, folder: Path) -> None:
    """Take pictures of the list, of an encounter that is begun, and of the statistics, light and dark."""
    page = _signed_in(browser, url)
    page.click("text=Example")
    page.wait_for_selector("body[data-page=encounter][data-ready]")
    for one in ("m", "a", "a", "a"):
        page.keyboard.press(one)
        page.wait_for_function(_SAVED)
    encounter = page.url
    page.context.close()
    for scheme in ("light", "dark"):
        page = _signed_in(browser, url, color_scheme=scheme)
        for name, address in (
            ("review-list", f"{url}/review?status=all&sort=newest"),
            ("review", encounter),
            ("review-statistics", f"{url}/review/statistics"),
        ):
            page.goto(address)
            page.wait_for_selector("body[data-ready]")
            if name == "review":
                page.click(".pick:has-text('I50.23')")
                page.keyboard.press("n")
            page.wait_for_timeout(300)
            picture = Image.open(BytesIO(page.screenshot())).convert("RGB")
            # A palette: a third of the size, and no difference to the eye.
            file = folder / f"{name}{'-dark' if scheme == 'dark' else ''}.png"
            picture.quantize(256, dither=Image.Dither.NONE).save(file, optimize=True)
        page.context.close()


if __name__ == "__main__":
    sys.exit(main())
