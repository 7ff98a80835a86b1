"""The record of what happened: events in a chain of hashes.

The hash of an event covers all of its fields and the hash of the event before it. Changing or deleting an
event breaks the chain at that place; deleting the last ones contradicts the stored end of the chain. Someone
who can write to the database and knows this code can rewrite all that follows a change, so the last hash
should now and then be kept where that person cannot write: it is `Verdict.last_hash`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from clem_icd.serving.store.tables import chain, events

START = "0" * 64
"""The hash before the first event."""

_ROWS_AT_ONCE = 1_000


@dataclass(frozen=True)
class Event:
    """Something that was done.

    Attributes
    ----------
    actor
        Who did it.
    action
        What was done, such as ``accept``.
    encounter_id, code
        What it is about; the code with its system, ``icd10cm:I10``.
    before, after
        The state that it changed, and what became of it. No text of a note.
    request_key
        The client's name of the request, so that it acts once if it is sent twice.
    undoes
        The number of the event that is taken back.

    """

    actor: str
    action: str
    encounter_id: str | None = None
    code: str | None = None
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    request_key: str | None = None
    undoes: int | None = None


@dataclass(frozen=True)
class Verdict:
    """The result of checking the chain.

    Attributes
    ----------
    first, last
        The numbers of the first and the last event that is there; events before the first were purged.
    last_hash
        The hash of the last event.
    problem
        The first place where the chain is broken, as a sentence; None if it is whole.

    """

    first: int
    last: int
    last_hash: str
    problem: str | None


def now() -> str:
    """Return the time in UTC with microseconds, as the store writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def append(connection: Connection, event: Event, *, at: str | None = None) -> int:
    """Add an event at the end of the chain, in the transaction of what it describes; return its number."""
    end = connection.execute(select(chain.c.last, chain.c.last_hash)).one()
    row = {
        "number": end.last + 1,
        "at": at or now(),
        "actor": event.actor,
        "action": event.action,
        "encounter_id": event.encounter_id,
        "code": event.code,
        "before": _as_text(event.before),
        "after": _as_text(event.after),
        "request_key": event.request_key,
        "undoes": event.undoes,
        "previous_hash": end.last_hash,
    }
    row["hash"] = _hash(row)
    connection.execute(insert(events).values(row))
    connection.execute(update(chain).values(last=row["number"], last_hash=row["hash"]))
    return int(row["number"])


def verify(connection: Connection, *, known_hash: str | None = None) -> Verdict:
    """Check the whole chain.

    Parameters
    ----------
    connection
        A connection that sees one state of the database.
    known_hash
        The hash of an earlier end of the chain, kept elsewhere: it has to be there still.

    """
    end = connection.execute(select(chain)).one()
    walk = _Walk(end.purged, end.purged_hash, known_hash in (None, end.purged_hash, START))
    rows = select(events).order_by(events.c.number)
    with connection.execute(rows, execution_options={"yield_per": _ROWS_AT_ONCE}) as found:
        problem = next(filter(None, (walk.problem_at(row, known_hash) for row in found)), None)
    if problem is None and (end.last, end.last_hash) != (walk.number, walk.hash):
        problem = f"the events after {walk.number} are missing: {end.last} were recorded"
    if problem is None and not walk.met_known:
        problem = "no event has the given hash: the chain was rewritten, or the hash is of another database"
    return Verdict(end.purged + 1, end.last, end.last_hash, problem)


@dataclass
class _Walk:
    """Where a walk along the chain has come to."""

    number: int
    hash: str
    met_known: bool

    def problem_at(self, row: Row[Any], known_hash: str | None) -> str | None:
        """Go on to the next event; return what is wrong there."""
        if row.number != self.number + 1:
            return f"before event {row.number}, {row.number - self.number - 1} are missing"
        if row.previous_hash != self.hash or row.hash != _hash(row._asdict()):
            return f"event {row.number} was changed"
        self.number, self.hash = row.number, row.hash
        self.met_known = self.met_known or row.hash == known_hash
        return None


def _as_text(state: Mapping[str, Any] | None) -> str | None:
    return None if state is None else json.dumps(state, sort_keys=True, separators=(",", ":"))


def _hash(row: Mapping[str, Any]) -> str:
    covered = {column.name: row[column.name] for column in events.columns if column.name != "hash"}
    return hashlib.sha256((_as_text(covered) or "").encode("ascii")).hexdigest()
