"""The chain of events shows every edit and deletion."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import Connection, delete, func, select, update

from clem_icd.serving.store.acts import Act
from clem_icd.serving.store.chain import START, verify
from clem_icd.serving.store.database import Store
from clem_icd.serving.store.finishing import submit
from clem_icd.serving.store.judgement import Judgement
from clem_icd.serving.store.judging import judge
from clem_icd.serving.store.purging import Purged, purge
from clem_icd.serving.store.tables import chain, documents, encounters, events
from serving.store.encounter import DIABETES, HYPERTENSION, TEXT, new_encounter

ANN = Act("ann")


@contextmanager
def taken_back(store: Store) -> Iterator[Connection]:
    """A transaction that leaves nothing behind."""
    with store.writing() as connection, connection.begin_nested() as nested:
        yield connection
        nested.rollback()


@pytest.fixture
def recorded(store: Store) -> str:
    """The hash in the middle of a chain of six events."""
    with store.writing() as connection:
        encounter = new_encounter(connection)
        judge(connection, encounter, DIABETES, Judgement("accepted"), 0, ANN)
        middle = verify(connection).last_hash
        judge(connection, encounter, HYPERTENSION, Judgement("rejected"), 0, ANN)
        submit(connection, encounter, ANN)
        new_encounter(connection, "A2")
    return middle


def test_a_chain_that_nobody_touched_is_whole(store: Store, recorded: str) -> None:
    with store.reading() as connection:
        found = verify(connection, known_hash=recorded)
        assert (found.first, found.last, found.problem) == (1, 7, None)
        assert verify(connection, known_hash=START).problem is None
        assert "no event has the given hash" in (verify(connection, known_hash="f" * 64).problem or "")


@pytest.mark.parametrize("column", [one.name for one in events.columns if one.name not in ("number", "hash")])
def test_a_change_of_any_field_of_any_event_is_found(store: Store, recorded: str, column: str) -> None:
    value = 99 if column == "undoes" else "2026-01-01T00:00:00.000000Z" if column == "at" else "x"
    with store.reading() as connection:
        last = verify(connection).last
    for number in range(1, last + 1):
        with taken_back(store) as connection:
            connection.execute(update(events).where(events.c.number == number).values({column: value}))
            assert verify(connection).problem == f"event {number} was changed"


def test_a_deletion_anywhere_is_found(store: Store, recorded: str) -> None:
    for number, says in (
        (1, "before event 2, 1 are missing"),
        (4, "before event 5"),
        (7, "after 6 are missing"),
    ):
        with taken_back(store) as connection:
            connection.execute(delete(events).where(events.c.number == number))
            assert says in (verify(connection).problem or "")


def test_a_chain_that_was_cut_and_its_end_adapted_contradicts_a_hash_kept_elsewhere(
    store: Store, recorded: str
) -> None:
    with store.writing() as connection:
        kept = verify(connection).last_hash
        connection.execute(delete(events).where(events.c.number > 5))
        fifth = connection.scalar(select(events.c.hash).where(events.c.number == 5))
        connection.execute(update(chain).values(last=5, last_hash=fifth))
        assert verify(connection).problem is None
        assert verify(connection, known_hash=kept).problem is not None


def test_a_purge_deletes_old_encounters_and_events_and_the_chain_still_holds(
    store: Store, recorded: str
) -> None:
    with store.writing() as connection:
        assert purge(connection, timedelta(days=1), actor="admin") == Purged(0, 0)
        assert verify(connection).last == 7, "a purge of nothing is no event"
        # As if the first encounter had been submitted long ago.
        connection.execute(
            update(encounters)
            .where(encounters.c.name == "A1")
            .values(changed_at="2020-01-01T00:00:00.000000Z")
        )
    with store.writing() as connection:
        assert purge(connection, timedelta(days=365), actor="admin") == Purged(1, 0)
        assert connection.scalars(select(encounters.c.name)).all() == ["A2"]
        assert connection.scalar(select(func.count()).select_from(documents)) == 1
        assert verify(connection).problem is None
        assert purge(connection, timedelta(), actor="admin").events == 8
        found = verify(connection)
        assert (found.first, found.last, found.problem) == (9, 9, None)
        append_and_check = connection.execute(select(events)).one()
        assert (append_and_check.action, append_and_check.actor) == ("purge", "admin")
        assert connection.scalars(select(encounters.c.name)).all() == ["A2"], "open ones are kept"


def test_no_event_holds_text_of_a_note(store: Store, recorded: str) -> None:
    with store.reading() as connection:
        for row in connection.execute(select(events)):
            for word in ("Known", "hypertension 😀", TEXT[:20]):
                assert word not in f"{row.before} {row.after}"
