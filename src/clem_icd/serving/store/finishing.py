"""Assigning, submitting and reopening encounters."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from clem_icd.errors import ConflictError
from clem_icd.serving.store.acts import Act, done_before, encounter_row, open_encounter
from clem_icd.serving.store.chain import Event, append
from clem_icd.serving.store.encounters import sequence_of, touch
from clem_icd.serving.store.tables import codes


def assign(connection: Connection, encounter_id: str, coder: str | None, act: Act) -> None:
    """Assign an encounter to a coder, or to nobody."""
    if done_before(connection, act) is not None:
        return
    encounter = encounter_row(connection, encounter_id)
    touch(connection, encounter_id, assigned_to=coder)
    append(
        connection,
        Event(
            act.actor,
            "assign",
            encounter_id,
            before={"assigned_to": encounter.assigned_to},
            after={"assigned_to": coder},
            request_key=act.request_key,
        ),
    )


def submit(connection: Connection, encounter_id: str, act: Act) -> None:
    """Finish an encounter.

    Raises
    ------
    ConflictError
        If a code that the model decided is not judged yet, or the encounter is submitted already.

    """
    if done_before(connection, act) is not None:
        return
    encounter = open_encounter(connection, encounter_id)
    waiting = connection.scalar(
        select(func.count())
        .select_from(codes)
        .where(codes.c.encounter_id == encounter_id, codes.c.decided, codes.c.verdict == "open")
    )
    if waiting:
        raise ConflictError(
            f"codes that the model decided are not judged yet: {waiting}",
            remedy="Accept, replace or reject each of them",
        )
    touch(connection, encounter_id, status="submitted")
    append(
        connection,
        Event(
            act.actor,
            "submit",
            encounter_id,
            before={"status": "open"},
            after={"status": "submitted", "sequence": sequence_of(encounter)},
            request_key=act.request_key,
        ),
    )


def reopen(connection: Connection, encounter_id: str, act: Act) -> None:
    """Open a submitted encounter again; an open one stays as it is."""
    if done_before(connection, act) is not None or encounter_row(connection, encounter_id).status == "open":
        return
    touch(connection, encounter_id, status="open")
    append(
        connection,
        Event(
            act.actor,
            "reopen",
            encounter_id,
            before={"status": "submitted"},
            after={"status": "open"},
            request_key=act.request_key,
        ),
    )
