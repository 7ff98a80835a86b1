"""The first pass over MIMIC-IV's discharge summaries: which notes are wanted, and their texts on the disk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

from clem_icd.corpus import Note
from clem_icd.errors import SourceError
from clem_icd.sources.delimited import read_rows
from clem_icd.sources.inputs import tell
from clem_icd.sources.refusals import check_admission

_COLUMNS = ["note_id", "subject_id", "hadm_id", "text"]
_PROGRESS_EVERY = 500

_LEFT_OUT = {
    "no admission": ("note has no hadm_id and was left out", "notes have no hadm_id and were left out"),
    "empty": ("note has no text and was left out", "notes have no text and were left out"),
    "no codes": ("note has no ICD-10 codes and was left out", "notes have no ICD-10 codes and were left out"),
    "not in the split": (
        "note is not in the split file and was left out",
        "notes are not in the split file and were left out",
    ),
    "repeated": (
        "note repeats an earlier one of its admission and was left out",
        "notes repeat an earlier one of their admission and were left out",
    ),
    "second": (
        "note is not the first one of its admission and was left out",
        "notes are not the first one of their admission and were left out",
    ),
}


@dataclass
class Selection:
    """What the first pass found.

    Attributes
    ----------
    subjects
        The subject of every admission that has a note, in file order.
    texts
        The number of distinct texts of every such admission.
    noted
        The admissions that have a row in the file.
    left_out
        The number of notes left out, by reason.

    """

    subjects: dict[str, str] = field(default_factory=dict)
    texts: Counter[str] = field(default_factory=Counter)
    noted: set[str] = field(default_factory=set)
    left_out: Counter[str] = field(default_factory=Counter)

    def notices(self) -> list[str]:
        """Say what was left out, in sentences with counts."""
        return tell(self.left_out, _LEFT_OUT)


def select_notes(
    path: Path,
    selection: Selection,
    *,
    coded: Container[str],
    in_split: Container[str] | None,
    progress: Callable[[int], None] | None,
) -> Iterator[Note]:
    """Yield the first note of every wanted admission, in one pass.

    Parameters
    ----------
    path
        The note file.
    selection
        Takes down what is yielded and what is left out.
    coded, in_split
        The admissions that have codes, and those of the split file if there is one.
    progress
        Called with the number of rows read since the last call.

    Raises
    ------
    SourceError
        If the file is malformed, a note has no id, no subject or an id that was there before, or an
        admission is no number.

    """
    ids: set[str] = set()
    seen: set[bytes] = set()
    row = 0
    for row, (note_id, subject, admission, text) in read_rows(path, _COLUMNS):
        if progress and row % _PROGRESS_EVERY == 0:
            progress(_PROGRESS_EVERY)
        _check_row(path, row, note_id, subject, admission, ids)
        selection.noted.add(admission)
        reason = _reason_to_leave_out(admission, text, coded, in_split, seen)
        if reason is None:
            selection.texts[admission] += 1
            reason = "second" if admission in selection.subjects else None
        if reason is None:
            selection.subjects[admission] = subject
            yield Note(note_id, text, codes=(), subject_id=subject, admission_id=admission)
        else:
            selection.left_out[reason] += 1
    if progress and row % _PROGRESS_EVERY:
        progress(row % _PROGRESS_EVERY)


def _check_row(path: Path, row: int, note_id: str, subject: str, admission: str, ids: set[str]) -> None:
    if not note_id or not subject:
        raise SourceError(f"has no {'subject_id' if note_id else 'note_id'}", path=path, row=row)
    if note_id in ids:
        raise SourceError(
            "has a note_id that an earlier row has", path=path, row=row, remedy="Ids must be unique"
        )
    ids.add(note_id)
    check_admission(admission, path, row)


def _reason_to_leave_out(
    admission: str, text: str, coded: Container[str], in_split: Container[str] | None, seen: set[bytes]
) -> str | None:
    if not admission:
        return "no admission"
    if not text.strip():
        return "empty"
    if admission not in coded:
        return "no codes"
    if in_split is not None and admission not in in_split:
        return "not in the split"
    # The digest stands for the text, which does not stay in memory.
    digest = blake2b(f"{admission}\n{text}".encode(), digest_size=16).digest()
    if digest in seen:
        return "repeated"
    seen.add(digest)
    return None
