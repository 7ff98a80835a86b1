"""clem audit, as typed by an administrator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from clem_icd.serving.store.acts import Act
from clem_icd.serving.store.database import open_store
from clem_icd.serving.store.finishing import submit
from clem_icd.serving.store.judgement import Judgement
from clem_icd.serving.store.judging import judge
from cli.conftest import Invoke, Refused
from serving.store.encounter import DIABETES, HYPERTENSION, new_encounter


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A review with one submitted encounter of long ago, and an open one."""
    path = tmp_path / "review.db"
    store = open_store(path)
    with store.writing() as connection:
        encounter = new_encounter(connection)
        for code in (DIABETES, HYPERTENSION):
            judge(connection, encounter, code, Judgement("accepted"), 0, Act("ann"))
        submit(connection, encounter, Act("ann"))
        connection.execute(text("update encounters set changed_at = '2010-01-01T00:00:00.000000Z'"))
        new_encounter(connection, "A2")
    store.close()
    return path


def test_a_whole_record_is_verified_and_its_hash_shown(clem: Invoke, database: Path) -> None:
    found = clem("audit", "verify", database)
    assert (found.code, found.err) == (0, "")
    assert "The record is whole: events 1 to 7." in found.out
    kept = clem("audit", "verify", database, "--json").json["last_hash"]
    assert kept in found.out
    assert clem("audit", "verify", database, "--known-hash", kept).code == 0
    assert clem("audit", "verify", database, "--known-hash", "0f" * 32).code == 1


def test_a_change_behind_the_program_is_found(clem: Invoke, database: Path) -> None:
    store = open_store(database)
    with store.writing() as connection:
        connection.execute(text("update events set actor = 'eve' where number = 3"))
    store.close()
    found = clem("audit", "verify", database)
    assert found.code == 1
    assert "The record was changed: event 3 was changed." in found.out
    assert clem("audit", "verify", database, "--json").json["whole"] is False


def test_a_purge_deletes_what_is_old_and_is_on_record(clem: Invoke, database: Path) -> None:
    found = clem("audit", "purge", database, "--older-than", "6y")
    assert (found.code, found.out) == (0, "Deleted 1 encounters and 0 events.\n")
    store = open_store(database)
    with store.reading() as connection:
        last: Any = connection.execute(text("select * from events order by number desc limit 1")).one()
        assert last.action == "purge"
        assert last.actor.endswith("(command line)")
    store.close()
    assert clem("audit", "verify", database).code == 0


def test_what_cannot_be_checked_is_refused(refused: Refused, database: Path, tmp_path: Path) -> None:
    refused("audit", "verify", tmp_path / "none.db", says=["none.db: there is no such database"])
    refused("audit", "purge", database, "--older-than", "six years", says=["'six years'", "6y"])
    refused("audit", "purge", database, "--older-than", "0d", says=["'0d'"])
