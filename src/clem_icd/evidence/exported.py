"""The spans that an export writes, checked against the notes of a corpus."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from clem_icd.corpus import Corpus, Evidence, Note
from clem_icd.errors import ScoresError
from clem_icd.evidence.outside import notes_outside

__all__ = ["exported_notes"]

_REMEDY = "Choose the corpus that the evidence was predicted for"


def exported_notes(
    predicted: Mapping[str, Sequence[Evidence]], corpus: Corpus
) -> Iterator[tuple[Note, Sequence[Evidence]]]:
    """Yield every note of a corpus that has predicted spans, with them.

    Raises
    ------
    ScoresError
        If a span is empty or outside its text, or the evidence belongs to another corpus.

    """
    notes_outside(corpus, predicted)
    for split in corpus.splits:
        for note in corpus.notes(split):
            spans = predicted.get(note.note_id, ())
            for span in spans:
                if not 0 <= span.begin < span.end <= len(note.text):
                    raise ScoresError(
                        f"note {note.note_id} has evidence at {span.begin}:{span.end}, expected "
                        f"0 <= begin < end <= {len(note.text)}, the number of its characters",
                        remedy=_REMEDY,
                    )
            if spans:
                yield note, spans
