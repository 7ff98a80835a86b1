"""Making a corpus of a hospital's own table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

from clem_icd.corpus import SPLITS, Corpus, Note, corpus_writer, split_by_subject
from clem_icd.corpus.notes_table import read_notes, write_notes
from clem_icd.errors import SourceError
from clem_icd.files import TEMPORARY_PREFIX
from clem_icd.icd import Code, CodeSystem, default_codebook, read_titles
from clem_icd.sources.raw_files import check_choice, check_out, input_file
from clem_icd.sources.table.columns import Columns
from clem_icd.sources.table.odd_codes import code_notices, dropped_notice, marks_notice
from clem_icd.sources.table.oddities import Oddities, ids_notice
from clem_icd.sources.table.rows import Rows
from clem_icd.tabular.codes import CodeReader, UnknownCodes
from clem_icd.texts import Wrapped

_BY_NOTE = (
    "No subject column was named: the split was drawn by note, so a subject may be in more than one split"
)


def prepare_table(
    raw: Path,
    out: Path,
    *,
    text: str = "text",
    note_id: str = "note_id",
    subject_id: str | None = None,
    admission_id: str | None = None,
    codes: str | Sequence[str] = "codes",
    system: CodeSystem | None = None,
    system_column: str | None = None,
    delimiter: str | None = None,
    merge_rows: bool = False,
    unknown_codes: UnknownCodes = "keep",
    wrapped: Wrapped = "convert",
    split: str | None = None,
    evidence: str | None = None,
    titles: Path | None = None,
    validation: float = 0.1,
    test: float = 0.15,
    seed: int = 10,
    encoding: str = "utf-8",
    force: bool = False,
) -> Corpus:
    """Make a corpus from a table with one note per record, or with several records per note.

    Parameters
    ----------
    raw
        The table: csv, tsv or jsonl, each gzipped or not, or parquet.
    out
        The corpus folder.
    text, note_id, subject_id, admission_id, codes, system_column, split, evidence
        The names of the columns. Codes are a list, or text with a delimiter between them; there may be
        several columns of codes, and a name may be a pattern such as ``dx*``. Evidence is a list of
        ``{"code", "begin", "end"}``, or that list as json. A split is train, validation (or val, dev) or
        test.
    system
        The code system, unless ``system_column`` or the codes themselves (``icd10cm:E11.9``) name it. Where
        that column holds a revision of ICD (9 or 10), it says whether the codes are diagnoses or procedures.
    delimiter
        Separates the codes in a text. By default semicolons, bars, tabs and line ends do, and commas and
        blanks where they cannot mean anything else.
    merge_rows
        Read several rows with the same note id as one note with the codes of all.
    unknown_codes
        Keep, drop or refuse codes that do not exist in their system.
    wrapped
        Convert, keep or refuse notes that are HTML, HL7, base64 and the like.
    titles
        A file of code titles, which take precedence over the packaged ones.
    validation, test, seed
        The shares of the notes and the seed for drawing a split by subject, where no column holds it.
    encoding
        The encoding of a text file.
    force
        Replace the contents of ``out``.

    Raises
    ------
    SourceError
        If the table or a column is missing, or a record is malformed; it names the record.
    CorpusError
        If there are too few subjects for the splits, or no note has a code.
    OutputError
        If ``out`` is occupied and ``force`` is false, or the disk is full.

    """
    if not raw.is_file():
        raise SourceError("there is no such file", path=raw, remedy="Name the table")
    check_out(out, raw, force=force)
    check_choice("wrapped", wrapped, ("convert", "keep", "refuse"))
    if delimiter == "":
        raise SourceError("the delimiter is empty", remedy="Name the character between two codes")
    code_columns = tuple(codes.split(",")) if isinstance(codes, str) else tuple(codes)
    asked = Columns(text, note_id, code_columns, subject_id, admission_id, system_column, split, evidence)
    columns = asked.found_in(raw, encoding=encoding)
    codebook = default_codebook().extended(read_titles(titles, system) if titles else {})
    reader = CodeReader(system, codebook, delimiter=delimiter, unknown=unknown_codes)
    oddities = Oddities()
    rows = Rows(
        raw,
        columns,
        reader,
        oddities,
        optional=[name for name in columns.codes if name not in asked.codes],
        wrapped=wrapped,
        merge=merge_rows,
        encoding=encoding,
    )
    shares = {"validation": validation, "test": test}
    notices: list[str] = []
    with (
        corpus_writer(
            out,
            name=raw.name.split(".")[0],
            source="table",
            options={
                **_recorded(columns),
                "system": system.value if system else None,
                "delimiter": delimiter,
                "merge_rows": merge_rows,
                "unknown_codes": unknown_codes,
                "wrapped": wrapped,
                "titles": titles.name if titles else None,
                **shares,
                "seed": seed,
                "encoding": encoding,
            },
            inputs=[input_file(path, raw.parent) for path in (raw, titles) if path],
            codebook=codebook,
            notices=notices,
            conversions=oddities.wrappings if wrapped == "convert" else {},
            force=force,
        ) as writer,
        TemporaryDirectory(prefix=TEMPORARY_PREFIX, dir=writer.folder) as staging,
    ):
        staged = Path(staging) / "notes.parquet"
        table = _Staged(rows, needs_subjects=subject_id is not None and split is None)
        write_notes(staged, table.notes())
        notices += _notices(columns, reader, oddities, table, kept=wrapped == "keep")
        notices += code_notices(oddities.codes, codebook)
        split_of = table.splits or table.drawn(seed=seed, **shares)
        for name in sorted(set(split_of.values()), key=SPLITS.index):
            writer.write(name, (note for note in read_notes(staged) if split_of[note.note_id] == name))
    return Corpus.open(out)


class _Staged:
    """What has to stay in memory of the notes to draw or assign their splits: everything but the texts."""

    def __init__(self, rows: Rows, *, needs_subjects: bool) -> None:
        self.subjects: dict[str, str] = {}
        self.splits: dict[str, str] = {}
        self._rows = rows
        self._needs_subjects = needs_subjects
        self._codes: list[tuple[Code, ...]] = []

    def notes(self) -> Iterator[Note]:
        """Yield all notes in file order."""
        for row in self._rows.notes():
            note = row.note
            if row.split is not None:
                self.splits[note.note_id] = row.split
            else:
                if self._needs_subjects and note.subject_id is None:
                    raise self._rows.error(row, "has no subject", "Fill it in: the split is drawn by subject")
                self._codes.append(note.codes)
            self.subjects[note.note_id] = note.subject_id or note.note_id
            yield note

    def drawn(self, *, validation: float, test: float, seed: int) -> dict[str, str]:
        """Draw a split by subject, and return that of every note."""
        by_subject = split_by_subject(
            list(self.subjects.values()), self._codes, validation=validation, test=test, seed=seed
        )
        return {note: by_subject[subject] for note, subject in self.subjects.items()}


def _recorded(columns: Columns) -> dict[str, object]:
    """Return the names of the columns as ``corpus.json`` records them."""
    recorded = {f"{key.removesuffix('_column')}_column": name for key, name in asdict(columns).items()}
    return {**recorded, "codes_column": ",".join(columns.codes)}


def _notices(
    columns: Columns, reader: CodeReader, oddities: Oddities, table: _Staged, *, kept: bool
) -> list[str]:
    by_note = columns.split is None and columns.subject_id is None
    subjects = list(table.subjects.values())
    return [
        *([_BY_NOTE] if by_note else []),
        *(ids_notice(subjects, columns.subject_id) if columns.subject_id else []),
        *oddities.notices(kept=kept),
        *marks_notice(reader.marks),
        *dropped_notice(reader.dropped),
    ]
