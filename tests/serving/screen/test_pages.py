"""The pages: what they show, and that nothing in a note becomes a part of a page."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest

from clem_icd.icd import Code, CodeSystem
from clem_icd.reporting.explained import visible
from clem_icd.serving.store.encounters import Document, Mark, Suggested, add_encounter, suggest
from serving.screen.conftest import Browser, Screen
from serving.store.encounter import ORIGIN, new_encounter

XSS = (
    "<script>alert(1)</script>",
    "</div></section><img src=x onerror=alert(1)>",
    '"\' onmouseover=alert(1) x="',
    "<svg/onload=alert(1)>",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:alert(1)",
    "<!-- --><style>*{display:none}</style>",
    "&lt;script&gt;&#60;b&#62;",
    "<a href=//evil.example>x</a><iframe src=//evil.example>",
)


class Read(HTMLParser):
    """What a browser would make of a page: its elements, and the text of a document."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.stretches: list[tuple[dict[str, str | None], str]] = []
        self._open: dict[str, str | None] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if "data-begin" in dict(attrs):
            self._open = dict(attrs)
            self.stretches.append((self._open, ""))

    def handle_endtag(self, tag: str) -> None:
        if tag in ("mark", "span"):
            self._open = None

    def handle_data(self, data: str) -> None:
        if self._open is not None:
            attributes, text = self.stretches[-1]
            self.stretches[-1] = attributes, text + data


def read(html: str) -> Read:
    found = Read()
    # As the parser of a browser does; character references are not touched.
    found.feed(html.replace("\r\n", "\n").replace("\r", "\n"))
    found.close()
    return found


def hostile(screen: Screen) -> str:
    """Add an encounter whose every text is hostile; return its id."""
    everything = "\r\n".join(XSS)
    documents = [Document(f"n{at} {text}", f"{text} pneumonia", text) for at, text in enumerate(XSS)]
    suggested = Suggested(
        Code("I10", CodeSystem.ICD10CM), everything, 0.9, True, (Mark(0, 0, 8, 1.0), Mark(1, 3, 20, 1.0))
    )
    with screen.store.writing() as connection:
        id_ = add_encounter(connection, everything, documents, actor="import")
        suggest(connection, id_, [suggested], ORIGIN, actor="demo")
    return id_


def test_nothing_in_a_note_becomes_an_element_an_attribute_or_a_script(screen: Screen, ann: Browser) -> None:
    id_ = hostile(screen)
    usual = {tag for tag, _ in read(ann.get(f"/review/encounters/{screen.encounter}").text).tags}
    ann.act(
        id_, "judge", code="icd10cm:I10", verdict="rejected", reason="wrong code", comment=XSS[0], version=0
    )
    ann.act(id_, "submit")
    pages = [
        f"/review/encounters/{id_}",
        "/review?status=all",
        "/review/statistics",
        *(f"/review?search={name}&assigned={name}" for name in ("%3Cscript%3E", "%22%20onload%3D1")),
    ]
    for path in pages:
        answer = ann.get(path)
        assert answer.status_code == 200
        assert "evil.example" in answer.text or "search=" in path
        for tag, attributes in read(answer.text).tags:
            assert tag not in ("iframe", "img", "style")
            assert not any(name.startswith("on") for name in attributes)
            data = attributes.get("type") == "application/json"
            assert tag != "script" or data or (attributes.get("src") or "").startswith("/review/static/")
            assert "evil.example" not in (attributes.get("href") or "")
        assert "49" not in "".join(text for _, text in read(answer.text).stretches)
    assert "mark" in usual


def test_a_page_forbids_scripts_that_are_not_its_own(ann: Browser, screen: Screen) -> None:
    for path in ("/review", f"/review/encounters/{screen.encounter}", "/review/statistics", "/review/about"):
        headers = ann.get(path).headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "same-origin"


@pytest.mark.parametrize(
    "text",
    [
        "a\r\nb\rc\nd",
        "e\u0301 👩\u200d⚕️ 😀 x",
        "\n\n leading, and two  blanks \t end \n",
        "NUL \0 and half \ud83d of a pair",
        "Chief Complaint: chest pain\n\nFamily History:\nno diabetes\n",
    ],
)
def test_a_browser_has_every_character_of_a_document_at_its_offset(
    screen: Screen, ann: Browser, text: str
) -> None:
    marks = [Mark(0, 0, 3, 1.0), Mark(0, 2, 5, 0.5), Mark(0, 4, len(text), 1.0)]
    kept = text.replace("\0", "\ufffd").replace("\ud83d", "\ufffd")
    with screen.store.writing() as connection:
        id_ = add_encounter(connection, "B", [Document("n", kept)], actor="import")
        codes = [
            Suggested(Code(one, CodeSystem.ICD10CM), None, 0.5, True, tuple(marks)) for one in ("I10", "E11")
        ]
        suggest(connection, id_, codes, ORIGIN, actor="demo")
    found = read(ann.get(f"/review/encounters/{id_}").text).stretches
    assert "".join(shown for _, shown in found) == visible(kept)
    at = 0
    for attributes, shown in found:
        assert attributes["data-begin"] == str(at)
        covering = {
            f"icd10cm:{code}#{number}"
            for code in ("I10", "E11")
            for number, one in enumerate(marks)
            if one.begin < at + len(shown) and at < one.end
        }
        # A mark that ends within a character, as a reader sees it, goes on to its end.
        assert covering <= set((attributes.get("data-spans") or "").split())
        at += len(shown)


