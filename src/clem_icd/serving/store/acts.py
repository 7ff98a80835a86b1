"""What all acts of coders share: who acts, and the rows that they look at and change."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select, update

from clem_icd.errors import ConflictError, InputError, NotFoundError
from clem_icd.icd import Code
from clem_icd.serving.store.chain import now
from clem_icd.serving.store.encounters import key, no_encounter
from clem_icd.serving.store.tables import codes, encounters, events

STATE = ("verdict", "reason", "replaced_by", "present_on_admission", "comment")
"""The columns of ``codes`` that a judgement sets."""


@dataclass(frozen=True)
class Act:
    """Who acts, and under which name of the request."""

    actor: str
    request_key: str | None = None


def done_before(connection: Connection, act: Act) -> dict[str, Any] | None:
    """Return what came of a request that was sent before; None if it was not."""
    if act.request_key is None:
        return None
    found = connection.execute(
        select(events.c.after, events.c.actor).where(events.c.request_key == act.request_key)
    ).first()
    if found is None:
        return None
    if found.actor != act.actor:
        raise InputError("this request key was used by someone else", remedy="Use a random key per request")
    result: dict[str, Any] = json.loads(found.after)
    return result


def encounter_row(connection: Connection, encounter_id: str) -> Row[Any]:
    """Return the row of an encounter.

    Raises
    ------
    NotFoundError
        If there is none.

    """
    found = connection.execute(select(encounters).where(encounters.c.id == encounter_id)).first()
    if found is None:
        raise no_encounter(encounter_id)
    return found


def open_encounter(connection: Connection, encounter_id: str) -> Row[Any]:
    """Return the row of an encounter that may be changed.

    Raises
    ------
    ConflictError
        If it is submitted.
    NotFoundError
        If there is none.

    """
    found = encounter_row(connection, encounter_id)
    if found.status != "open":
        raise ConflictError("the encounter is submitted", remedy="Reopen it first")
    return found


def find_code(connection: Connection, encounter_id: str, code: Code) -> Row[Any] | None:
    """Return the row of a code of an encounter; None if it has none."""
    return connection.execute(select(codes).where(*is_code(encounter_id, code))).first()


def code_row(connection: Connection, encounter_id: str, code: Code) -> Row[Any]:
    """Return the row of a code of an encounter.

    Raises
    ------
    NotFoundError
        If it has none.

    """
    found = find_code(connection, encounter_id, code)
    if found is None:
        raise NotFoundError(f"the encounter has no code {code.value}", remedy="Add it first")
    return found


def changed(row: Row[Any]) -> ConflictError:
    """Return the error that someone else has changed a code."""
    return ConflictError(f"the code was changed by {row.judged_by} meanwhile", remedy="Look at it again")


def is_code(encounter_id: str, code: Code) -> tuple[Any, ...]:
    """Return the conditions under which a row of ``codes`` is that of a code."""
    return (
        codes.c.encounter_id == encounter_id,
        codes.c.system == code.system.value,
        codes.c.code == code.value,
    )


def state_of(row: Row[Any]) -> dict[str, Any]:
    """Return what was said of a code."""
    return {name: row._mapping[name] for name in STATE}


def write_state(
    connection: Connection, encounter_id: str, code: Code, state: Mapping[str, Any], version: int, actor: str
) -> None:
    """Store what is said of a code."""
    connection.execute(
        update(codes)
        .where(*is_code(encounter_id, code))
        .values(version=version, judged_by=actor, judged_at=now(), **state)
    )


def reordered(connection: Connection, encounter_id: str, before: list[str], code: Code) -> list[str]:
    """Return the codes that stand after a judgement: each keeps its place, and a new one comes last.

    A code that takes the place of another one takes its place in the order as well.
    """
    rows = connection.execute(
        select(codes.c.system, codes.c.code, codes.c.verdict, codes.c.replaced_by)
        .where(codes.c.encounter_id == encounter_id, codes.c.verdict.in_(("accepted", "replaced")))
        .order_by(codes.c.system, codes.c.code)
    )
    standing = {f"{row.system}:{row.code}": f"{row.system}:{row.replaced_by or row.code}" for row in rows}
    own = key(code)
    moved = [standing.get(own, one) if one == own else one for one in before]
    final = set(standing.values())
    kept = [one for one in dict.fromkeys(moved) if one in final]
    return kept + sorted(final.difference(kept))
