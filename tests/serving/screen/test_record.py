"""What is kept of a review, and where: in the database, and in no log, metric, error or address."""

from __future__ import annotations

import io
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from clem_icd.icd import Code, CodeSystem
from clem_icd.serving.store.database import open_store
from clem_icd.serving.store.encounters import Document, Mark, Suggested, add_encounter, suggest
from serving.conftest import CANARY, URL
from serving.screen.conftest import Browser, Screen
from serving.store.encounter import ORIGIN

NAMES = ("E11.9", "I10", "J45.909", "Ann", "diabetes")


def secret_encounter(screen: Screen) -> str:
    """Add an encounter with the canary in every text."""
    document = Document(f"name {CANARY}", f"Known {CANARY} and diabetes.", f"kind {CANARY}")
    with screen.store.writing() as connection:
        id_ = add_encounter(connection, f"A {CANARY}", [document], actor=CANARY)
        marks = (Mark(0, 6, 19, 1.0),)
        suggested = Suggested(Code("I10", CodeSystem.ICD10CM), f"title {CANARY}", 0.9, True, marks)
        suggest(connection, id_, [suggested], ORIGIN, actor=CANARY)
    return id_


def errors(screen: Screen, browser: Browser, encounter: str) -> Iterator[Any]:
    """Yield the answers to requests that are refused, with the canary or a code wherever it can be."""
    judge: dict[str, Any] = {"code": "icd10cm:I10", "verdict": "accepted", "version": 5}
    for body in (
        judge,
        {**judge, "reason": CANARY},
        {**judge, "code": f"icd10cm:{CANARY}"},
        {**judge, "code": "icd10cm:E11.9"},
        {**judge, "verdict": "replaced", "replaced_by": CANARY},
        {**judge, CANARY: 1},
    ):
        yield browser.act(encounter, "judge", **body)
    yield browser.act(encounter, "submit")
    yield browser.act(encounter, "add", code="icd10cm:I10")
    outside = [{"document": 0, "begin": 0, "end": 10**6}]
    yield browser.act(encounter, "add", code="icd10cm:J45.909", marks=outside)
    yield browser.act(encounter, "order", codes=["icd10cm:I10"], version=0)
    yield browser.act(encounter, "assign", coder=f"<{CANARY}>")
    yield browser.act(CANARY, "undo")
    yield browser.act(encounter, CANARY)
    yield browser.act(encounter, "undo", key=CANARY)
    for path in (f"encounters/{CANARY}", f"codes/{CANARY}/relatives", f"static/{CANARY}", CANARY):
        yield browser.get(f"/review/{path}")
    yield browser.get(f"/review?status={CANARY}")
    yield browser.get(f"/review?sort={CANARY}")
    yield screen.browser().act(encounter, "undo")
    yield browser.ask("POST", "/review/login", content=f"a={CANARY}%ff", headers={"Origin": URL})


def test_no_log_error_or_metric_of_a_review_holds_anything_of_an_encounter(
    screen: Screen, ann: Browser, log: io.StringIO
) -> None:
    encounter = secret_encounter(screen)
    own = f"/encounters/{encounter}"
    for path in (own, f"{own}/state", f"?search={CANARY}", "/statistics"):
        assert ann.get(f"/review{path}").status_code == 200
    ann.get(f"/review/search?q={quote('diabetes ' + CANARY)}")
    for answer in errors(screen, ann, encounter):
        assert answer.status_code >= 400
        body = answer.json()
        assert CANARY not in str(body["error"])
        assert not [name for name in ("I10", "E11.9", "J45") if name in str(body["error"])]
        assert CANARY not in str(answer.headers)
    written = log.getvalue()
    assert '"route": "/review/encounters/{encounter_id}/{act}"' in written
    assert CANARY not in written
    assert not [name for name in NAMES if name in written]
    metrics = ann.get("/metrics").text
    assert "/review/encounters/{encounter_id}/{act}" in metrics
    assert CANARY not in metrics
    assert encounter not in metrics + written


def test_a_new_database_is_for_its_owner_alone(tmp_path: Path) -> None:
    store = open_store(tmp_path / "new.db")
    with store.writing():
        files = list(tmp_path.glob("new.db*"))
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    store.close()
    kept = tmp_path / "kept.db"
    kept.touch(mode=0o640)
    kept.chmod(0o640)
    open_store(kept).close()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o640
