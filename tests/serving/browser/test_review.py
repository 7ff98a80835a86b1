"""A coder's work on an encounter in a real browser, by keyboard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from clem_icd.icd import Code, CodeSystem
from clem_icd.serving.store.acts import Act
from clem_icd.serving.store.encounters import Document, key
from clem_icd.serving.store.judgement import Judgement
from clem_icd.serving.store.judging import judge
from serving.browser.conftest import Screen, ready
from serving.browser.encounters import HOSTILE, SUMMARY

pytestmark = pytest.mark.browser

HOSTILE_CODES = (("I10", 0.9, ("script", "evil", "hacked")),)

Until = Callable[..., None]


def press(page: Any, *keys: str) -> None:
    for one in keys:
        page.keyboard.press(one)


def selected(page: Any) -> str:
    found: str = page.text_content(".card.on .value")
    return found


def select_text(page: Any, text: str) -> None:
    """Select a text within one element of a document."""
    page.evaluate(
        """text => {
          const shown = document.querySelector(".document:not([hidden])");
          const walker = document.createTreeWalker(shown, NodeFilter.SHOW_TEXT);
          for (let node = walker.nextNode(); node; node = walker.nextNode()) {
            const at = node.data.indexOf(text);
            if (at < 0) continue;
            getSelection().setBaseAndExtent(node, at, node, at + text.length);
            return;
          }
          throw new Error("no such text");
        }""",
        text,
    )
    page.wait_for_function("() => document.querySelector('#picked .about').textContent.includes('selected')")


def test_a_coder_works_through_an_encounter_by_keyboard_alone(screen: Screen, until: Until) -> None:
    first, second = screen.encounter("A1"), screen.encounter("A2")
    page = screen.window()
    press(page, "j", "Enter")
    ready(page, "encounter")
    assert page.url.endswith(first)
    assert selected(page) == "I50.23"
    press(page, "a")  # I50.23
    press(page, "r", "2")  # I10
    until(page)
    press(page, "s")  # I48.91
    page.wait_for_selector("#finder-list li")
    press(page, *"I48.20")
    page.wait_for_selector("#finder-list li:first-child .value:text-is('I48.20')")
    press(page, "Enter")
    page.wait_for_selector("#group-accepted .value:text-is('I48.20')")
    until(page)
    press(page, "a", "a")  # N17.9, E11.9
    until(page)
    assert screen.verdicts(first) == {
        "I50.23": "accepted",
        "I10": "rejected",
        "I48.91": "replaced",
        "N17.9": "accepted",
        "E11.9": "accepted",
        "J18.9": "open",
        "G47.30": "open",
        "I21.9": "open",
    }
    press(page, "u")
    page.wait_for_selector("#group-decided .card.on .value:text-is('E11.9')")
    press(page, "a")
    until(page)
    select_text(page, "breast cancer")
    press(page, "e")
    page.wait_for_selector("#finder[open]")
    press(page, *"Z85.3")
    page.wait_for_selector("#finder-list li:first-child .value:text-is('Z85.3')")
    press(page, "Enter")
    page.wait_for_selector("mark[data-codes~='icd10cm:Z85.3']:text-is('breast cancer')")
    until(page)
    press(page, "Enter")
    page.wait_for_selector("#summary[open]")
    press(page, "Enter")
    page.wait_for_selector("body.submitted")
    stored = screen.stored(first)
    assert stored.status == "submitted"
    assert [key(one) for one in stored.sequence] == [
        "icd10cm:I50.23",
        "icd10cm:I48.20",
        "icd10cm:N17.9",
        "icd10cm:E11.9",
        "icd10cm:Z85.3",
    ]
    added = next(one for one in stored.codes if one.code.value == "Z85.3")
    assert [SUMMARY[mark.begin : mark.end] for mark in added.marks] == ["breast cancer"]
    assert next(one.reason for one in stored.codes if one.code.value == "I10") == "negated or ruled out"
    press(page, "Enter")
    page.wait_for_url(f"**/{second}")


def test_evidence_is_stepped_through_across_documents(screen: Screen) -> None:
    page = screen.open(screen.encounter())
    assert page.text_content("mark.at") == "acute on chronic systolic heart failure"
    press(page, "n", "n")
    assert page.text_content("#place") == "3 of 3"
    assert page.is_visible("#document-1")
    assert page.text_content("mark.at") == "Heart failure"
    press(page, "n")
    assert page.is_visible("#document-0")
    press(page, "p")
    assert page.text_content("#place") == "3 of 3"


def test_a_highlight_and_a_selection_show_the_codes_that_rest_on_them(screen: Screen) -> None:
    page = screen.open(screen.encounter())
    page.click("mark:text-is('pneumonia')")
    assert selected(page) == "J18.9"
    assert page.text_content("#picked .codes") == "J18.9"
    assert "negated" in page.text_content(".card.on .badges")
    select_text(page, "diabetes")
    assert page.text_content("#picked .codes") == "E11.9"


def test_nothing_acts_on_what_is_hidden(screen: Screen, until: Until) -> None:
    encounter = screen.encounter()
    page = screen.open(encounter)
    page.click("#group-decided summary")
    press(page, "a")
    page.wait_for_selector("#alert:not([hidden])")
    assert page.is_visible(".card.on")
    press(page, "j", "j", "j", "2")  # N17.9 has evidence in the first document alone
    press(page, "a")
    assert page.is_visible("#document-0")
    assert set(screen.verdicts(encounter).values()) == {"open"}
    press(page, "a")
    until(page)
    assert screen.verdicts(encounter)["N17.9"] == "accepted"


def test_keys_do_nothing_while_a_coder_types(screen: Screen, until: Until) -> None:
    encounter = screen.encounter()
    page = screen.open(encounter)
    press(page, "c", *"argue")
    press(page, "Escape")
    until(page)
    assert set(screen.verdicts(encounter).values()) == {"open"}
    assert screen.stored(encounter).codes[0].comment == "argue"


def test_a_key_that_is_held_down_judges_one_code(screen: Screen, until: Until) -> None:
    encounter = screen.encounter()
    page = screen.open(encounter)
    for _ in range(4):
        page.keyboard.down("a")  # without up, the browser says that the key repeats
    page.keyboard.up("a")
    until(page)
    assert list(screen.verdicts(encounter).values()).count("accepted") == 1


def test_quick_keys_judge_each_code_once_and_keep_the_focus(screen: Screen, until: Until) -> None:
    encounter = screen.encounter()
    page = screen.open(encounter)
    press(page, "r", "1", "a", "a", "a", "a")
    page.wait_for_selector("#waiting:text-is('all judged')")
    until(page)
    assert [one for one in screen.verdicts(encounter).values() if one != "open"] == ["rejected"] + 4 * [
        "accepted"
    ]
    assert page.evaluate("document.activeElement.dataset.code") == "icd10cm:E11.9"
    press(page, "/", "Escape", "Enter")
    page.wait_for_selector("#summary[open]")


def test_the_order_and_the_principal_diagnosis(screen: Screen, until: Until) -> None:
    encounter = screen.encounter()
    page = screen.open(encounter)
    press(page, "a", "a", "a")
    until(page)
    page.click("#group-accepted .pick:has-text('I48.91')")
    press(page, "d")
    until(page)
    assert page.text_content("#group-accepted .card:first-child .badges") == "principal"
    press(page, "Shift+J")
    until(page)
    assert [one.value for one in screen.stored(encounter).sequence] == ["I50.23", "I48.91", "I10"]
    assert selected(page) == "I48.91"
    assert page.evaluate("document.activeElement.dataset.code") == "icd10cm:I48.91"


def test_present_on_admission_is_saved(screen: Screen, until: Until) -> None:
    encounter = screen.encounter()
    page = screen.open(encounter)
    press(page, "i")
    page.select_option(".card.on .poa", "Y")
    until(page)
    assert screen.stored(encounter).codes[0].present_on_admission == "Y"


def test_an_encounter_is_not_submitted_before_all_decided_codes_are_judged(screen: Screen) -> None:
    encounter = screen.encounter()
    page = screen.open(encounter)
    press(page, "Enter")
    page.wait_for_selector("#alert:has-text('5 decided codes are not judged yet')")
    assert not page.is_visible("#summary")


def test_a_submitted_encounter_is_reopened(screen: Screen, until: Until) -> None:
    encounter = screen.encounter(codes=(("I10", 0.9, ("hypertension",)),))
    page = screen.open(encounter)
    press(page, "a")
    until(page)
    press(page, "Enter")
    page.wait_for_selector("#summary[open]")
    press(page, "Enter")
    page.wait_for_selector("body.submitted")
    press(page, "r")
    assert not page.is_visible("#reasons")
    press(page, "o")
    page.wait_for_selector("body:not(.submitted)")
    assert screen.stored(encounter).status == "open"


def test_the_second_of_two_tabs_is_told_of_a_conflict_and_loses_nothing_typed(
    screen: Screen, until: Until
) -> None:
    encounter = screen.encounter()
    page = screen.open(encounter)
    other = page.context.new_page()
    screen.show(other, encounter)
    press(page, "a")
    until(page)
    other.fill(".card.on .comment", "a long remark")
    other.keyboard.press("Escape")
    other.wait_for_selector("#alert:has-text('Not saved')")
    assert other.text_content("#group-accepted .value") == "I50.23"
    assert other.input_value(".card.on .comment") == "a long remark"
    assert screen.stored(encounter).codes[0].comment is None
    assert other.text_content("#saved") == "Not saved"


def test_an_act_is_sent_again_with_its_key_after_a_network_error(screen: Screen, until: Until) -> None:
    encounter = screen.encounter()
    page = screen.open(encounter)
    keys = []

    def fail_once(route: Any) -> None:
        keys.append(route.request.headers["x-request-key"])
        if len(keys) == 1:
            route.abort()
        else:
            route.continue_()

    page.route("**/judge", fail_once)
    press(page, "a")
    until(page)
    assert len(keys) == 2
    assert keys[0] == keys[1]
    assert screen.verdicts(encounter)["I50.23"] == "accepted"


def test_acts_behind_a_failed_one_are_not_done_and_all_can_be_tried_again(
    screen: Screen, until: Until
) -> None:
    encounter = screen.encounter()
    page = screen.open(encounter)
    page.route("**/judge", lambda route: route.abort())
    press(page, "a", "a")
    page.wait_for_selector("#alert:has-text('Not saved')")
    page.wait_for_function("() => document.getElementById('saved').textContent === 'Not saved'")
    assert page.locator("#group-accepted .card").count() == 0
    page.unroute("**/judge")
    press(page, "a")
    until(page)
    assert list(screen.verdicts(encounter).values()).count("accepted") == 1


def test_hostile_notes_are_inert(screen: Screen) -> None:
    documents = [Document(f"{place} {text}", text, text) for place, text in enumerate(HOSTILE)]
    encounter = screen.encounter(
        "<img src=x onerror=alert(1)>",
        documents=documents,
        codes=(("I10", 0.9, ("script", "evil", "hacked")),),
    )
    page = screen.open(encounter)
    for place, text in enumerate(HOSTILE):
        press(page, str(place + 1))
        shown = page.text_content(f"#document-{place}")
        assert len(shown) == len(text)
        assert "\u202e" not in shown
    press(page, "n", "n")
    page.goto(f"{screen.url}/review")
    assert page.evaluate("window.hacked") is None
    assert page.text_content("tbody th") == "<img src=x onerror=alert(1)>"


SCRIPT_LETTERS = "\U0001d49e\U0001d4aa"  # beyond the Basic Multilingual Plane
ODD = (
    "Caf\u0065\u0301 👩\u200d⚕️ 😀😀 fie\u0300bre\r\nand "
    + SCRIPT_LETTERS
    + ", naïve e\u0301\u0323dema 🏥 pneumonia."
)


def test_emoji_and_combining_characters_are_highlighted_and_selected_exactly(
    screen: Screen, until: Until
) -> None:
    words = ("😀😀", "fie\u0300bre", SCRIPT_LETTERS, "pneumonia")
    codes = tuple(
        (code, 0.9, (word,)) for code, word in zip(("I10", "R50.9", "J44.9", "J18.9"), words, strict=True)
    )
    encounter = screen.encounter(documents=[Document("n", ODD)], codes=codes)
    page = screen.open(encounter)
    assert page.locator("mark").all_text_contents() == list(words)
    for word in ("e\u0301\u0323dema 🏥", "👩\u200d⚕️"):
        select_text(page, word)
        press(page, "e")
        page.wait_for_selector("#finder-list li, #finder-note:has-text('No code')")
        page.fill("#finder-query", {"e": "R60.9", "👩": "Z00.00"}[word[0]])
        page.wait_for_selector("#finder-list li:first-child .value:text-matches('R60.9|Z00.00')")
        press(page, "Enter")
        page.wait_for_selector(f"mark:text-is('{word}')")
    added = {
        one.code.value: ODD[one.marks[0].begin : one.marks[0].end]
        for one in screen.stored(encounter).codes
        if one.probability is None
    }
    assert added == {"R60.9": "e\u0301\u0323dema 🏥", "Z00.00": "👩\u200d⚕️"}


def test_a_change_by_somebody_else_is_not_overwritten(screen: Screen) -> None:
    encounter = screen.encounter()
    page = screen.open(encounter)
    with screen.store.writing() as connection:
        code = Code("I50.23", CodeSystem.ICD10CM)
        judge(connection, encounter, code, Judgement("rejected", "wrong code"), 0, Act("Bob"))
    press(page, "a")
    page.wait_for_selector("#alert:has-text('Not saved')")
    assert screen.verdicts(encounter)["I50.23"] == "rejected"
    assert page.text_content("#group-rejected .count") == "1"
