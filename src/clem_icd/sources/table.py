"""A hospital's own table, with one note per record, in csv, tsv, jsonl or parquet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from clem_icd.corpus import SPLITS, Corpus, Note, corpus_writer, split_by_subject
from clem_icd.corpus.notes_table import read_notes, write_notes
from clem_icd.errors import SourceError
from clem_icd.files import TEMPORARY_PREFIX
from clem_icd.icd import Code, CodeSystem, default_codebook, read_titles
from clem_icd.sources.raw_files import check_out, input_file
from clem_icd.tabular.delimited import check_field
from clem_icd.tabular.records import Record, read_records
from clem_icd.tabular.split_files import SPLIT_NAMES
from clem_icd.tabular.values import read_codes, read_evidence, read_id, read_system, read_text

_BY_NOTE = (
    "No subject column was named: the split was drawn by note, so a subject may be in more than one split"
)


@dataclass(frozen=True, slots=True)
class _Columns:
    """The names of the table's columns, by what they hold; None where there is no such column."""

    text: str
    note_id: str
    codes: str
    subject_id: str | None
    admission_id: str | None
    system: str | None
    split: str | None
    evidence: str | None

    def named(self) -> list[str]:
        return list(dict.fromkeys(name for name in asdict(self).values() if name is not None))


def prepare_table(
    raw: Path,
    out: Path,
    *,
    text: str = "text",
    note_id: str = "note_id",
    subject_id: str | None = None,
    admission_id: str | None = None,
    codes: str = "codes",
    system: CodeSystem | None = None,
    system_column: str | None = None,
    delimiter: str = ";",
    split: str | None = None,
    evidence: str | None = None,
    titles: Path | None = None,
    validation: float = 0.1,
    test: float = 0.15,
    seed: int = 10,
    encoding: str = "utf-8",
    force: bool = False,
) -> Corpus:
    """Make a corpus from a table with one note per record.

    Parameters
    ----------
    raw
        The table: csv, tsv or jsonl, each optionally gzipped, or parquet.
    out
        The corpus folder.
    text, note_id, subject_id, admission_id, codes, system_column, split, evidence
        The names of the columns. Codes are a list, or text with ``delimiter`` between them. Evidence is a
        list of ``{"code", "begin", "end"}``, or that list as json. A split is train, validation (or val,
        dev) or test.
    system
        The code system, unless ``system_column`` or the codes themselves (``icd10cm:E11.9``) name it.
    delimiter
        Separates the codes in a text.
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
    if not delimiter:
        raise SourceError("the delimiter is empty", remedy="Name the character between two codes")
    columns = _Columns(text, note_id, codes, subject_id, admission_id, system_column, split, evidence)
    shares = {"validation": validation, "test": test}
    notices: list[str] = []
    with (
        corpus_writer(
            out,
            name=raw.name.split(".")[0],
            source="table",
            options={
                **{f"{key}_column": name for key, name in asdict(columns).items()},
                "system": system.value if system else None,
                "delimiter": delimiter,
                "titles": titles.name if titles else None,
                **shares,
                "seed": seed,
                "encoding": encoding,
            },
            inputs=[input_file(path, raw.parent) for path in (raw, titles) if path],
            codebook=default_codebook().extended(read_titles(titles, system) if titles else {}),
            notices=notices,
            force=force,
        ) as writer,
        TemporaryDirectory(prefix=TEMPORARY_PREFIX, dir=writer.folder) as staging,
    ):
        table = _Table(raw, columns, system, delimiter, encoding)
        staged = Path(staging) / "notes.parquet"
        write_notes(staged, table.notes())
        if split is None and subject_id is None:
            notices.append(_BY_NOTE)
        split_of = table.splits or _drawn(table, seed=seed, **shares)
        for name in sorted(set(split_of.values()), key=SPLITS.index):
            writer.write(name, (note for note in read_notes(staged) if split_of[note.note_id] == name))
    return Corpus.open(out)


class _Table:
    """The records of a table as notes. Once read, it has their splits, or the data to draw a split from."""

    def __init__(
        self, path: Path, columns: _Columns, system: CodeSystem | None, delimiter: str, encoding: str
    ) -> None:
        self._path = path
        self._columns = columns
        self._system = system
        self._delimiter = delimiter
        self._encoding = encoding
        self.subjects: dict[str, str] = {}
        self.splits: dict[str, str] = {}
        self.codes: list[tuple[Code, ...]] = []
        self._known: dict[Code, Code] = {}

    def notes(self) -> Iterator[Note]:
        """Yield every record as a note, in file order."""
        records = read_records(self._path, self._columns.named(), encoding=self._encoding)
        for row, record in records:
            for value in record.values():
                if isinstance(value, str):
                    check_field(value, self._path, row, self._encoding)
            try:
                note = self._note(record)
                self._register(note, record)
            except SourceError as problem:
                raise SourceError(problem.found, path=self._path, row=row, remedy=problem.remedy) from None
            yield note
        if not self.subjects:
            raise SourceError("has no records", path=self._path, remedy="Check that this is the right file")

    def _note(self, record: Record) -> Note:
        columns = self._columns
        system = self._system
        if columns.system is not None:
            system = read_system(record[columns.system])
        text = read_text(record[columns.text], columns.text)
        codes = read_codes(record[columns.codes], system, self._delimiter)
        evidence = record[columns.evidence] if columns.evidence else None
        return Note(
            note_id=read_id(record[columns.note_id], columns.note_id) or "",
            text=text,
            codes=codes,
            evidence=read_evidence(evidence, system, codes, len(text)),
            subject_id=_optional_id(record, columns.subject_id),
            admission_id=_optional_id(record, columns.admission_id),
        )

    def _register(self, note: Note, record: Record) -> None:
        columns = self._columns
        if not note.note_id:
            raise SourceError("has no note id", remedy="Give every note its own id")
        if note.note_id in self.subjects:
            raise SourceError("has the note id of an earlier record", remedy="Note ids must be unique")
        if columns.split:
            self.splits[note.note_id] = _split(record[columns.split])
        elif columns.subject_id and note.subject_id is None:
            raise SourceError("has no subject", remedy="Fill it in: the split is drawn by subject")
        else:
            # Share one object per code: a hospital's notes would have millions of equal ones.
            self.codes.append(tuple(self._known.setdefault(code, code) for code in note.codes))
        self.subjects[note.note_id] = note.subject_id or note.note_id


def _optional_id(record: Record, column: str | None) -> str | None:
    return read_id(record[column], column) if column else None


def _split(value: Any) -> str:
    split = SPLIT_NAMES.get(value.strip().lower()) if isinstance(value, str) else None
    if split is None:
        raise SourceError("names an unknown split", remedy=f"Use one of {', '.join(SPLIT_NAMES)}")
    return split


def _drawn(table: _Table, *, validation: float, test: float, seed: int) -> dict[str, str]:
    by_subject = split_by_subject(
        list(table.subjects.values()), table.codes, validation=validation, test=test, seed=seed
    )
    return {note: by_subject[subject] for note, subject in table.subjects.items()}
