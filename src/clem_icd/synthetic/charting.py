"""Which notes an admission leaves, by whose files hold them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from random import Random

from clem_icd.synthetic import miscoded, misfiled
from clem_icd.synthetic.blemishes import with_mimic3_marks
from clem_icd.synthetic.chart import ADDENDUM, REPORT, SUMMARY, Chart, CodeRow, Document
from clem_icd.synthetic.desk import Desk
from clem_icd.synthetic.distractors import Distractors
from clem_icd.synthetic.hospital import Admission
from clem_icd.synthetic.language import language
from clem_icd.synthetic.mishaps import suffered
from clem_icd.synthetic.note import BANNER, write_note
from clem_icd.synthetic.plan import Plan
from clem_icd.synthetic.wards import draw_kinds, ward_note, ward_notes
from clem_icd.synthetic.writer import Writer

__all__ = ["complete_chart", "summary_chart"]

_ADDENDA = 0.08  # of the summaries have an addendum: 4,475 of 55,177 in MIMIC-III
_BEFORE_THE_REPORT = 0.3  # of the addenda stand before their report in the file
_LATEST = 40  # admissions after which an addendum is filed
_OUTPATIENT = 0.1  # of the other notes belong to no admission
_NAMED_IN_ADDENDUM = 2


def summary_chart(admission: Admission) -> Chart:
    """Return what MIMIC-IV holds of an admission: its discharge summary and its codes."""
    return suffered(_chart(admission, [_summary(admission)]), frozenset({misfiled.marked_as_error}))


def complete_chart(admission: Admission, other_notes: float, also: Iterable[str] = ()) -> Chart:
    """Return what MIMIC-III holds of an admission: discharge notes, other notes, codes.

    Parameters
    ----------
    other_notes
        How many notes other than discharge summaries an admission has on average.
    also
        Categories of which it has at least one note each.

    """
    rng = Random(f"{admission.seed}/chart")
    documents = [_summary(admission), *_ward_notes(rng, admission, other_notes, also)]
    if rng.random() < _ADDENDA:
        documents.append(_addendum(rng, admission))
    chart = suffered(_chart(admission, documents), frozenset({miscoded.mixed_versions}))
    marked = [with_mimic3_marks(one, admission.seed) for one in chart.documents]
    return replace(chart, documents=tuple(_filed(rng, marked)))


def _chart(admission: Admission, documents: Iterable[Document]) -> Chart:
    rows = tuple(CodeRow.of(problem.code) for problem in admission.problems)
    return Chart(admission, tuple(documents), rows)


def _summary(admission: Admission) -> Document:
    note = write_note(admission)
    return Document(SUMMARY, REPORT, note.text, note.evidence, admission.discharged)


def _ward_notes(rng: Random, admission: Admission, mean: float, also: Iterable[str]) -> Iterator[Document]:
    certain = [ward_notes()[category] for category in also]
    for number, kind in enumerate([*certain, *draw_kinds(rng, mean)]):
        linked = number < len(certain) or rng.random() >= _OUTPATIENT
        yield replace(ward_note(admission, kind, number), linked=linked)


def _addendum(rng: Random, admission: Admission) -> Document:
    """Write what came to mind after the discharge; it ends with a condition, and no full stop."""
    desk = Desk(rng, admission, Plan(), language(), Distractors(rng, admission, ()), brief=True, richness=1.0)
    out = Writer()
    out.add(f"{BANNER}\nAddendum:\n")
    desk.say(out, "follow", 2)
    for problem in rng.sample(admission.problems, min(_NAMED_IN_ADDENDUM, len(admission.problems))):
        out.add("\nOf note: ")
        desk.name(out, problem)
    written = admission.discharged + timedelta(hours=1 + int(rng.random() * 200))
    # The hour of a discharge note is not known, but for a few.
    return Document(SUMMARY, ADDENDUM, out.text(), tuple(out.mentions), written, timed=rng.random() < 0.2)


def _filed(rng: Random, documents: Iterable[Document]) -> list[Document]:
    """Return the notes as they come into the file: an addendum before its report, or long after."""
    early: list[Document] = []
    usual: list[Document] = []
    for one in documents:
        if one.description != ADDENDUM:
            usual.append(one)
        elif rng.random() < _BEFORE_THE_REPORT:
            early.append(one)
        else:
            usual.append(replace(one, delay=int(rng.random() * _LATEST)))
    return early + usual
