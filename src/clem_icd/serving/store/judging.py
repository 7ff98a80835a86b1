"""Judging, adding and ordering the codes of an encounter; every act is one event."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import Connection, insert

from clem_icd.errors import ConflictError
from clem_icd.icd import Code
from clem_icd.serving.store.acts import (
    STATE,
    Act,
    changed,
    code_row,
    done_before,
    find_code,
    open_encounter,
    reordered,
    state_of,
    write_state,
)
from clem_icd.serving.store.chain import Event, append, now
from clem_icd.serving.store.encounters import Mark, key, mark, sequence_of, texts_of, touch
from clem_icd.serving.store.judgement import Judgement
from clem_icd.serving.store.tables import codes


def judge(
    connection: Connection, encounter_id: str, code: Code, judgement: Judgement, version: int, act: Act
) -> int:
    """Store what a coder says of a code; return the new version of the code.

    Parameters
    ----------
    version
        The version that the coder has seen.

    Raises
    ------
    ConflictError
        If the code was changed since, or the encounter is submitted.
    NotFoundError
        If the encounter has no such code.

    """
    if (done := done_before(connection, act)) is not None:
        return int(done["version"])
    encounter = open_encounter(connection, encounter_id)
    before = code_row(connection, encounter_id, code)
    if before.version != version:
        raise changed(before)
    after = {name: getattr(judgement, name) for name in STATE}
    write_state(connection, encounter_id, code, after, version + 1, act.actor)
    sequence = reordered(connection, encounter_id, sequence_of(encounter), code)
    touch(connection, encounter_id, sequence=json.dumps(sequence))
    append(
        connection,
        Event(
            act.actor,
            judgement.verdict,
            encounter_id,
            key(code),
            before={**state_of(before), "sequence": sequence_of(encounter)},
            after={**after, "sequence": sequence, "version": version + 1},
            request_key=act.request_key,
        ),
    )
    return version + 1


def add(
    connection: Connection,
    encounter_id: str,
    code: Code,
    title: str | None,
    act: Act,
    marks: Sequence[Mark] = (),
) -> int:
    """Add a code that the model did not suggest, accepted; return its version.

    Raises
    ------
    ConflictError
        If the encounter is submitted.
    InputError
        If a mark lies outside of its document, or the code is there already.

    """
    if (done := done_before(connection, act)) is not None:
        return int(done["version"])
    encounter = open_encounter(connection, encounter_id)
    if find_code(connection, encounter_id, code) is not None:
        raise ConflictError("the code is in the list already", remedy="Judge it there")
    accepted = dict.fromkeys(STATE) | {"verdict": "accepted"}
    connection.execute(
        insert(codes).values(
            encounter_id=encounter_id,
            system=code.system.value,
            code=code.value,
            title=title,
            decided=False,
            version=0,
            judged_by=act.actor,
            judged_at=now(),
            **accepted,
        )
    )
    mark(connection, encounter_id, code, marks, texts_of(connection, encounter_id), by=act.actor)
    before = sequence_of(encounter)
    sequence = [*before, key(code)]
    touch(connection, encounter_id, sequence=json.dumps(sequence))
    append(
        connection,
        Event(
            act.actor,
            "add",
            encounter_id,
            key(code),
            before={"sequence": before},
            after={
                **accepted,
                "sequence": sequence,
                "version": 0,
                "marks": [asdict(one) for one in marks],
            },
            request_key=act.request_key,
        ),
    )
    return 0


def order(connection: Connection, encounter_id: str, wanted: Sequence[Code], version: int, act: Act) -> int:
    """Put the accepted codes into an order; return the new version of the order.

    Parameters
    ----------
    wanted
        Every accepted code once. The first diagnosis is the principal one.
    version
        The version of the order that the coder has seen.

    Raises
    ------
    ConflictError
        If other codes are accepted by now, the order was changed since, or the encounter is submitted.

    """
    if (done := done_before(connection, act)) is not None:
        return int(done["version"])
    encounter = open_encounter(connection, encounter_id)
    before, after = sequence_of(encounter), [key(code) for code in wanted]
    if encounter.sequence_version != version or sorted(before) != sorted(after):
        raise ConflictError("the accepted codes were changed meanwhile", remedy="Look at them again")
    touch(connection, encounter_id, sequence=json.dumps(after), sequence_version=version + 1)
    append(
        connection,
        Event(
            act.actor,
            "order",
            encounter_id,
            before={"sequence": before},
            after={"sequence": after, "version": version + 1},
            request_key=act.request_key,
        ),
    )
    return version + 1
