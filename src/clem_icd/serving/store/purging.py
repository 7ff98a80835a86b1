"""Deleting what is older than it has to be kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, delete, func, select, update

from clem_icd.serving.store.chain import Event, append
from clem_icd.serving.store.tables import chain, encounters, events


@dataclass(frozen=True)
class Purged:
    """How many encounters and events were deleted."""

    encounters: int
    events: int


def purge(connection: Connection, older_than: timedelta, *, actor: str) -> Purged:
    """Delete submitted encounters that were not changed since, and the events before that time.

    Documents, suggestions and decisions of the encounters are deleted as well. Events are deleted from the
    beginning of the chain, which then starts with the hash of the last one deleted, so it can still be
    checked. The purge itself is an event.
    """
    limit = (datetime.now(UTC) - older_than).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    old = (encounters.c.status == "submitted") & (encounters.c.changed_at < limit)
    gone = connection.execute(delete(encounters).where(old)).rowcount
    # Not simply all events before the limit: if the clock was set back, the chain would get a hole.
    first_kept = connection.scalar(select(func.min(events.c.number)).where(events.c.at >= limit))
    is_old = events.c.number < first_kept if first_kept is not None else events.c.at < limit
    last = connection.execute(
        select(events.c.number, events.c.hash).where(is_old).order_by(events.c.number.desc()).limit(1)
    ).first()
    deleted = 0
    if last is not None:
        deleted = connection.execute(delete(events).where(is_old)).rowcount
        connection.execute(update(chain).values(purged=last.number, purged_hash=last.hash))
    if gone or deleted:
        state = {"older_than_days": older_than.days, "encounters": gone, "events": deleted}
        append(connection, Event(actor, "purge", after=state))
    return Purged(gone, deleted)
