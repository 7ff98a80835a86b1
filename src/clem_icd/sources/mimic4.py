"""MIMIC-IV's discharge summaries with their ICD-10 codes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from clem_icd.corpus import SPLITS, Corpus, CorpusWriter, Note, corpus_writer, split_by_subject
from clem_icd.corpus.table import write_notes
from clem_icd.errors import SourceError
from clem_icd.icd import Code, Codebook, default_codebook, read_titles
from clem_icd.sources.evidence import EvidenceFile
from clem_icd.sources.inputs import check_out, check_raw, counted, input_file, synthetic_notice, tell
from clem_icd.sources.mimic4_codes import AdmissionCodes, read_codes
from clem_icd.sources.mimic4_files import Mimic4Files
from clem_icd.sources.mimic4_notes import Selection, select_notes
from clem_icd.sources.splits import read_split, split_file
from clem_icd.sources.staging import staged_notes

SPLIT_FILE = "mimiciv_icd10_split.feather"

_OWN_SPLIT = (
    "The split was drawn here, by subject: scores on it are not comparable with scores on the published split"
)


@dataclass(frozen=True, slots=True)
class _Rules:
    """Which codes stay, and how a split is drawn."""

    min_count: int
    validation: float
    test: float
    seed: int


def prepare_mimic4_icd10(
    raw: Path,
    out: Path,
    *,
    splits: Path | None = None,
    evidence: Path | None = None,
    min_count: int = 10,
    validation: float = 0.1,
    test: float = 0.15,
    seed: int = 10,
    force: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Corpus:
    """Make a corpus of MIMIC-IV's discharge summaries and ICD-10 codes, as Edin et al. (2024) do.

    An admission is in if it has a discharge summary and an ICD-10 code, diagnosis or procedure.
    Codes in fewer than ``min_count`` notes of all splits are left out, and so are notes that then
    have none. For that count, every distinct text of an admission is a note; then one note of an
    admission is kept, the first in the file. The text is raw.

    The published procedure differs in two things: it keeps an arbitrary note of an admission, and
    it joins diagnoses and procedures of both versions where an admission mixes them, which lets
    ICD-9 codes in and counts some codes several times.

    The notes are streamed: memory holds ids, digests and codes, and never the texts.

    Parameters
    ----------
    raw
        The folder that PhysioNet's download made, any release of MIMIC-IV.
    out
        The corpus folder to make.
    splits
        A split file, or a folder with ``mimiciv_icd10_split.feather``. Without one, the split is
        drawn by subject.
    evidence
        A parquet file with the columns ``note_id, code, system, begin, end``.
    min_count
        The fewest notes that a code must be in.
    validation, test, seed
        Shares of the notes, and the seed, of a split that is drawn.
    force
        Replace what lies at ``out``.
    progress
        Called with the number of notes read since the last call.

    Raises
    ------
    SourceError
        If a raw file is missing or malformed.
    CorpusError
        If no note is left for a split.
    OutputError
        If ``out`` is occupied and ``force`` is false, or the disk is full.

    """
    check_raw(raw)
    check_out(out, raw, force=force)
    if min_count < 1:
        raise SourceError(f"a code cannot have fewer than {min_count} notes", remedy="Ask for at least 1")
    rules = _Rules(min_count, validation, test, seed)
    files = Mimic4Files.find(raw)
    split_path = split_file(splits, SPLIT_FILE) if splits else None
    given = read_split(split_path) if split_path else None
    spans = EvidenceFile(evidence) if evidence else None
    synthetic = synthetic_notice([raw, *files.roots()])
    notices = [synthetic] if synthetic else []
    with (
        corpus_writer(
            out,
            name="mimic4-icd10",
            source="mimic4-icd10",
            options={
                **asdict(rules),
                "splits": split_path.name if split_path else None,
                "evidence": evidence.name if evidence else None,
            },
            inputs=[input_file(path, raw) for path in (*files.all(), split_path, evidence) if path],
            codebook=_codebook(files),
            synthetic=synthetic is not None,
            notices=notices,
            force=force,
        ) as writer,
        # Where the output is made: a system's own temporary folder is often too small for a hospital's notes.
        TemporaryDirectory(prefix=".partial-", dir=writer.folder) as staging,
    ):
        notices += _fill(writer, files, Path(staging) / "notes.parquet", given, spans, rules, progress)
    return Corpus.open(out)


def _fill(
    writer: CorpusWriter,
    files: Mimic4Files,
    staged: Path,
    given: Mapping[str, str] | None,
    spans: EvidenceFile | None,
    rules: _Rules,
    progress: Callable[[int], None] | None,
) -> list[str]:
    """Write every split, and return what a reader of the corpus has to know."""
    admissions = read_codes(files)
    selection = _stage(files.discharge, staged, admissions, given, progress)
    codes, filtered = _frequent_codes(admissions, selection, rules.min_count)
    notices = [*admissions.notices(), *_unnoted(admissions, selection), *selection.notices(), *filtered]
    if given is None:
        subjects = {admission: selection.subjects[admission] for admission in codes}
        split_of: Mapping[str, str] = _drawn_split(subjects, rules)
        notices.append(_OWN_SPLIT)
    else:
        split_of = given
        notices += _absent(given, selection)
    for split in sorted(set(split_of.values()), key=SPLITS.index):
        writer.write(split, _notes(split, staged, codes, split_of, spans))
    return [*notices, *spans.notices()] if spans else notices


def _unnoted(admissions: AdmissionCodes, selection: Selection) -> list[str]:
    words = "admission with ICD-10 codes has", "admissions with ICD-10 codes have"
    count = len(admissions.codes.keys() - selection.noted)
    return [counted(count, *words) + " no discharge summary, as is common in MIMIC-IV"] if count else []


def _stage(
    path: Path,
    staged: Path,
    admissions: AdmissionCodes,
    given: Mapping[str, str] | None,
    progress: Callable[[int], None] | None,
) -> Selection:
    selection = Selection()
    wanted = select_notes(path, selection, coded=admissions.codes, in_split=given, progress=progress)
    write_notes(staged, wanted)
    if not selection.subjects:
        raise SourceError(
            "has no note of an admission with ICD-10 codes",
            path=path,
            remedy="Check that the note, code and split files belong together",
        )
    return selection


def _codebook(files: Mimic4Files) -> Codebook:
    codebook = default_codebook()
    for path in files.titles:
        codebook = codebook.extended(read_titles(path))
    return codebook


def _frequent_codes(
    admissions: AdmissionCodes, selection: Selection, min_count: int
) -> tuple[dict[str, tuple[Code, ...]], list[str]]:
    """Return the codes of every admission that keeps some, and sentences about what is left out."""
    counts: Counter[Code] = Counter()
    for admission, texts in selection.texts.items():
        for code in admissions.codes[admission]:
            counts[code] += texts
    kept = {
        admission: tuple(code for code in admissions.codes[admission] if counts[code] >= min_count)
        for admission in selection.subjects
    }
    words = {
        "rare": (
            f"code is in fewer than {min_count} notes and was left out",
            f"codes are in fewer than {min_count} notes and were left out",
        ),
        "bare": ("note then had no code and was left out", "notes then had no code and were left out"),
    }
    left_out = {
        "rare": sum(count < min_count for count in counts.values()),
        "bare": sum(not codes for codes in kept.values()),
    }
    return {admission: codes for admission, codes in kept.items() if codes}, tell(left_out, words)


def _drawn_split(subjects: Mapping[str, str], rules: _Rules) -> dict[str, str]:
    """Return the split of every admission, all admissions of a subject in one."""
    by_subject = split_by_subject(
        list(subjects.values()), validation=rules.validation, test=rules.test, seed=rules.seed
    )
    return {admission: by_subject[subject] for admission, subject in subjects.items()}


def _absent(given: Mapping[str, str], selection: Selection) -> list[str]:
    absent = len(given.keys() - selection.subjects.keys())
    if not absent:
        return []
    words = "admission of the split file has", "admissions of the split file have"
    return [counted(absent, *words) + " no discharge summary with ICD-10 codes here"]


def _notes(
    split: str,
    staged: Path,
    codes: Mapping[str, tuple[Code, ...]],
    split_of: Mapping[str, str],
    spans: EvidenceFile | None,
) -> Iterator[Note]:
    for note in staged_notes(staged):
        admission = str(note.admission_id)
        own = codes.get(admission)
        if own is None or split_of[admission] != split:
            continue
        yield replace(note, codes=own, evidence=spans.of(note.note_id, note.text, own) if spans else ())
