"""Charts of admissions: which notes MIMIC-III and MIMIC-IV hold for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from random import Random

from clem_icd.synthetic import code_mishaps, note_mishaps
from clem_icd.synthetic.chart import ADDENDUM, REPORT, SUMMARY, Chart, CodeRow, Document
from clem_icd.synthetic.composer import Composer
from clem_icd.synthetic.distractors import Distractors
from clem_icd.synthetic.hospital import Admission
from clem_icd.synthetic.language import language
from clem_icd.synthetic.mishaps import with_mishaps
from clem_icd.synthetic.note import BANNER, write_note
from clem_icd.synthetic.plan import Plan
from clem_icd.synthetic.text_quirks import with_mimic3_marks
from clem_icd.synthetic.ward_notes import draw_kinds, note_kinds, write_ward_note
from clem_icd.synthetic.writer import Writer

__all__ = ["complete_chart", "summary_chart"]

_ADDENDA = 0.08  # share of the summaries with an addendum: 4,475 of 55,177 in MIMIC-III
_BEFORE_THE_REPORT = 0.3  # share of the addenda filed before their report
_LONGEST_DELAY = 40  # admissions before an addendum is filed
_OUTPATIENT = 0.1  # share of the other notes that belong to no admission
_NAMED_IN_ADDENDUM = 2


def summary_chart(admission: Admission) -> Chart:
    """Return the chart of an admission in MIMIC-IV: discharge summary and codes."""
    return with_mishaps(_chart(admission, [_summary(admission)]), frozenset({note_mishaps.marked_as_error}))


def complete_chart(admission: Admission, other_notes: float, also: Iterable[str] = ()) -> Chart:
    """Return the chart of an admission in MIMIC-III: discharge notes, other notes and codes.

    Parameters
    ----------
    other_notes
        Mean number of notes other than discharge summaries.
    also
        Categories with at least one note each.

    """
    rng = Random(f"{admission.seed}/chart")
    documents = [_summary(admission), *_ward_notes(rng, admission, other_notes, also)]
    if rng.random() < _ADDENDA:
        documents.append(_addendum(rng, admission))
    chart = with_mishaps(_chart(admission, documents), frozenset({code_mishaps.mixed_versions}))
    marked = [with_mimic3_marks(document, admission.seed) for document in chart.documents]
    return replace(chart, documents=tuple(_in_filing_order(rng, marked)))


def _chart(admission: Admission, documents: Iterable[Document]) -> Chart:
    rows = tuple(CodeRow.of(problem.code) for problem in admission.problems)
    return Chart(admission, tuple(documents), rows)


def _summary(admission: Admission) -> Document:
    note = write_note(admission)
    return Document(SUMMARY, REPORT, note.text, note.evidence, admission.discharged)


def _ward_notes(rng: Random, admission: Admission, mean: float, also: Iterable[str]) -> Iterator[Document]:
    certain = [note_kinds()[category] for category in also]
    for number, kind in enumerate([*certain, *draw_kinds(rng, mean)]):
        linked = number < len(certain) or rng.random() >= _OUTPATIENT
        yield replace(write_ward_note(admission, kind, number), linked=linked)


def _addendum(rng: Random, admission: Admission) -> Document:
    """Write an addendum to a discharge summary; it ends with a condition and without a full stop."""
    composer = Composer(
        rng, admission, Plan(), language(), Distractors(rng, admission, ()), brief=True, richness=1.0
    )
    out = Writer()
    out.add(f"{BANNER}\nAddendum:\n")
    composer.say(out, "follow", 2)
    for problem in rng.sample(admission.problems, min(_NAMED_IN_ADDENDUM, len(admission.problems))):
        out.add("\nOf note: ")
        composer.name(out, problem)
    written = admission.discharged + timedelta(hours=1 + int(rng.random() * 200))
    # Few discharge notes have a time of day.
    return Document(SUMMARY, ADDENDUM, out.text(), tuple(out.mentions), written, timed=rng.random() < 0.2)


def _in_filing_order(rng: Random, documents: Iterable[Document]) -> list[Document]:
    """Return the notes in filing order; an addendum may come before its report or long after it."""
    early: list[Document] = []
    usual: list[Document] = []
    for document in documents:
        if document.description != ADDENDUM:
            usual.append(document)
        elif rng.random() < _BEFORE_THE_REPORT:
            early.append(document)
        else:
            usual.append(replace(document, delay=int(rng.random() * _LONGEST_DELAY)))
    return early + usual
