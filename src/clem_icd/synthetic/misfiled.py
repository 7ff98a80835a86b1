"""Mishaps with the notes of an admission: missing, doubled, misfiled, or hard to read.

Each takes a chart whose first document is the discharge summary.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from random import Random

from clem_icd.synthetic.blemishes import with_crlf, with_foreign_characters, with_quotes
from clem_icd.synthetic.chart import ADDENDUM, SUMMARY, Chart, Document
from clem_icd.synthetic.note import write_note

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
    """Give the admission another discharge summary, with other words."""
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
    """File a second copy of the discharge summary that does not say which admission it belongs to."""
    return _with_documents(chart, [*chart.documents, replace(chart.documents[0], linked=False)])


def blank_addition(chart: Chart, _: Random) -> Chart:
    """Add a discharge note without a text."""
    empty = replace(chart.documents[0], description=ADDENDUM, text="", evidence=())
    return _with_documents(chart, [*chart.documents, empty])


def emptied_note(chart: Chart, _: Random) -> Chart:
    """Lose the text of the discharge summary."""
    return _with_documents(chart, [replace(chart.documents[0], text="", evidence=()), *chart.documents[1:]])


def unwritten_summary(chart: Chart, _: Random) -> Chart:
    """Leave the admission without a discharge summary."""
    return _with_documents(chart, [one for one in chart.documents if one.category != SUMMARY])


def marked_as_error(chart: Chart, _: Random) -> Chart:
    """Mark the last note as a mistake."""
    return _with_documents(chart, [*chart.documents[:-1], replace(chart.documents[-1], is_error=True)])


def crlf_lines(chart: Chart, _: Random) -> Chart:
    """End the lines of every note with carriage returns and line feeds."""
    return _with_documents(chart, [with_crlf(one) for one in chart.documents])


def foreign_characters(chart: Chart, rng: Random) -> Chart:
    """Put characters of several bytes into every note, before its evidence."""
    return _with_documents(chart, [with_foreign_characters(one, rng) for one in chart.documents])


def quotes(chart: Chart, rng: Random) -> Chart:
    """Put quotes and commas into the discharge summary."""
    return _with_documents(chart, [with_quotes(chart.documents[0], rng), *chart.documents[1:]])


def _with_documents(chart: Chart, documents: Iterable[Document]) -> Chart:
    return replace(chart, documents=tuple(documents))
