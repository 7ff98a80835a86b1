"""Evidence files in the format of CodiEsp's Explainable track (Miranda-Escalada et al. 2020).

A row has the note, ``DIAGNOSTICO`` or ``PROCEDIMIENTO``, the code in lower case, the text of the span, and
its begin and end, separated by tabs. There is no header.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from clem_icd.corpus import Corpus, Evidence
from clem_icd.errors import CodeError, ScoresError, SourceError
from clem_icd.evidence.exported import exported_notes
from clem_icd.files import check_free, write_text
from clem_icd.icd import Code, CodeSystem
from clem_icd.sources.codiesp.release import SPAN_KINDS, parse_position, read_span_rows

__all__ = ["export_codiesp", "read_codiesp"]

_REMEDY = "See docs/reference/formats.md for the columns of an evidence file of CodiEsp"
_KIND_OF = {system: kind for kind, system in SPAN_KINDS.items()}


def read_codiesp(path: Path) -> dict[str, list[Evidence]]:
    """Read an evidence file of CodiEsp, and return the spans of each note in file order.

    The parts of a discontinuous span become spans of their own; empty ones are left out.

    Raises
    ------
    ScoresError
        If the file is missing or malformed.

    """
    by_note: dict[str, list[Evidence]] = defaultdict(list)
    try:
        for row, note_id, system, text, _, position in read_span_rows(path):
            code = _code(text, system, path, row)
            parts = parse_position(position, path, row)
            by_note[note_id] += [Evidence(code, begin, end) for begin, end in parts if begin < end]
    except SourceError as problem:
        raise ScoresError(problem.found, path=path, row=problem.row, remedy=_REMEDY) from None
    return dict(by_note)


def _code(text: str, system: CodeSystem, path: Path, row: int) -> Code:
    try:
        return Code.parse(text, system)
    except CodeError:
        # Without the value: where columns are swapped, it is a word of a note.
        raise ScoresError("has a malformed code", path=path, row=row, remedy=_REMEDY) from None


def export_codiesp(
    predicted: Mapping[str, Sequence[Evidence]], corpus: Corpus, out: Path, *, force: bool = False
) -> int:
    """Write evidence as one file of CodiEsp, with the text of each span.

    Parameters
    ----------
    predicted
        Spans by note id.
    corpus
        The notes.
    out
        The output file.

    Returns
    -------
    int
        The number of spans written. Those of notes outside the corpus are left out.

    Raises
    ------
    ScoresError
        If a code is of another system than ICD-10-CM and ICD-10-PCS, a span is empty or outside its text, or
        the evidence belongs to another corpus.
    OutputError
        If ``out`` is occupied and ``force`` is false, or the disk is full.

    """
    check_free(out, force=force)
    lines = []
    for note, spans in exported_notes(predicted, corpus):
        for span in spans:
            if span.code.system not in _KIND_OF:
                raise ScoresError(
                    f"found a code of {span.code.system.title}, expected ICD-10-CM or ICD-10-PCS",
                    remedy="Write these codes with --format mdace",
                )
            # A row is one line, and a tab ends a field.
            reference = " ".join(note.text[span.begin : span.end].split())
            kind, code = _KIND_OF[span.code.system], span.code.value.lower()
            lines.append("\t".join((note.note_id, kind, code, reference, f"{span.begin} {span.end}")))
    write_text(out, "".join(f"{line}\n" for line in lines))
    return len(lines)
