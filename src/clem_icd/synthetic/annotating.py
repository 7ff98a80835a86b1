"""MDACE annotations of a chart: which admissions and notes are annotated, and which spans are marked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from random import Random

from clem_icd.icd import Code, CodeSystem, is_well_formed
from clem_icd.synthetic.chart import SUMMARY, Chart, Document

__all__ = ["SETTINGS", "AnnotatedNote", "Span", "annotate", "settings_of"]

# Every chart annotated in a setting has a note of each of these categories.
SETTINGS = {"Inpatient": ("Physician ",), "Profee": ("Radiology", "Physician ", "ECG")}

_EVERY = 6  # one admission in six is annotated
_PROFEE_EVERY = 3  # one annotated admission in three is also annotated for professional fees
_MARKED = 0.8  # share of the evidence spans that are marked
_MOST_VARIANTS = 4  # two codes in two variants each
_MOST_OTHERS = 2  # annotated notes other than discharge summaries, in the setting Inpatient
_CPT = {"ECG": "93010", "Radiology": "71045", "Physician ": "99232", "Echo": "93306", "Respiratory ": "94003"}


@dataclass(frozen=True, slots=True)
class Span:
    """A marked span with its code in ICD-9 and in ICD-10 (twice the same code in CPT)."""

    begin: int
    end: int
    icd9: Code
    icd10: Code


@dataclass(frozen=True, slots=True)
class AnnotatedNote:
    """An annotated note, by its number."""

    note_id: int
    document: Document
    spans: tuple[Span, ...]


def settings_of(ordinal: int) -> frozenset[str]:
    """Return the settings in which an admission is annotated: usually none."""
    at, rest = divmod(ordinal, _EVERY)
    if rest:
        return frozenset()
    return frozenset(SETTINGS if at % _PROFEE_EVERY == 0 else ("Inpatient",))


def annotate(chart: Chart, note_ids: Iterable[int], setting: str, number: int) -> list[AnnotatedNote]:
    """Return the annotated notes of a chart in a setting, with one of the oddities of the real files.

    Parameters
    ----------
    note_ids
        Ids of the documents, in order.
    number
        Number of admissions annotated before in the setting; it selects the oddity.

    """
    rng = Random(f"{chart.admission.seed}/{setting}")
    notes = [
        AnnotatedNote(note_id, document, spans)
        for note_id, document in zip(note_ids, chart.documents, strict=True)
        if (spans := _mark(rng, chart, document, setting))
    ]
    chosen = _limit_other_notes(notes) if setting == "Inpatient" else notes
    return _ODDITIES[number % len(_ODDITIES)](chosen, rng) if chosen else []


def _mark(rng: Random, chart: Chart, document: Document, setting: str) -> tuple[Span, ...]:
    """Return the marked spans of one note: most of its evidence."""
    if not document.linked or not document.text:
        return ()
    concepts = {problem.code: problem.concept for problem in chart.admission.problems}
    icd10 = {code: Code(concept.code, concept.system) for code, concept in concepts.items()}
    spans = [
        Span(mention.begin, mention.end, mention.code, icd10[mention.code])
        for mention in document.evidence
        if rng.random() < _MARKED
    ]
    return tuple(spans if setting == "Inpatient" else _professional_spans(document, spans))


def _limit_other_notes(notes: list[AnnotatedNote]) -> list[AnnotatedNote]:
    """Return the discharge summaries and the first few other notes."""
    others = [note for note in notes if note.document.category != SUMMARY][:_MOST_OTHERS]
    return [note for note in notes if note.document.category == SUMMARY or note in others]


def _professional_spans(document: Document, spans: Sequence[Span]) -> list[Span]:
    """Return the diagnoses, and the billed service marked at the title of the note."""
    diagnoses = [span for span in spans if span.icd10.system is CodeSystem.ICD10CM]
    cpt = _CPT.get(document.category)
    if cpt is None:
        return diagnoses
    begin = document.text.index("\n") + 1
    end = begin + len(document.text[begin:].split("\n", 1)[0].rstrip())
    service = Code(cpt, CodeSystem.CPT)
    return [Span(begin, end, service, service), *diagnoses]


def _plain(notes: list[AnnotatedNote], _: Random) -> list[AnnotatedNote]:
    return notes


def _stray_version(notes: list[AnnotatedNote], _: Random) -> list[AnnotatedNote]:
    """Leave one diagnosis in ICD-9 in the ICD-10 file."""

    def with_stray(spans: list[Span]) -> list[Span]:
        at = next((at for at, span in enumerate(spans) if span.icd9.system is CodeSystem.ICD9CM), 0)
        return [*spans[:at], replace(spans[at], icd10=spans[at].icd9), *spans[at + 1 :]]

    return _with_first(notes, with_stray)


def _duplicate(notes: list[AnnotatedNote], _: Random) -> list[AnnotatedNote]:
    return _with_first(notes, lambda spans: [*spans, spans[-1]])


def _nothing_marked(notes: list[AnnotatedNote], _: Random) -> list[AnnotatedNote]:
    """Leave the last note without annotations."""
    return [*notes[:-1], replace(notes[-1], spans=())]


def _unknown_note(notes: list[AnnotatedNote], rng: Random) -> list[AnnotatedNote]:
    """Add a note that does not exist in the hospital's files."""
    return [*notes, replace(notes[0], note_id=1 + int(rng.random() * 1000))]


def _past_the_end(notes: list[AnnotatedNote], _: Random) -> list[AnnotatedNote]:
    end = len(notes[0].document.text) + 5
    return _with_first(notes, lambda spans: [*spans[:-1], replace(spans[-1], end=end)])


def _collapsing(notes: list[AnnotatedNote], _: Random) -> list[AnnotatedNote]:
    """Mark codes again in two variants, one digit longer, that no other file has."""

    def with_variants(spans: list[Span]) -> list[Span]:
        variants = [variant for span in spans for digit in "12" if (variant := _longer(span, digit))]
        return [*spans, *variants[:_MOST_VARIANTS]]

    return _with_first(notes, with_variants)


def _unsorted(notes: list[AnnotatedNote], _: Random) -> list[AnnotatedNote]:
    return _with_first(notes, lambda spans: spans[::-1])


_ODDITIES: tuple[Callable[[list[AnnotatedNote], Random], list[AnnotatedNote]], ...] = (
    _plain,
    _stray_version,
    _duplicate,
    _nothing_marked,
    _unknown_note,
    _past_the_end,
    _collapsing,
    _unsorted,
)


def _with_first(
    notes: list[AnnotatedNote], change: Callable[[list[Span]], list[Span]]
) -> list[AnnotatedNote]:
    first, *others = notes
    return [replace(first, spans=tuple(change(list(first.spans)))), *others]


def _longer(span: Span, digit: str) -> Span | None:
    icd9, icd10 = (
        Code(f"{code.value}{'' if '.' in code.value else '.'}{digit}", code.system)
        for code in (span.icd9, span.icd10)
    )
    valid = is_well_formed(icd9.value, icd9.system) and is_well_formed(icd10.value, icd10.system)
    return replace(span, icd9=icd9, icd10=icd10) if valid else None
