"""Taking back what a coder did."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, delete, select

from clem_icd.errors import ConflictError
from clem_icd.icd import Code
from clem_icd.serving.store.acts import (
    STATE,
    Act,
    changed,
    code_row,
    done_before,
    is_code,
    open_encounter,
    reordered,
    state_of,
    write_state,
)
from clem_icd.serving.store.chain import Event, append
from clem_icd.serving.store.encounters import code_of, sequence_of, touch
from clem_icd.serving.store.tables import codes, events


def undo(connection: Connection, encounter_id: str, act: Act) -> int | None:
    """Take back the last act of a coder on an encounter.

    Returns
    -------
    int | None
        The number of the event that was taken back; None if there is nothing to take back.

    Raises
    ------
    ConflictError
        If what the act changed was changed again by someone else, or the encounter is submitted.

    """
    if (done := done_before(connection, act)) is not None:
        return int(done["undone"])
    encounter = open_encounter(connection, encounter_id)
    last = _last_act(connection, encounter_id, act.actor)
    if last is None:
        return None
    before, after, sequence = json.loads(last.before), json.loads(last.after), sequence_of(encounter)
    if last.code is None and sequence != after["sequence"]:
        raise ConflictError("the order was changed meanwhile", remedy="Look at it again")
    if last.code is not None:
        _undo_code(connection, encounter_id, code_of(last.code), last.action, before, after, act)
    if sequence == after["sequence"]:
        sequence = before["sequence"]
    else:
        sequence = reordered(connection, encounter_id, sequence, code_of(last.code))
    touch(
        connection,
        encounter_id,
        sequence=json.dumps(sequence),
        sequence_version=encounter.sequence_version + 1,
    )
    append(
        connection,
        Event(
            act.actor,
            "undo",
            encounter_id,
            last.code,
            before=after,
            after={**before, "undone": last.number},
            request_key=act.request_key,
            undoes=last.number,
        ),
    )
    return int(last.number)


def _undo_code(
    connection: Connection,
    encounter_id: str,
    code: Code,
    action: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    act: Act,
) -> None:
    current = code_row(connection, encounter_id, code)
    # Not the version, which an undo of a later act has raised.
    if state_of(current) != {name: after[name] for name in STATE}:
        raise changed(current)
    if action == "add":
        connection.execute(delete(codes).where(*is_code(encounter_id, code)))
    else:
        restored = {name: before[name] for name in STATE}
        write_state(connection, encounter_id, code, restored, current.version + 1, act.actor)


def _last_act(connection: Connection, encounter_id: str, actor: str) -> Row[Any] | None:
    """Return the last event of a coder that can be taken back and was not."""
    undone = select(events.c.undoes).where(
        events.c.encounter_id == encounter_id, events.c.undoes.is_not(None)
    )
    return connection.execute(
        select(events)
        .where(
            events.c.encounter_id == encounter_id,
            events.c.actor == actor,
            events.c.action.in_(("open", "accepted", "rejected", "replaced", "add", "order")),
            events.c.number.not_in(undone),
        )
        .order_by(events.c.number.desc())
        .limit(1)
    ).first()
