"""The acts of coders: what each changes, what is refused, and what happens when two act at once."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from clem_icd.errors import OutputError
from clem_icd.serving.store.chain import verify
from clem_icd.serving.store.encounters import Document, add_encounter
from clem_icd.serving.store.reading import read_encounter
from serving.conftest import URL
from serving.screen.conftest import Browser, Screen

UNKNOWN = "6ab3ef64-b47e-4b96-afa6-6a7f3abb269e"
ACCEPT: dict[str, Any] = {"code": "icd10cm:I10", "verdict": "accepted", "version": 0}


def codes_in(answer: Any) -> dict[str, Any]:
    """Return the codes of a state by their keys."""
    return {code["code"]: code for code in answer.json()["state"]["codes"]}


def test_accepting_rejecting_and_replacing_move_a_code_between_the_groups(
    screen: Screen, ann: Browser
) -> None:
    state = ann.get(f"/review/encounters/{screen.encounter}/state").json()
    assert [code["group"] for code in state["codes"]] == ["decided", "decided", "possible"]
    assert (state["waiting"], state["sequence"], state["status"]) == (2, [], "open")

    ann.act(screen.encounter, "judge", **ACCEPT, present_on_admission="Y", comment="seen\nin the history")
    reject = {"code": "icd10cm:E11.9", "verdict": "rejected", "reason": "negated or ruled out"}
    ann.act(screen.encounter, "judge", **reject, version=0)
    replace = {"code": "icd10cm:J18.9", "verdict": "replaced", "replaced_by": "icd10cm:J15.9"}
    answer = ann.act(screen.encounter, "judge", **replace, version=0)

    found = codes_in(answer)
    assert [code["group"] for code in found.values()] == ["accepted", "rejected", "accepted"]
    assert found["icd10cm:I10"]["present_on_admission"] == "Y"
    assert found["icd10cm:I10"]["comment"] == "seen\nin the history"
    assert found["icd10cm:J18.9"]["replaced_by"] == "J15.9"
    assert {code["judged_by"] for code in found.values()} == {"Ann"}
    assert answer.json()["state"]["sequence"] == ["icd10cm:I10", "icd10cm:J15.9"]
    assert answer.json()["state"]["waiting"] == 0


def test_a_code_is_added_with_the_words_that_it_rests_on(screen: Screen, ann: Browser) -> None:
    text = "The patient was seen for pain. There was no asthma on the ward."
    with screen.store.writing() as connection:
        encounter = add_encounter(connection, "A2", [Document("n", text)], actor="import")
    mark = {"document": 0, "begin": text.index("asthma"), "end": text.index(" on the")}
    found = codes_in(ann.act(encounter, "add", code="icd10cm:J45.909", marks=[mark]))["icd10cm:J45.909"]
    assert found["title"] == "Unspecified asthma, uncomplicated"
    assert (found["probability"], found["decided"], found["group"]) == (None, False, "accepted")
    assert found["marks"] == [{**mark, "by_coder": True, "cues": ["negated"]}]


def test_marks_of_the_model_have_the_cues_around_them(screen: Screen, ann: Browser) -> None:
    state = ann.get(f"/review/encounters/{screen.encounter}/state").json()
    [mark] = state["codes"][0]["marks"]
    assert mark == {"document": 0, "begin": 6, "end": 18, "by_coder": False, "cues": []}


def test_the_order_is_that_of_the_claim(screen: Screen, ann: Browser) -> None:
    for code in ("I10", "E11.9"):
        ann.act(screen.encounter, "judge", code=f"icd10cm:{code}", verdict="accepted", version=0)
    wanted = ["icd10cm:E11.9", "icd10cm:I10"]
    state = ann.act(screen.encounter, "order", codes=wanted, version=0).json()["state"]
    assert (state["sequence"], state["sequence_version"]) == (wanted, 1)
    late = ann.act(screen.encounter, "order", codes=wanted[::-1], version=0)
    assert late.status_code == 409
    assert late.json()["state"]["sequence"] == wanted


def test_undo_takes_back_the_own_last_act(screen: Screen, ann: Browser) -> None:
    bob = screen.browser("Bob")
    ann.act(screen.encounter, "judge", **ACCEPT)
    bob.act(screen.encounter, "judge", code="icd10cm:E11.9", verdict="accepted", version=0)
    state = ann.act(screen.encounter, "undo").json()["state"]
    assert state["sequence"] == ["icd10cm:E11.9"]
    assert ann.act(screen.encounter, "undo").json()["state"] == state


def test_an_encounter_is_assigned_submitted_and_reopened(screen: Screen, ann: Browser) -> None:
    assert ann.act(screen.encounter, "assign", coder="Bob").json()["state"]["assigned_to"] == "Bob"
    assert ann.act(screen.encounter, "assign", coder=None).json()["state"]["assigned_to"] is None
    early = ann.act(screen.encounter, "submit")
    assert early.status_code == 409
    assert early.json()["error"]["message"] == "codes that the model decided are not judged yet: 2"
    for code in ("I10", "E11.9"):
        ann.act(screen.encounter, "judge", code=f"icd10cm:{code}", verdict="accepted", version=0)
    assert ann.act(screen.encounter, "submit").json()["state"]["status"] == "submitted"
    acts: list[tuple[str, dict[str, Any]]] = [
        ("judge", {**ACCEPT, "version": 1}),
        ("add", {"code": "icd10cm:I11.9"}),
        ("undo", {}),
    ]
    for act, body in acts:
        refused = ann.act(screen.encounter, act, **body)
        assert refused.status_code == 409
        assert refused.json()["error"]["message"] == "the encounter is submitted"
    assert ann.act(screen.encounter, "reopen").json()["state"]["status"] == "open"


def test_of_two_who_judge_the_same_code_the_second_learns_of_the_first(screen: Screen, ann: Browser) -> None:
    bob = screen.browser("Bob")
    ann.act(screen.encounter, "judge", **ACCEPT)
    answer = bob.act(screen.encounter, "judge", code="icd10cm:I10", verdict="rejected", version=0)
    assert answer.status_code == 409
    error = answer.json()["error"]
    assert (error["code"], error["message"]) == ("conflict", "the code was changed by Ann meanwhile")
    assert error["request_id"] == answer.headers["x-request-id"]
    assert codes_in(answer)["icd10cm:I10"]["verdict"] == "accepted"
    version = codes_in(answer)["icd10cm:I10"]["version"]
    again = bob.act(screen.encounter, "judge", code="icd10cm:I10", verdict="rejected", version=version)
    assert codes_in(again)["icd10cm:I10"]["verdict"] == "rejected"


@pytest.mark.parametrize(
    ("act", "body"),
    [
        ("judge", ACCEPT),
        ("add", {"code": "icd10cm:J45.909"}),
        ("order", {"codes": [], "version": 0}),
        ("assign", {"coder": "Bob"}),
        ("submit", {}),
        ("reopen", {}),
    ],
)
def test_an_act_that_is_sent_twice_acts_once(screen: Screen, ann: Browser, act: str, body: Any) -> None:
    if act in ("submit", "reopen"):
        for code in ("I10", "E11.9"):
            ann.act(screen.encounter, "judge", code=f"icd10cm:{code}", verdict="accepted", version=0)
    if act == "reopen":
        ann.act(screen.encounter, "submit")
    key = str(uuid4())
    first = ann.act(screen.encounter, act, key=key, **body)
    with screen.store.reading() as connection:
        events = verify(connection).last
    second = ann.act(screen.encounter, act, key=key, **body)
    assert (first.status_code, second.status_code) == (200, 200)
    assert second.json() == first.json()
    with screen.store.reading() as connection:
        assert verify(connection).last == events
        assert verify(connection).problem is None


def test_an_undo_that_is_sent_twice_takes_one_act_back(screen: Screen, ann: Browser) -> None:
    for code in ("I10", "E11.9"):
        ann.act(screen.encounter, "judge", code=f"icd10cm:{code}", verdict="accepted", version=0)
    key = str(uuid4())
    for _ in range(2):
        state = ann.act(screen.encounter, "undo", key=key).json()["state"]
        assert state["sequence"] == ["icd10cm:I10"]


def test_a_key_of_someone_else_or_of_another_act_does_nothing_wrong(screen: Screen, ann: Browser) -> None:
    key = str(uuid4())
    ann.act(screen.encounter, "judge", key=key, **ACCEPT)
    stolen = screen.browser("Bob").act(screen.encounter, "judge", key=key, **ACCEPT)
    assert stolen.status_code == 422
    assert ann.act(screen.encounter, "assign", key=key, coder="Bob").json()["state"]["assigned_to"] == "Bob"


BAD: dict[str, tuple[str, Any]] = {
    "no version": ("judge", {"code": "icd10cm:I10", "verdict": "accepted"}),
    "an unknown verdict": ("judge", {**ACCEPT, "verdict": "maybe"}),
    "an unknown field": ("judge", {**ACCEPT, "text": "x"}),
    "a reason that does not fit": ("judge", {**ACCEPT, "reason": "wrong code"}),
    "an unknown reason": ("judge", {**ACCEPT, "verdict": "rejected", "reason": "SECRETPATIENT"}),
    "no replacement": ("judge", {**ACCEPT, "verdict": "replaced"}),
    "a replacement of another system": (
        "judge",
        {**ACCEPT, "verdict": "replaced", "replaced_by": "icd9cm:401.9"},
    ),
    "a replacement that does not exist": (
        "judge",
        {**ACCEPT, "verdict": "replaced", "replaced_by": "icd10cm:I10.9"},
    ),
    "an unknown admission": ("judge", {**ACCEPT, "present_on_admission": "X"}),
    "a long comment": ("judge", {**ACCEPT, "comment": "x" * 2_001}),
    "a comment with NUL": ("judge", {**ACCEPT, "comment": "a\0b"}),
    "a version that is none": ("judge", {**ACCEPT, "version": True}),
    "a huge version": ("judge", {**ACCEPT, "version": 10**30}),
    "a code without a system": ("judge", {**ACCEPT, "code": "I10"}),
    "a code of an unknown system": ("judge", {**ACCEPT, "code": "icd11:I10"}),
    "a misshapen code": ("add", {"code": "icd10cm:SECRETPATIENT"}),
    "a code that does not exist": ("add", {"code": "icd10cm:I10.9"}),
    "a mark outside of the document": (
        "add",
        {"code": "icd10cm:I11.9", "marks": [{"document": 0, "begin": 0, "end": 999}]},
    ),
    "a mark in no document": (
        "add",
        {"code": "icd10cm:I11.9", "marks": [{"document": 7, "begin": 0, "end": 1}]},
    ),
    "an empty mark": ("add", {"code": "icd10cm:I11.9", "marks": [{"document": 0, "begin": 3, "end": 3}]}),
    "a negative offset": (
        "add",
        {"code": "icd10cm:I11.9", "marks": [{"document": 0, "begin": -1, "end": 3}]},
    ),
    "a coder that is none": ("assign", {"coder": "<b>"}),
    "no coder": ("assign", {}),
    "something with an undo": ("undo", {"all": True}),
}


@pytest.mark.parametrize("case", BAD)
def test_what_does_not_fit_is_refused_and_changes_nothing(screen: Screen, ann: Browser, case: str) -> None:
    act, body = BAD[case]
    answer = ann.act(screen.encounter, act, **body)
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "invalid-request"
    assert "SECRETPATIENT" not in answer.text
    state = ann.get(f"/review/encounters/{screen.encounter}/state").json()
    assert {code["verdict"] for code in state["codes"]} == {"open"}


@pytest.mark.parametrize("key", ["", "1", "x" * 36, UNKNOWN.upper(), f"{UNKNOWN}0"])
def test_a_request_key_is_a_uuid(screen: Screen, ann: Browser, key: str) -> None:
    headers = {"Origin": URL, "X-Request-Key": key}
    path = f"/review/encounters/{screen.encounter}/undo"
    assert ann.ask("POST", path, json={}, headers=headers).status_code == 422


@pytest.mark.parametrize("encounter", ["x", UNKNOWN, "%00", "a" * 3_000])
def test_an_unknown_encounter_is_not_found(ann: Browser, encounter: str) -> None:
    bodies: dict[str, Any] = {
        "judge": ACCEPT,
        "add": {"code": "icd10cm:I11.9"},
        "order": {"codes": [], "version": 0},
        "undo": {},
        "assign": {"coder": None},
        "submit": {},
        "reopen": {},
    }
    for act, body in bodies.items():
        assert ann.act(encounter, act, **body).status_code == 404
    for path in (f"/review/encounters/{encounter}", f"/review/encounters/{encounter}/state"):
        assert ann.get(path).status_code == 404


def test_an_unknown_act_and_a_code_that_the_encounter_does_not_have_are_not_found(
    screen: Screen, ann: Browser
) -> None:
    assert ann.act(screen.encounter, "delete").status_code == 404
    assert ann.act(screen.encounter, "judge", **{**ACCEPT, "code": "icd10cm:I11.9"}).status_code == 404


def test_a_store_that_cannot_be_written_says_that_nothing_was_changed(
    screen: Screen, ann: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full() -> Any:
        raise OutputError("the database /secret/place cannot be used: disk full")

    with monkeypatch.context() as patch:
        patch.setattr(screen.store, "writing", full)
        answer = ann.act(screen.encounter, "judge", **ACCEPT)
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "store-unavailable"
    assert "secret" not in answer.text
    assert ann.act(screen.encounter, "judge", **ACCEPT).status_code == 200


def test_every_act_is_on_record_with_who_did_it(screen: Screen, ann: Browser) -> None:
    for version in range(20):
        verdict = "accepted" if version % 2 else "open"
        answer = ann.act(screen.encounter, "judge", code="icd10cm:I10", verdict=verdict, version=version)
        assert answer.status_code == 200
    with screen.store.reading() as connection:
        assert verify(connection).problem is None
        assert verify(connection).last == 2 + 20
        assert read_encounter(connection, screen.encounter).codes[0].version == 20
