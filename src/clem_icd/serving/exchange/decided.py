"""The decisions on submitted encounters, as a corpus, a table, or tasks of Label Studio."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

from sqlalchemy import select

from clem_icd.corpus import Evidence, Note, corpus_writer
from clem_icd.errors import InputError
from clem_icd.files import check_free, write_text
from clem_icd.icd import Code, CodeSystem, default_codebook
from clem_icd.serving.store.database import Store
from clem_icd.serving.store.encounters import Mark
from clem_icd.serving.store.reading import CodeState, Encounter, read_encounter
from clem_icd.serving.store.tables import encounters

BETWEEN = "\n\n"
"""What separates the documents of an encounter in the text of its note."""

COLUMNS = (
    "encounter",
    "system",
    "code",
    "title",
    "verdict",
    "replaced_by",
    "reason",
    "position",
    "present_on_admission",
    "suggested",
    "probability",
    "judged_by",
    "judged_at",
    "comment",
)


def submitted(store: Store) -> Iterator[Encounter]:
    """Yield the submitted encounters in the order in which they came.

    Raises
    ------
    InputError
        If there are none.

    """
    query = select(encounters.c.id).where(encounters.c.status == "submitted")
    with store.reading() as connection:
        ids = connection.scalars(query.order_by(encounters.c.created_at, encounters.c.id)).all()
        if not ids:
            raise InputError("no encounter is submitted yet", remedy="Submit some on the screen first")
        for id_ in ids:
            yield read_encounter(connection, id_)


def write_corpus(store: Store, out: Path, *, split: str = "train", force: bool = False) -> int:
    """Write a corpus with a note per encounter, ready for training; return the number of notes.

    The note joins the documents with an empty line between them. Its codes are those that stand, in the order
    of the claim, and its evidence that of the accepted ones; a code that replaces another one takes over its
    evidence.

    Raises
    ------
    InputError
        If no encounter is submitted.
    OutputError
        If ``out`` is occupied and ``force`` is false.

    """
    with corpus_writer(
        out,
        name="review",
        source="review",
        options={},
        inputs=[],
        codebook=default_codebook(),
        synthetic=False,
        force=force,
    ) as writer:
        writer.write(split, map(_note, submitted(store)))
        return writer.size


def write_table(store: Store, out: Path, *, force: bool = False) -> int:
    """Write a csv with a row per judged code; return the number of rows. It holds no text of documents.

    Raises
    ------
    InputError
        If no encounter is submitted.
    OutputError
        If ``out`` is occupied and ``force`` is false.

    """
    check_free(out, force=force)
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    count = 0
    for encounter in submitted(store):
        for code in encounter.codes:
            if code.verdict != "open":
                writer.writerow([_cell(value) for value in _row(encounter, code)])
                count += 1
    write_text(out, text.getvalue())
    return count


def write_label_studio(store: Store, out: Path, *, force: bool = False) -> int:
    """Write a JSON file of tasks for Label Studio, one per document; return their number.

    The model's evidence is the prediction of a task, and what coders accepted is its annotation. Every region
    holds its text as well, to be compared after importing: Label Studio has counted characters outside of the
    basic plane in two ways.

    Raises
    ------
    InputError
        If no encounter is submitted.
    OutputError
        If ``out`` is occupied and ``force`` is false.

    """
    check_free(out, force=force)
    tasks = [task for encounter in submitted(store) for task in _tasks(encounter)]
    write_text(out, json.dumps(tasks, ensure_ascii=False, indent=1) + "\n")
    return len(tasks)


def standing_code(code: CodeState) -> Code | None:
    """Return the code that a judgement leaves: itself, the one that replaces it, or None."""
    if code.verdict == "accepted":
        return code.code
    if code.verdict == "replaced" and code.replaced_by is not None:
        return Code(code.replaced_by, CodeSystem(code.code.system))
    return None


def _note(encounter: Encounter) -> Note:
    starts, text = [], ""
    for document in encounter.documents:
        text += BETWEEN if text else ""
        starts.append(len(text))
        text += document.text
    evidence = {
        Evidence(standing, starts[mark.document] + mark.begin, starts[mark.document] + mark.end)
        for code in encounter.codes
        if (standing := standing_code(code)) is not None
        for mark in code.marks
    }
    ordered = sorted(evidence, key=lambda one: (one.begin, one.end, one.code))
    return Note(encounter.name, text, encounter.sequence, tuple(ordered), admission_id=encounter.name)


def _row(encounter: Encounter, code: CodeState) -> tuple[Any, ...]:
    standing = standing_code(code)
    position = encounter.sequence.index(standing) + 1 if standing in encounter.sequence else None
    return (
        encounter.name,
        code.code.system.value,
        code.code.value,
        code.title,
        code.verdict,
        code.replaced_by,
        code.reason,
        position,
        code.present_on_admission,
        "decided" if code.decided else "possible" if code.probability is not None else "added",
        code.probability,
        code.judged_by,
        code.judged_at,
        code.comment,
    )


def _cell(value: object) -> object:
    """Return a value that a spreadsheet does not run: it takes a text that begins like this for a formula."""
    return (
        f"'{value}"
        if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r"))
        else value
    )


def _tasks(encounter: Encounter) -> Iterator[dict[str, Any]]:
    model = encounter.origin.model if encounter.origin else None
    for place, document in enumerate(encounter.documents):
        marked = [
            (code, _region(code.code, mark, document.text), mark)
            for code in encounter.codes
            for mark in code.marks
            if mark.document == place
        ]
        accepted = [
            {**region, "value": {**region["value"], "labels": [standing.value]}}
            for code, region, _ in marked
            if (standing := standing_code(code)) is not None
        ]
        yield {
            "data": {"text": document.text, "encounter": encounter.name, "document": document.name},
            "predictions": [
                {
                    "model_version": model,
                    # A mark without a weight was made by a coder.
                    "result": [region for _, region, mark in marked if mark.weight is not None],
                }
            ],
            "annotations": [{"result": accepted}],
        }


def _region(code: Code, mark: Mark, text: str) -> dict[str, Any]:
    return {
        "id": f"{code.value}-{mark.begin}-{mark.end}",
        "from_name": "code",
        "to_name": "text",
        "type": "labels",
        "value": {
            "start": mark.begin,
            "end": mark.end,
            "text": text[mark.begin : mark.end],
            "labels": [code.value],
        },
    }
