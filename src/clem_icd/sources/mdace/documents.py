"""Documents made from annotated notes: per note, per admission, or only the evidence of each code."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from clem_icd.corpus import Evidence, Note
from clem_icd.icd import Code
from clem_icd.sources.mdace.annotations import CodeSpans, Span
from clem_icd.sources.mdace.clinical_notes import ClinicalNote
from clem_icd.sources.mdace.code_map import CodeMap

_SEPARATOR = " "


@dataclass(frozen=True, slots=True)
class Document:
    """A text with the codes that its coder assigned, and their spans.

    Attributes
    ----------
    codes
        The spans of every code: half-open, in characters of ``text``, all inside it. A code may have none.

    """

    note_id: str
    subject_id: str
    admission_id: str
    text: str
    codes: Mapping[Code, Sequence[Span]]

    def as_note(self, codes: CodeMap, merged: Counter[str]) -> Note:
        """Return the document as a note with mapped codes; codes that become equal share their spans."""
        spans: dict[Code, dict[Span, None]] = defaultdict(dict)
        for code, own in self.codes.items():
            spans[codes[code]].update(dict.fromkeys(own))
        merged["merged"] += len(self.codes) - len(spans)
        return Note(
            self.note_id,
            self.text,
            codes=tuple(spans),
            evidence=tuple(Evidence(code, *span) for code, own in spans.items() for span in own),
            subject_id=self.subject_id,
            admission_id=self.admission_id,
        )


def annotated(note: ClinicalNote, codes: CodeSpans, oddities: Counter[str]) -> Document:
    """Return a note with its annotations. Spans outside the text are left out and counted."""
    inside: dict[Code, list[Span]] = {}
    for code, spans in codes.items():
        inside[code] = [span for span in spans if _is_inside(span, len(note.text), oddities)]
        oddities["without spans"] += not inside[code]
    return Document(note.note_id, note.subject_id, note.admission_id, note.text, inside)


def _is_inside(span: Span, characters: int, oddities: Counter[str]) -> bool:
    begin, end = span
    if 0 <= begin < end <= characters:
        return True
    oddities["past the end" if end > characters else "empty"] += 1
    return False


def joined(documents: Sequence[Document]) -> Document:
    """Join the documents of one admission in the given order, with single blanks between them."""
    starts = accumulate((len(document.text) + len(_SEPARATOR) for document in documents), initial=0)
    codes: dict[Code, list[Span]] = defaultdict(list)
    for start, document in zip(starts, documents, strict=False):
        for code, spans in document.codes.items():
            codes[code] += [(start + begin, start + end) for begin, end in spans]
    return Document(
        "+".join(document.note_id for document in documents),
        documents[0].subject_id,
        documents[0].admission_id,
        _SEPARATOR.join(document.text for document in documents),
        codes,
    )


def by_admission(notes: Iterable[tuple[ClinicalNote, Document]]) -> Iterator[Document]:
    """Yield one document per admission, in the order in which admissions first appear."""
    groups: dict[str, list[tuple[ClinicalNote, Document]]] = defaultdict(list)
    for note, document in notes:
        groups[note.admission_id].append((note, document))
    for group in groups.values():
        yield joined([document for _, document in sorted(group, key=lambda pair: pair[0].order)])


def pieces(document: Document) -> Iterator[Document]:
    """Yield one document per code: its evidence in the order of annotation, with single blanks in between.

    A code without evidence yields no document.
    """
    number = 0
    for code, spans in document.codes.items():
        cut = [document.text[begin:end] for begin, end in spans]
        text = _SEPARATOR.join(cut)
        if not text.strip():
            continue
        number += 1
        starts = accumulate((len(piece) + len(_SEPARATOR) for piece in cut), initial=0)
        own = [(start, start + len(piece)) for start, piece in zip(starts, cut, strict=False)]
        yield Document(
            f"{document.note_id}-{number}", document.subject_id, document.admission_id, text, {code: own}
        )
