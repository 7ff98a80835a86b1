"""Mishaps with the notes of an admission: missing, duplicated, misfiled or hard to parse.

Each function takes a chart whose first document is the discharge summary.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from random import Random

from clem_icd.synthetic.chart import ADDENDUM, SUMMARY, Chart, Document
from clem_icd.synthetic.note import write_note
from clem_icd.synthetic.text_quirks import with_crlf, with_foreign_characters, with_quotes

__all__ = [
    "blank_addition",
    "crlf_lines",
    "emptied_note",
    "foreign_characters",
    "marked_as_error",
    "quotes",
    "repeated_note",
    "second_note",
    "unlinked_note",
    "unwritten_summary",
]


def second_note(chart: Chart, rng: Random) -> Chart:
    """Add another discharge summary, phrased differently."""
    note = write_note(replace(chart.admission, seed=f"{chart.admission.seed}/second"))
    first = chart.documents[0]
    second = replace(first, text=note.text, evidence=note.evidence, delay=int(rng.random() * 3))
    return _with_documents(chart, [*chart.documents, second])


def repeated_note(chart: Chart, rng: Random) -> Chart:
    """File the discharge summary twice."""
    return _with_documents(
        chart, [*chart.documents, replace(chart.documents[0], delay=int(rng.random() * 9))]
    )


def unlinked_note(chart: Chart, _: Random) -> Chart:
    """File a second copy of the discharge summary without an admission number."""
    return _with_documents(chart, [*chart.documents, replace(chart.documents[0], linked=False)])


def blank_addition(chart: Chart, _: Random) -> Chart:
    """Add a discharge note without text."""
    empty = replace(chart.documents[0], description=ADDENDUM, text="", evidence=())
    return _with_documents(chart, [*chart.documents, empty])


def emptied_note(chart: Chart, _: Random) -> Chart:
    """Empty the text of the discharge summary."""
    return _with_documents(chart, [replace(chart.documents[0], text="", evidence=()), *chart.documents[1:]])


def unwritten_summary(chart: Chart, _: Random) -> Chart:
    """Remove the discharge summary."""
    return _with_documents(chart, [document for document in chart.documents if document.category != SUMMARY])


def marked_as_error(chart: Chart, _: Random) -> Chart:
    """Mark the last note as an error."""
    return _with_documents(chart, [*chart.documents[:-1], replace(chart.documents[-1], is_error=True)])


def crlf_lines(chart: Chart, _: Random) -> Chart:
    """End the lines of every note with a carriage return and a line feed."""
    return _with_documents(chart, [with_crlf(document) for document in chart.documents])


def foreign_characters(chart: Chart, rng: Random) -> Chart:
    """Insert multi-byte characters into every note, before its evidence."""
    return _with_documents(chart, [with_foreign_characters(document, rng) for document in chart.documents])


def quotes(chart: Chart, rng: Random) -> Chart:
    """Insert quotes and commas into the discharge summary."""
    return _with_documents(chart, [with_quotes(chart.documents[0], rng), *chart.documents[1:]])


def _with_documents(chart: Chart, documents: Iterable[Document]) -> Chart:
    return replace(chart, documents=tuple(documents))
