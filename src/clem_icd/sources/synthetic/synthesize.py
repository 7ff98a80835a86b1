"""Raw files of a hospital that does not exist."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from clem_icd.errors import InputError
from clem_icd.files import new_folder
from clem_icd.icd import Code
from clem_icd.sources.synthetic.hospital import Admission
from clem_icd.sources.synthetic.hospital import admissions as admissions_of
from clem_icd.sources.synthetic.mimic4 import Mimic4Layout
from clem_icd.sources.synthetic.note import Note, write_note
from clem_icd.sources.synthetic.notice import NOTICE, write_notice
from clem_icd.sources.synthetic.rows import EvidenceFile

__all__ = ["LAYOUTS", "SynthesisSummary", "synthesize"]

LAYOUTS = {"mimic4": Mimic4Layout}

_MOST_ADMISSIONS = 5_000_000
_SHORTEST, _LONGEST = 60, 20_000  # words
_PROGRESS_EVERY = 50


@dataclass(frozen=True, slots=True)
class SynthesisSummary:
    """What was generated.

    Attributes
    ----------
    codes
        How many codes were assigned, over all admissions.
    distinct_codes
        How many different ones.
    evidence
        How many stretches of text show a code.
    notice
        What the data are, and what they cannot show.

    """

    path: Path
    layout: str
    admissions: int
    subjects: int
    seed: int
    words: int
    codes: int
    distinct_codes: int
    evidence: int
    notice: str = NOTICE


def synthesize(
    out: Path,
    *,
    layout: str = "mimic4",
    admissions: int,
    seed: int,
    words: int = 1400,
    force: bool = False,
    progress: Callable[[int], None] | None = None,
) -> SynthesisSummary:
    """Generate admissions, notes, codes and evidence, and write them as raw files.

    The same arguments give the same bytes, and a larger ``admissions`` continues the same hospital.

    Parameters
    ----------
    out
        The folder to make: an official raw tree, with ``SYNTHETIC.json``, ``README.md`` and
        ``evidence.parquet`` at its root.
    layout
        Whose files it looks like: one of ``LAYOUTS``.
    admissions
        How many stays, each with one note.
    seed
        Which hospital.
    words
        Median length of a note. Below 380 words a note is a ward's short summary.
    force
        Replace what is at ``out``.
    progress
        Called with the number of admissions done since its last call.

    Raises
    ------
    InputError
        If an argument is out of its range, or there is no such layout.
    OutputError
        If ``out`` is occupied and ``force`` is false, or cannot be written.

    """
    _check(layout, admissions, words)
    with new_folder(out, force=force) as folder:
        stays = admissions_of(admissions, seed, words)
        counts = _fill(folder, layout, stays, progress or (lambda _: None))
        write_notice(folder, layout=layout, admissions=admissions, seed=seed, words=words)
    return SynthesisSummary(
        path=out,
        layout=layout,
        admissions=counts.admissions,
        subjects=counts.subjects,
        seed=seed,
        words=words,
        codes=counts.codes,
        distinct_codes=len(counts.distinct),
        evidence=counts.evidence,
    )


@dataclass(slots=True)
class _Counts:
    admissions: int = 0
    subjects: int = 0
    codes: int = 0
    evidence: int = 0
    distinct: set[Code] = field(default_factory=set)

    def add(self, admission: Admission, note: Note, *, first: bool) -> None:
        self.admissions += 1
        self.subjects += first
        self.codes += len(admission.problems)
        self.evidence += len(note.evidence)
        self.distinct.update(problem.code for problem in admission.problems)


def _fill(folder: Path, layout: str, stays: Iterable[Admission], progress: Callable[[int], None]) -> _Counts:
    counts = _Counts()
    subject_id, number = 0, 0
    with LAYOUTS[layout](folder) as tree, EvidenceFile(folder / "evidence.parquet") as evidence:
        for admission in stays:
            note = write_note(admission)
            number = number + 1 if admission.subject_id == subject_id else 1
            subject_id = admission.subject_id
            evidence.add(tree.add(admission, note, number), note.evidence)
            counts.add(admission, note, first=number == 1)
            if counts.admissions % _PROGRESS_EVERY == 0:
                progress(_PROGRESS_EVERY)
        tree.finish()
    if left := counts.admissions % _PROGRESS_EVERY:
        progress(left)
    return counts


def _check(layout: str, admissions: int, words: int) -> None:
    if layout not in LAYOUTS:
        known = ", ".join(sorted(LAYOUTS))
        raise InputError(f"there is no layout {layout!r}", remedy=f"Choose one of {known}")
    if not 1 <= admissions <= _MOST_ADMISSIONS:
        raise InputError(
            f"{admissions} admissions were asked for", remedy=f"Ask for 1 to {_MOST_ADMISSIONS:,}"
        )
    if not _SHORTEST <= words <= _LONGEST:
        raise InputError(
            f"notes of {words} words were asked for", remedy=f"Ask for {_SHORTEST} to {_LONGEST:,} words"
        )
