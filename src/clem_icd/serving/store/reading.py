"""Reading an encounter with all that is known about it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import Connection, select

from clem_icd.icd import Code, CodeSystem
from clem_icd.serving.store.acts import encounter_row
from clem_icd.serving.store.encounters import Document, Mark, Origin, code_of, sequence_of
from clem_icd.serving.store.tables import codes, documents, evidence, origins


@dataclass(frozen=True)
class CodeState:
    """A code of an encounter: what the model says, and what coders say.

    Attributes
    ----------
    code, title
        The code.
    probability, decided
        The model's; None and false for a code that a coder added.
    marks
        Where the documents support it, in the order of the text.
    verdict, reason, replaced_by, present_on_admission, comment
        As in `Judgement`; the verdict is ``open`` if nobody has judged it.
    judged_by, judged_at
        Who judged it last, and when.
    version
        Counts its changes.

    """

    code: Code
    title: str | None
    probability: float | None
    decided: bool
    marks: tuple[Mark, ...]
    verdict: str
    reason: str | None
    replaced_by: str | None
    present_on_admission: str | None
    comment: str | None
    judged_by: str | None
    judged_at: str | None
    version: int


@dataclass(frozen=True)
class Encounter:
    """An encounter.

    Attributes
    ----------
    id, name, status, assigned_to, created_at, changed_at
        As in the work list.
    documents
        Its documents, in order.
    codes
        Its codes, the most probable first, and those that coders added last.
    sequence
        The codes that stand, in the order of the claim.
    sequence_version
        Counts the changes of the order.
    origin
        Where the suggestions come from; None before there are any.

    """

    id: str
    name: str
    status: str
    assigned_to: str | None
    created_at: str
    changed_at: str
    documents: tuple[Document, ...]
    codes: tuple[CodeState, ...]
    sequence: tuple[Code, ...]
    sequence_version: int
    origin: Origin | None


def read_encounter(connection: Connection, encounter_id: str) -> Encounter:
    """Return an encounter.

    Raises
    ------
    NotFoundError
        If there is none of this id.

    """
    row = encounter_row(connection, encounter_id)
    of_encounter = documents.c.encounter_id == encounter_id
    own = connection.execute(select(documents).where(of_encounter).order_by(documents.c.position)).all()
    place = {one.id: position for position, one in enumerate(own)}
    return Encounter(
        **{
            name: row._mapping[name]
            for name in ("id", "name", "status", "assigned_to", "created_at", "changed_at")
        },
        documents=tuple(Document(one.name, one.text, one.kind) for one in own),
        codes=_codes(connection, encounter_id, place),
        sequence=tuple(map(code_of, sequence_of(row))),
        sequence_version=row.sequence_version,
        origin=_origin(connection, encounter_id),
    )


def _codes(connection: Connection, encounter_id: str, place: dict[str, int]) -> tuple[CodeState, ...]:
    marks: dict[tuple[str, str], list[Mark]] = defaultdict(list)
    for one in connection.execute(select(evidence).where(evidence.c.encounter_id == encounter_id)):
        marks[one.system, one.code].append(Mark(place[one.document_id], one.begin, one.end, one.weight))
    rows = connection.execute(select(codes).where(codes.c.encounter_id == encounter_id)).all()
    ranked = sorted(
        rows, key=lambda row: (row.probability is None, -(row.probability or 0), row.system, row.code)
    )
    names = ("title", "probability", "decided", "verdict", "reason", "replaced_by", "present_on_admission")
    rest = ("comment", "judged_by", "judged_at", "version")
    return tuple(
        CodeState(
            code=Code(row.code, CodeSystem(row.system)),
            marks=tuple(
                sorted(marks[row.system, row.code], key=lambda mark: (mark.document, mark.begin, mark.end))
            ),
            **{name: row._mapping[name] for name in (*names, *rest)},
        )
        for row in ranked
    )


def _origin(connection: Connection, encounter_id: str) -> Origin | None:
    row = connection.execute(select(origins).where(origins.c.encounter_id == encounter_id)).first()
    if row is None:
        return None
    return Origin(row.model, row.model_sha256, row.rule, row.threshold, row.method, row.codebook)
