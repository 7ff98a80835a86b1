"""Encounters: adding them with their documents and suggestions, and reading one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row, delete, insert, select, update

from clem_icd.errors import InputError, NotFoundError
from clem_icd.icd import Code, CodeSystem
from clem_icd.serving.store.chain import Event, append, now
from clem_icd.serving.store.tables import codes, documents, encounters, evidence, origins


@dataclass(frozen=True)
class Document:
    """A document of an encounter.

    Attributes
    ----------
    name
        Its name in the hospital's systems.
    text
        The raw text.
    kind
        What it is, such as "Discharge summary".

    """

    name: str
    text: str
    kind: str | None = None


@dataclass(frozen=True)
class Mark:
    """A stretch of a document that supports a code.

    Attributes
    ----------
    document
        The position of the document in its encounter, from 0.
    begin, end
        Half-open offsets into its text, in characters.
    weight
        How strongly it supports the code; None if a coder marked it.

    """

    document: int
    begin: int
    end: int
    weight: float | None = None


@dataclass(frozen=True)
class Suggested:
    """A code that a model suggests for an encounter."""

    code: Code
    title: str | None
    probability: float
    decided: bool
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True)
class Origin:
    """Where suggestions come from.

    Attributes
    ----------
    model, model_sha256
        The name of the model, and the hash of its files.
    rule, threshold
        How codes are decided, in words, and the threshold if there is a single one.
    method
        What found the evidence.
    codebook
        The edition of the titles.

    """

    model: str
    model_sha256: str
    rule: str
    threshold: float | None
    method: str
    codebook: str


def add_encounter(connection: Connection, name: str, own: Sequence[Document], *, actor: str) -> str:
    """Add an encounter without suggestions; return its id.

    Raises
    ------
    InputError
        If there is one of this name, or it has no document.

    """
    if not own:
        raise InputError(f"encounter {name} has no documents", remedy="Give it at least one")
    if connection.scalar(select(encounters.c.id).where(encounters.c.name == name)):
        raise InputError(f"there is an encounter {name} already", remedy="Leave it out, or rename it")
    id_, at = str(uuid4()), now()
    connection.execute(
        insert(encounters).values(
            id=id_,
            name=name,
            status="open",
            created_at=at,
            changed_at=at,
            sequence="[]",
            sequence_version=0,
        )
    )
    connection.execute(
        insert(documents),
        [
            {"id": str(uuid4()), "encounter_id": id_, "position": place, **asdict(one)}
            for place, one in enumerate(own)
        ],
    )
    append(connection, Event(actor, "import", id_, after={"documents": len(own)}), at=at)
    return id_


def suggest(
    connection: Connection, encounter_id: str, suggested: Sequence[Suggested], origin: Origin, *, actor: str
) -> None:
    """Store the suggestions of a model. Those of an earlier model that nobody has judged are replaced.

    Raises
    ------
    InputError
        If a mark lies outside of its document.
    NotFoundError
        If there is no such encounter.

    """
    texts = texts_of(connection, encounter_id)
    own = codes.c.encounter_id == encounter_id
    judged = select(codes.c.system, codes.c.code).where(own, codes.c.verdict != "open")
    kept = {(row.system, row.code) for row in connection.execute(judged)}
    connection.execute(delete(codes).where(own, codes.c.verdict == "open"))
    connection.execute(delete(origins).where(origins.c.encounter_id == encounter_id))
    at = now()
    connection.execute(insert(origins).values(encounter_id=encounter_id, at=at, **asdict(origin)))
    new = [one for one in suggested if (one.code.system.value, one.code.value) not in kept]
    if new:
        connection.execute(insert(codes), [_row(encounter_id, one) for one in new])
    for one in new:
        mark(connection, encounter_id, one.code, one.marks, texts, by=None)
    listed = [
        {"code": key(one.code), "probability": one.probability, "decided": one.decided} for one in suggested
    ]
    state = {**asdict(origin), "suggestions": listed}
    append(connection, Event(actor, "suggest", encounter_id, after=state), at=at)


def mark(
    connection: Connection,
    encounter_id: str,
    code: Code,
    marks: Sequence[Mark],
    texts: Sequence[tuple[str, str]],
    *,
    by: str | None,
) -> None:
    """Store marks of a code.

    Parameters
    ----------
    texts
        Id and text of every document, as `texts_of` returns them.
    by
        The coder who made them; None for a model.

    Raises
    ------
    InputError
        If a mark lies outside of its document.

    """
    for one in marks:
        if not 0 <= one.document < len(texts) or not 0 <= one.begin < one.end <= len(texts[one.document][1]):
            raise InputError(
                f"the evidence for {code.value} at {one.begin}:{one.end} is not in document {one.document}",
                remedy="Give half-open offsets into the raw text, in Unicode code points",
            )
    if marks:
        connection.execute(
            insert(evidence),
            [
                {
                    "encounter_id": encounter_id,
                    "system": code.system.value,
                    "code": code.value,
                    "document_id": texts[one.document][0],
                    "begin": one.begin,
                    "end": one.end,
                    "weight": one.weight,
                    "marked_by": by,
                }
                for one in marks
            ],
        )


def texts_of(connection: Connection, encounter_id: str) -> list[tuple[str, str]]:
    """Return the id and the text of every document of an encounter, in order.

    Raises
    ------
    NotFoundError
        If there is no such encounter.

    """
    found = connection.execute(
        select(documents.c.id, documents.c.text)
        .where(documents.c.encounter_id == encounter_id)
        .order_by(documents.c.position)
    ).all()
    if not found:
        raise no_encounter(encounter_id)
    return [(row.id, row.text) for row in found]


def key(code: Code) -> str:
    """Return a code with its system as one text: ``icd10cm:I10``."""
    return f"{code.system.value}:{code.value}"


def code_of(key_: str) -> Code:
    """Return the code of a `key`."""
    system, _, value = key_.partition(":")
    return Code(value, CodeSystem(system))


def no_encounter(encounter_id: str) -> NotFoundError:
    """Return the error that there is no such encounter."""
    return NotFoundError(f"there is no encounter {encounter_id}", remedy="Go back to the work list")


def touch(connection: Connection, encounter_id: str, **values: Any) -> None:
    """Change an encounter, and when it was changed."""
    connection.execute(
        update(encounters).where(encounters.c.id == encounter_id).values(changed_at=now(), **values)
    )


def sequence_of(row: Row[Any]) -> list[str]:
    """Return the accepted codes of an encounter in their order, as `key`."""
    found: list[str] = json.loads(row.sequence)
    return found


def _row(encounter_id: str, one: Suggested) -> dict[str, Any]:
    return {
        "encounter_id": encounter_id,
        "system": one.code.system.value,
        "code": one.code.value,
        "title": one.title,
        "probability": one.probability,
        "decided": one.decided,
        "verdict": "open",
        "version": 0,
    }
