from __future__ import annotations

import base64
import hashlib
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from clem_icd.reporting.explained import ExplainedCode, ExplainedNote, MarkedSpan, explained_html, visible

TEXT = "Denies chest pain.\nHFrEF, acute on chronic.\nCafe\u0301 \U0001f469\u200d\u2695\ufe0f visit."
ATTACKS = [
    "<script>alert(1)</script>",
    "</mark></main></body><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)" x=\'',
    "' autofocus onfocus=alert(1) '",
    "{{ 7 * 7 }}{% raw %}",
    "&lt;b&gt; &amp; &#60;script&#62;",
    "]]></style><!-- --!><svg/onload=alert(1)>",
    "\u202egnirts\u202c \u2066x",
    "\x1b]0;title\x07",
]


class Page(HTMLParser):
    """The elements of a page: tags with attributes, the text of the note, and the marks."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.note = ""
        self.words = ""
        self.marks: list[tuple[str, str]] = []
        self.cards: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.elements.append((tag, given))
        if tag == "mark":
            self.marks.append((given["data-codes"], ""))
        if tag == "li" and "data-code" in given:
            self.cards.append("")
        if tag not in ("meta",):
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if {"style", "script"} & set(self._open):
            return
        self.words += data
        if "aside" in self._open and self.cards:
            self.cards[-1] = " ".join(f"{self.cards[-1]} {data}".split())
        if "main" in self._open:
            self.note += data
        if "mark" in self._open:
            codes, words = self.marks[-1]
            self.marks[-1] = (codes, words + data)

    def all_of(self, attribute: str) -> list[str]:
        return [given[attribute] for _, given in self.elements if attribute in given]


def span(words: str, *cues: str, text: str = TEXT, weight: float = 1.0) -> MarkedSpan:
    begin = text.index(words)
    return MarkedSpan(begin, begin + len(words), weight, cues)


def code(value: str, *spans: MarkedSpan, assigned: bool = True, title: str | None = None) -> ExplainedCode:
    return ExplainedCode(value, "icd10cm", title, 0.75, assigned, spans)


def note(
    *codes: ExplainedCode, text: str = TEXT, read: int | None = None, cut: float | None = 0.05
) -> ExplainedNote:
    return ExplainedNote("note.txt", text, codes, len(text) if read is None else read, "attention", cut)


def page_of(one: ExplainedNote) -> Page:
    return Page(explained_html(one))


def test_the_page_has_the_note_and_marks_the_words_of_each_code() -> None:
    page = page_of(note(code("I50.23", span("HFrEF, acute on")), code("R07.9", span("acute on chronic"))))
    assert page.note == TEXT
    assert page.marks == [("1", "HFrEF, "), ("1 2", "acute on"), ("2", " chronic")]


def test_accents_and_emoji_are_marked_as_a_whole() -> None:
    first = TEXT.index("\U0001f469")
    page = page_of(note(code("Z00.0", span("Cafe"), MarkedSpan(first, first + 1, 1.0))))
    assert [words for _, words in page.marks] == ["Cafe\u0301", "\U0001f469\u200d\u2695\ufe0f"]
    assert page.note == TEXT


def test_every_quoted_word_leads_to_its_place() -> None:
    page = page_of(note(code("I50.23", span("HFrEF"), span("chronic")), code("R07.9", span("chest pain"))))
    links = page.all_of("href")
    assert links == ["#w1-1", "#w1-2", "#w2-1"]
    assert set(links) <= {f"#{name}" for name in page.all_of("id")}
    assert len(set(page.all_of("id"))) == len(page.all_of("id"))


def test_a_code_shows_its_title_its_probability_and_what_governs_its_words() -> None:
    page = page_of(
        note(
            code("R07.9", span("chest pain", "negated", "ruled_out"), title="Chest pain, unspecified"),
            code("I50.23", assigned=False),
        )
    )
    first, second = page.cards
    assert first == "1 R07.9 0.75 Chest pain, unspecified negated ruled out chest pain"
    assert second == "2 I50.23 0.75 (no title known) not assigned no words above the cut"
    assert [given["title"] for tag, given in page.elements if tag == "mark"] == [
        "R07.9 (negated) (ruled out)"
    ]


def test_the_page_says_what_the_marks_mean() -> None:
    moved = explained_html(note(code("I10", span("HFrEF"))))
    taken = explained_html(note(code("I10"), cut=None))
    assert "those with more than 5 % of the support for a code (attention)." in moved
    assert "They moved its score but do not prove the code." in moved
    assert "those from which each code was taken (attention)" in taken
    assert "above the cut" not in taken
    assert "treat it as the note itself" in moved


def test_a_note_that_is_not_read_to_the_end_says_where_reading_ends() -> None:
    read = TEXT.index("acute")
    page = page_of(note(code("I50.23", span("HFrEF")), read=read))
    before, said, after = page.note.partition("not read from here on")
    assert (before + after, said) == (TEXT, "not read from here on")
    assert len(before) == read
    assert f"Only the first {read} of {len(TEXT)} characters were read" in page.words
    assert "not read" not in page_of(note(code("I50.23"))).words


def note_full_of(words: str) -> ExplainedNote:
    text = f"before {words} after {words}"
    spans = MarkedSpan(7, 7 + len(words), 1.0, ("negated",)), MarkedSpan(9, len(text) - 1, 0.5)
    codes = tuple(code("I10", one, title=words) for one in spans)
    return ExplainedNote(words, text, codes, len(text) - 2, "attention", 0.05, remarks=(words,))


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_text_becomes_markup(attack: str) -> None:
    hostile, plain = note_full_of(attack), page_of(note_full_of("harmless words"))
    page = page_of(hostile)
    assert page.note.replace("not read from here on", "") == visible(hostile.text)
    assert [tag for tag, _ in page.elements] == [tag for tag, _ in plain.elements]
    assert [list(given) for _, given in page.elements] == [list(given) for _, given in plain.elements]
    assert not set("\u202e\u2066\x1b") & set(page.words)


def test_the_page_needs_nothing_else_and_allows_only_its_own_script() -> None:
    html = explained_html(note(code("I10", span("HFrEF"))))
    page = Page(html)
    assert page.all_of("src") == []
    assert not re.search(r"https?:|url\(|@import", html)
    [policy] = [given["content"] for _, given in page.elements if "Policy" in given.get("http-equiv", "")]
    [script] = re.findall(r"<script>(.*?)</script>", html, flags=re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"


def test_a_page_without_codes_still_shows_the_note() -> None:
    page = page_of(note())
    assert (page.note, page.marks) == (TEXT, [])
    assert "No code." in page.words


BROWSER = shutil.which("chromium") or shutil.which("google-chrome")


@pytest.mark.skipif(BROWSER is None, reason="needs chromium")
def test_a_browser_runs_the_script_of_the_page(tmp_path: Path) -> None:
    path = tmp_path / "note.html"
    path.write_text(explained_html(note(code("I10", span("HFrEF"), span("chronic")))), encoding="utf-8")
    command = [BROWSER or "", "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", path.as_uri()]
    dumped = subprocess.run(
        [*command, f"--user-data-dir={tmp_path / 'profile'}"], capture_output=True, text=True, check=True
    ).stdout
    page = Page(dumped)
    marks = [given for tag, given in page.elements if tag == "mark"]
    assert [(mark["role"], mark["tabindex"]) for mark in marks] == [("button", "0")] * 2
    [keys] = [given for _, given in page.elements if given.get("id") == "keys"]
    assert "hidden" not in keys
