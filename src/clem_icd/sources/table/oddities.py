"""What is odd about the records of a table: counted while they are read, said in the corpus's notices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from clem_icd.corpus import Note
from clem_icd.icd import Code
from clem_icd.tabular.sentences import counted
from clem_icd.texts import PlainText, remarks_on

# The longest text of an Excel cell, and of columns in Oracle, SQL Server and MySQL.
_EXCEL_CELL = 32_767
_CELLS = {4_000: "VARCHAR2", 8_000: "VARCHAR", 65_535: "TEXT"}


class Oddities:
    """Counts of what is odd about the records of a table.

    Attributes
    ----------
    wrappings
        The number of notes that were, or still are, wrapped in each format.
    codes
        The distinct codes of all notes.

    """

    def __init__(self) -> None:
        self.wrappings: Counter[str] = Counter()
        self.codes: set[Code] = set()
        self._remarks: Counter[str] = Counter()
        self._lengths: Counter[int] = Counter()
        self._headers = 0

    def repeated_header(self) -> None:
        """Count a record that repeats the header."""
        self._headers += 1

    def note(self, note: Note, plain: PlainText) -> None:
        """Count what is odd about a note."""
        if plain.wrappings:
            self.wrappings[", ".join(plain.wrappings)] += 1
        self._remarks.update(remarks_on(note.text))
        if len(note.text) == _EXCEL_CELL or len(note.text) in _CELLS:
            self._lengths[len(note.text)] += 1
        self.codes.update(note.codes)

    def notices(self, *, kept: bool) -> list[str]:
        """Return a sentence for everything that was counted.

        Parameters
        ----------
        kept
            Whether wrapped notes were kept as they are.

        """
        return [*self._of_records(), *self._of_texts(kept)]

    def _of_records(self) -> Iterable[str]:
        if self._headers:
            yield counted(
                self._headers,
                "record repeats the header and was left out",
                "records repeat the header and were left out",
            )

    def _of_texts(self, kept: bool) -> Iterable[str]:
        for name, count in sorted(self.wrappings.items()):
            if kept:
                yield counted(
                    count, f"note looks like {name} and was kept", f"notes look like {name} and were kept"
                )
            else:
                yield counted(
                    count,
                    f"note was converted from {name}; offsets refer to the converted text",
                    f"notes were converted from {name}; offsets refer to the converted texts",
                )
        for remark, count in sorted(self._remarks.items()):
            yield counted(count, f"note {remark}", f"notes {_plural(remark)}")
        for length, count in sorted(self._lengths.items()):
            place = "an Excel cell" if length == _EXCEL_CELL else f"a {_CELLS.get(length)} column"
            if length == _EXCEL_CELL or count > 1:
                yield counted(
                    count,
                    f"note has exactly {length:,} characters, the limit of {place}: probably it is cut off",
                    f"notes have exactly {length:,} characters, the limit of {place}: probably cut off",
                )


def ids_notice(ids: Sequence[str], name: str) -> list[str]:
    """Return a sentence if ids differ only in what programs add or remove; nothing otherwise."""
    distinct = set(ids)
    alike = Counter(one.removesuffix(".0").lstrip("0") for one in distinct)
    same = sum(count for count in alike.values() if count > 1)
    if not same:
        return []
    return [
        f"{same:,} ids in the column {name!r} differ only in leading zeros or a final .0: they may be "
        "the same patients, in two splits"
    ]


def _plural(remark: str) -> str:
    verb, _, rest = remark.partition(" ")
    return f"{'have' if verb == 'has' else verb.removesuffix('s')} {rest}"