def test_a_long_note_with_many_spans_is_laid_out_quickly(screen: Screen, ann: Browser) -> None:
    import time

    text = "The patient was admitted with pneumonia and hypertension. " * 1_050
    marks = tuple(Mark(0, 300 * at, 300 * at + 40, 0.5) for at in range(200))
    with screen.store.writing() as connection:
        id_ = add_encounter(connection, "long", [Document("n", text)], actor="import")
        suggest(
            connection,
            id_,
            [Suggested(Code("I10", CodeSystem.ICD10CM), None, 0.9, True, marks)],
            ORIGIN,
            actor="demo",
        )
    ann.get(f"/review/encounters/{id_}")
    times = []
    for _ in range(3):
        began = time.perf_counter()
        assert len(ann.get(f"/review/encounters/{id_}/state").json()["codes"][0]["marks"]) == 200
        times.append(time.perf_counter() - began)
    assert min(times) < 0.5  # some 20 ms on an idle machine


def test_the_root_leads_to_the_work_list(screen: Screen) -> None:
    assert screen.browser().get("/").headers["location"] == "/review"


def test_the_list_filters_sorts_and_turns_pages(screen: Screen, ann: Browser) -> None:
    with screen.store.writing() as connection:
        for at in range(60):
            new_encounter(connection, f"B{at:02}")
    assert "B58" not in ann.get("/review?sort=name").text
    assert "B58" in ann.get("/review?sort=name&page=2").text
    assert "B07" in ann.get("/review?search=b07").text
    assert "A1<" not in ann.get("/review?search=b07").text
    ann.act(screen.encounter, "assign", coder="Ann")
    mine = ann.get("/review?assigned=me").text
    assert "A1" in mine
    assert "B01" not in mine
    assert "A1<" not in ann.get("/review?assigned=nobody&sort=name").text
    assert "B01" not in ann.get("/review?status=submitted").text


@pytest.mark.parametrize(
    "query", ["status=x", "sort=x", "page=0", "page=x", "page=99999999999", f"search={'x' * 201}"]
)
def test_a_list_that_cannot_be_is_refused(ann: Browser, query: str) -> None:
    assert ann.get(f"/review?{query}").status_code == 422


def test_the_next_open_encounter_follows(screen: Screen, ann: Browser) -> None:
    with screen.store.writing() as connection:
        second = new_encounter(connection, "A2")
    first = screen.encounter

    def next_(query: str = "") -> Any:
        return ann.get(f"/review/next{query}").headers["location"]

    assert next_() == f"/review/encounters/{first}"
    assert next_(f"?after={first}") == f"/review/encounters/{second}"
    assert next_(f"?after={second}") == f"/review/encounters/{first}"
    for encounter in (first, second):
        for code in ("I10", "E11.9"):
            ann.act(encounter, "judge", code=f"icd10cm:{code}", verdict="accepted", version=0)
        ann.act(encounter, "submit")
    assert next_() == "/review"


def test_statistics_count_submitted_encounters(screen: Screen, ann: Browser) -> None:
    for code, verdict in (("I10", "accepted"), ("E11.9", "rejected")):
        ann.act(screen.encounter, "judge", code=f"icd10cm:{code}", verdict=verdict, version=0)
    assert "E11.9" not in ann.get("/review/statistics").text
    ann.act(screen.encounter, "submit")
    assert "E11.9" in ann.get("/review/statistics").text


def test_a_person_gets_an_error_as_a_page_and_a_script_as_json(ann: Browser) -> None:
    page = ann.get("/review/encounters/x", headers={"Accept": "text/html,application/xhtml+xml"})
    assert page.status_code == 404
    assert page.headers["content-type"].startswith("text/html")
    assert "There is no such encounter" in page.text or "there is no such encounter" in page.text
    assert ann.get("/review/encounters/x").json()["error"]["code"] == "not-found"


def test_files_of_the_screen_are_those_of_the_package_and_nothing_else(screen: Screen) -> None:
    browser = screen.browser()
    assert browser.get("/review/static/screen.js").headers["content-type"].startswith("text/javascript")
    assert browser.get("/review/static/screen.css").headers["content-type"].startswith("text/css")
    for name in ("x.js", "..%2fscreen.css", "__init__.py", "%00"):
        assert browser.get(f"/review/static/{name}").status_code == 404


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("hypertension", "I10"),
        ("i50.2", "I50.2"),
        ("j189", "J18.9"),
        ("acute kid", "N17.9"),
        ("high blood", "I10"),
    ],
)
def test_the_search_answers_what_is_typed(ann: Browser, typed: str, first: str) -> None:
    results = ann.get(f"/review/search?q={typed}&system=icd10cm").json()["results"]
    assert results[0]["value"] == first
    assert results[0]["code"] == f"icd10cm:{first}"
    assert len(results) <= 20


def test_relatives_of_a_code_are_listed(ann: Browser) -> None:
    found = ann.get("/review/codes/icd10cm:I50.2/relatives").json()
    assert [one["value"] for one in found["more_specific"]] == ["I50.20", "I50.21", "I50.22", "I50.23"]
    assert "I50.9" in [one["value"] for one in found["siblings"]]
    for code in ("icd10cm:I99.99", "icd10cm:x", "x:I10", "I10"):
        assert ann.get(f"/review/codes/{code}/relatives").status_code == 404


def test_a_service_without_a_review_has_no_screen(toy: Any) -> None:
    for path in ("/", "/review", "/review/login", "/review/static/screen.js"):
        answer = toy.ask("GET", path, headers={"Accept": "text/html"})
        assert answer.status_code == 404
        assert answer.json()["error"]["code"] == "not-found"
