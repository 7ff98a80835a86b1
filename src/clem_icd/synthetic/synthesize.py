"""Writing a synthetic hospital as raw files."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from clem_icd.errors import InputError
from clem_icd.files import new_folder
from clem_icd.icd import Code
from clem_icd.synthetic.chart import Chart
from clem_icd.synthetic.hospital import admissions as admissions_of
from clem_icd.synthetic.layouts import LAYOUTS, Layout
from clem_icd.synthetic.notice import NOTICE, write_notice
from clem_icd.synthetic.numbering import Register, read_numbers
from clem_icd.synthetic.rows import EvidenceFile
from clem_icd.synthetic.summaries import USUAL_WORDS

__all__ = ["OTHER_NOTES", "SynthesisSummary", "synthesize"]

OTHER_NOTES = 2.0  # per admission, by default

_MOST_ADMISSIONS = 5_000_000
_SHORTEST, _LONGEST = 60, 20_000  # words
_MOST_OTHER_NOTES = 1_000
_PROGRESS_EVERY = 50


@dataclass(frozen=True, slots=True)
class SynthesisSummary:
    """Counts of the generated data.

    Attributes
    ----------
    notes
        Number of notes of any kind.
    codes
        Number of assigned codes, summed over admissions; a code listed twice in an admission counts once.
    distinct_codes
        Number of different codes.
    evidence
        Number of evidence spans.
    notice
        Nature and limits of the data.

    """

    path: Path
    layout: str
    admissions: int
    subjects: int
    seed: int
    words: int
    notes: int
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
    words: int = USUAL_WORDS,
    other_notes: float | None = None,
    ids_from: Path | None = None,
    force: bool = False,
    progress: Callable[[int], None] | None = None,
) -> SynthesisSummary:
    """Generate admissions, notes, codes and evidence, and write them as raw files.

    The same arguments give the same bytes; a larger ``admissions`` continues the same hospital.

    Parameters
    ----------
    out
        Output folder: raw files in the official layout, with ``SYNTHETIC.json``, ``README.md`` and
        ``evidence.parquet`` at the root.
    layout
        One of ``LAYOUTS``.
    admissions
        Number of stays, each with one discharge summary except for deliberate mishaps.
    seed
        Seed of the hospital.
    words
        Median length of a discharge summary. Summaries below 380 words have a brief format.
    other_notes
        Mean number of other notes per admission, in layouts that have them: 2 if None.
    ids_from
        A split file, or the folder of published split files, to take admission numbers from.
    force
        Replace existing output.
    progress
        Called with the number of admissions written since its last call.

    Raises
    ------
    InputError
        If an argument is out of range, the layout is unknown, or a split file is missing, malformed, or has
        fewer numbers than ``admissions``.
    OutputError
        If ``out`` is occupied and ``force`` is false, or cannot be written.

    """
    chosen = _check(layout, admissions, words, other_notes)
    numbered = _register(ids_from, layout, admissions, seed)
    mean = OTHER_NOTES if other_notes is None else other_notes
    with new_folder(out, force=force) as folder:
        stays = admissions_of(admissions, seed, words, icd9_share=chosen.icd9_share)
        charts = (numbered(chosen.chart(stay, mean)) for stay in stays)
        counts = _fill(folder, chosen, charts, progress or (lambda _: None))
        write_notice(
            folder,
            layout=layout,
            admissions=admissions,
            seed=seed,
            words=words,
            numbered=ids_from is not None,
        )
    return SynthesisSummary(
        path=out,
        layout=layout,
        admissions=counts.admissions,
        subjects=len(counts.subjects),
        seed=seed,
        words=words,
        notes=counts.notes,
        codes=counts.codes,
        distinct_codes=len(counts.distinct),
        evidence=counts.evidence,
    )


@dataclass(slots=True)
class _Counts:
    admissions: int = 0
    notes: int = 0
    codes: int = 0
    evidence: int = 0
    subjects: set[int] = field(default_factory=set)
    distinct: set[Code] = field(default_factory=set)

    def add(self, chart: Chart) -> None:
        self.admissions += 1
        self.notes += len(chart.documents)
        self.codes += len(chart.codes)
        self.evidence += sum(len(document.evidence) for document in chart.documents)
        self.subjects.add(chart.admission.subject_id)
        self.distinct |= chart.codes


def _fill(folder: Path, layout: Layout, charts: Iterable[Chart], progress: Callable[[int], None]) -> _Counts:
    counts = _Counts()
    with layout.tree(folder) as tree, EvidenceFile(folder / "evidence.parquet") as evidence:
        for chart in charts:
            for note_id, spans in tree.add(chart):
                evidence.add(note_id, spans)
            counts.add(chart)
            if counts.admissions % _PROGRESS_EVERY == 0:
                progress(_PROGRESS_EVERY)
        tree.finish()
    if left := counts.admissions % _PROGRESS_EVERY:
        progress(left)
    return counts


def _register(ids_from: Path | None, layout: str, admissions: int, seed: int) -> Callable[[Chart], Chart]:
    """Return the function that numbers the admission of a chart."""
    if ids_from is None:
        return lambda chart: chart
    numbers = read_numbers(ids_from, layout)
    return Register(numbers, admissions=admissions, seed=seed, path=ids_from).number


def _check(layout: str, admissions: int, words: int, other_notes: float | None) -> Layout:
    chosen = LAYOUTS.get(layout)
    if chosen is None:
        known = ", ".join(sorted(LAYOUTS))
        raise InputError(f"unknown layout {layout!r}", remedy=f"Choose one of {known}")
    if not 1 <= admissions <= _MOST_ADMISSIONS:
        raise InputError(
            f"{admissions} admissions requested", remedy=f"Request 1 to {_MOST_ADMISSIONS:,} admissions"
        )
    if not _SHORTEST <= words <= _LONGEST:
        raise InputError(
            f"discharge summaries of {words} words requested",
            remedy=f"Request {_SHORTEST} to {_LONGEST:,} words",
        )
    if other_notes is not None:
        _check_other_notes(layout, chosen, other_notes)
    return chosen


def _check_other_notes(layout: str, chosen: Layout, other_notes: float) -> None:
    if not chosen.other_notes:
        raise InputError(
            f"the layout {layout} has only discharge summaries", remedy="Leave out --other-notes"
        )
    if not 0 <= other_notes <= _MOST_OTHER_NOTES:
        raise InputError(
            f"{other_notes:g} other notes per admission requested",
            remedy=f"Request 0 to {_MOST_OTHER_NOTES:,}",
        )
