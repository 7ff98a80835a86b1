"""The records of a table as notes."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from pathlib import Path

from clem_icd.corpus import Evidence, Note
from clem_icd.errors import NoteError, SourceError
from clem_icd.icd import Code
from clem_icd.sources.table.columns import Columns
from clem_icd.sources.table.oddities import Oddities
from clem_icd.tabular.codes import CodeReader
from clem_icd.tabular.delimited import check_field
from clem_icd.tabular.headers import is_named
from clem_icd.tabular.records import Record, read_records
from clem_icd.tabular.split_files import SPLIT_NAMES
from clem_icd.tabular.values import is_missing, read_evidence, read_id, read_text
from clem_icd.texts import PlainText, Wrapped
from clem_icd.texts.plain import unwrapped

_RULE = re.compile(r"\s*--+\s*")

_MERGE = "Note ids must be unique; if every row holds one code of a note, pass --merge-rows"


@dataclass(frozen=True, slots=True)
class Row:
    """A record as a note, and the split that it names."""

    number: int
    note: Note
    plain: PlainText
    split: str | None


class Rows:
    """The records of a table as notes, in file order.

    Parameters
    ----------
    path, columns, encoding
        The table.
    codes
        Reads its codes.
    oddities
        Counts what is odd.
    optional
        Columns that a JSON record may lack.
    wrapped
        What to do with notes that are wrapped in another format.
    merge
        Whether several rows with the same note id are one note.

    """

    def __init__(
        self,
        path: Path,
        columns: Columns,
        codes: CodeReader,
        oddities: Oddities,
        *,
        optional: Collection[str],
        wrapped: Wrapped,
        merge: bool,
        encoding: str,
    ) -> None:
        self._path = path
        self._columns = columns
        self._codes = codes
        self._oddities = oddities
        self._optional = optional
        self._wrapped = wrapped
        self._merge = merge
        self._encoding = encoding

    def notes(self) -> Iterator[Row]:
        """Yield every note once.

        Raises
        ------
        SourceError
            If a record is malformed, or has the note id of an earlier one that it is not to be merged with.

        """
        notes = self._merged() if self._merge else self._unique()
        for row in notes:
            self._oddities.note(row.note, row.plain)
            yield row

    def _unique(self) -> Iterator[Row]:
        seen: set[str] = set()
        for row in self._each():
            if row.note.note_id in seen:
                raise self.error(row, "has the note id of an earlier record", _MERGE)
            seen.add(row.note.note_id)
            yield row

    def _merged(self) -> Iterator[Row]:
        # Twice through the file: codes fit into memory, texts may not.
        parts: dict[str, _Parts] = {}
        for row in self._each():
            own = _Parts.of(row)
            earlier = parts.setdefault(row.note.note_id, own)
            if earlier.same != own.same:
                raise self.error(
                    row,
                    "differs from an earlier record of its note in more than its codes",
                    "Give every note its own id, or the same text, patient and split in every row",
                )
            earlier.add(row.note)
        first = {own.first.number: own for own in parts.values()}
        for number, record in self._records(lambda: None):
            if (whole := first.get(number)) is not None:
                yield whole.whole(self._plain(record[self._columns.text]))

    def _each(self) -> Iterator[Row]:
        empty = True
        for number, record in self._records(self._oddities.repeated_header):
            try:
                yield self._row(number, record)
            except SourceError as problem:
                raise SourceError(problem.found, path=self._path, row=number, remedy=problem.remedy) from None
            empty = False
        if empty:
            raise SourceError("has no records", path=self._path, remedy="Check that this is the right file")

    def _records(self, repeated_header: Callable[[], None]) -> Iterator[tuple[int, Record]]:
        names = self._columns.named()
        records = read_records(self._path, names, optional=self._optional, encoding=self._encoding)
        for number, record in records:
            if all(isinstance(value, str) and is_named(value, name) for name, value in record.items()):
                repeated_header()
                continue
            if all(isinstance(value, str) and _RULE.fullmatch(value) for value in record.values()):
                raise SourceError(
                    "is a line of dashes, as SQL tools write it below the header",
                    path=self._path,
                    row=number,
                    remedy="Delete it, and the count of rows at the end",
                )
            for value in record.values():
                if isinstance(value, str):
                    check_field(value, self._path, number, self._encoding)
            yield number, record

    def _row(self, number: int, record: Record) -> Row:
        columns = self._columns
        system = None
        # A note without codes needs no system.
        if columns.system_column is not None and not all(_is_empty(record[name]) for name in columns.codes):
            system = self._codes.system_of(record[columns.system_column])
        note_id = read_id(record[columns.note_id], columns.note_id)
        if note_id is None:
            raise SourceError("has no note id", remedy="Give every note its own id")
        plain = self._plain(read_text(record[columns.text], columns.text))
        read = [self._codes.codes(record[column], system) for column in columns.codes]
        codes = tuple(dict.fromkeys(code for some in read for code in some))
        spans = record[columns.evidence] if columns.evidence else None
        if plain.wrappings and self._wrapped == "convert" and not _is_empty(spans):
            raise SourceError(
                f"has a note in {plain.wrappings[0]} with evidence, whose offsets may refer to either text",
                remedy="Convert the texts before computing offsets, or pass --wrapped keep",
            )
        evidence = read_evidence(spans, lambda item: self._codes.code(item, system), codes, len(plain.text))
        kept = {code for code in codes if self._codes.keeps(code)}
        note = Note(
            note_id=note_id,
            text=plain.text,
            codes=tuple(code for code in codes if code in kept),
            evidence=tuple(span for span in evidence if span.code in kept),
            subject_id=_optional_id(record, columns.subject_id),
            admission_id=_optional_id(record, columns.admission_id),
        )
        return Row(number, note, plain, _split(record[columns.split]) if columns.split else None)

    def _plain(self, text: str) -> PlainText:
        try:
            plain = unwrapped(text, wrapped=self._wrapped)
        except NoteError as problem:
            raise SourceError(
                f"the note {problem.found}", remedy=f"{problem.remedy}, or pass --wrapped keep"
            ) from None
        read_text(plain.text, self._columns.text)
        return plain

    def error(self, row: Row, found: str, remedy: str) -> SourceError:
        """Return an error that names the table and a row."""
        return SourceError(found, path=self._path, row=row.number, remedy=remedy)


@dataclass(slots=True)
class _Parts:
    """The first row of a note without its text, what all its rows share, and their codes and evidence."""

    first: Row
    same: tuple[bytes, str | None, str | None, str | None]
    codes: dict[Code, None] = field(default_factory=dict)
    evidence: dict[Evidence, None] = field(default_factory=dict)

    @classmethod
    def of(cls, row: Row) -> _Parts:
        digest = blake2b(row.note.text.encode(), digest_size=16).digest()
        without_text = replace(row, note=replace(row.note, text=""), plain=PlainText(""))
        return cls(without_text, (digest, row.note.subject_id, row.note.admission_id, row.split))

    def add(self, note: Note) -> None:
        self.codes.update(dict.fromkeys(note.codes))
        self.evidence.update(dict.fromkeys(note.evidence))

    def whole(self, plain: PlainText) -> Row:
        note = replace(
            self.first.note, text=plain.text, codes=tuple(self.codes), evidence=tuple(self.evidence)
        )
        return replace(self.first, note=note, plain=plain)


def _is_empty(value: object) -> bool:
    return is_missing(value) or value == [] or (isinstance(value, str) and value.strip() in ("", "[]"))


def _optional_id(record: Record, column: str | None) -> str | None:
    return read_id(record[column], column) if column else None


def _split(value: object) -> str:
    split = SPLIT_NAMES.get(value.strip().lower()) if isinstance(value, str) else None
    if split is None:
        raise SourceError("names an unknown split", remedy=f"Use one of {', '.join(SPLIT_NAMES)}")
    return split
