"""Reading the annotations of MDACE: the codes of every note, and the spans that support them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from clem_icd.errors import CodeError, SourceError
from clem_icd.files import read_json
from clem_icd.icd import Code, CodeSystem
from clem_icd.sources.mdace.files import RELEASE, MdaceFiles, Revision
from clem_icd.tabular.sentences import count_sentences, counted

Span = tuple[int, int]
CodeSpans = dict[Code, list[Span]]

_ODDITIES = {
    "empty": ("note has an empty list of annotations", "notes have an empty list of annotations"),
    "unknown": (
        "annotation names an unknown code system and was left out",
        "annotations name unknown code systems and were left out",
    ),
    "stray": (
        "annotation from a file of the other revision of ICD was kept, since its code is of this one",
        "annotations from files of the other revision of ICD were kept, since their codes are of this one",
    ),
    "repeated": (
        "duplicate annotation was left out",
        "duplicate annotations were left out",
    ),
}


@dataclass
class Annotations:
    """The annotations of one setting in some code systems.

    Attributes
    ----------
    notes
        The codes of every note, each with its spans as annotated, in file order.
    admissions
        The admissions of every note, according to the files.
    oddities
        Counts of what `notices` reports.
    other_systems
        Counts of the annotations in other code systems.

    """

    notes: dict[str, CodeSpans] = field(default_factory=lambda: defaultdict(dict))
    admissions: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    oddities: Counter[str] = field(default_factory=Counter)
    other_systems: Counter[CodeSystem] = field(default_factory=Counter)

    def codes(self) -> set[Code]:
        """Return the codes of all notes."""
        return {code for codes in self.notes.values() for code in codes}

    def notices(self) -> list[str]:
        """Return sentences with counts of what was odd."""
        others = [
            counted(count, "annotation", "annotations") + f" in {system.title}, which is not part of this set"
            for system, count in sorted(self.other_systems.items())
        ]
        return [*count_sentences(self.oddities, _ODDITIES), *others]

    def add(self, note: str, code: Code, span: Span) -> None:
        """Add one annotation; a duplicate is only counted."""
        spans = self.notes[note].setdefault(code, [])
        if span in spans:
            self.oddities["repeated"] += 1
        else:
            spans.append(span)


def read_annotations(files: MdaceFiles, systems: Container[CodeSystem], revision: Revision) -> Annotations:
    """Read the annotations in some code systems, from the folders of both revisions.

    Parameters
    ----------
    files
        The annotation files.
    systems
        The code systems to keep.
    revision
        The revision of these systems. Oddities in the files of the other revision are not counted.

    Raises
    ------
    SourceError
        If a file is not json, or does not have the shape of the release.

    """
    annotations = Annotations()
    for folder, paths in files.by_revision.items():
        for path in paths:
            _read(path, annotations, systems, own=folder == revision)
    return annotations


def _read(path: Path, annotations: Annotations, systems: Container[CodeSystem], *, own: bool) -> None:
    record = read_json(path, SourceError)
    admission = str(_value(record, "hadm_id", int, "the file", path))
    for number, note in _records(record, "notes", "the file", path):
        note_id = str(_value(note, "note_id", int, f"note {number}", path))
        place = f"note {note_id}"
        empty = True
        for mark, annotation in _records(note, "annotations", place, path):
            empty = False
            code, span = _annotation(annotation, f"annotation {mark} of {place}", path)
            if code is None:
                annotations.oddities["unknown"] += own
            elif code.system in systems:
                annotations.oddities["stray"] += not own
                annotations.admissions[note_id].add(admission)
                annotations.add(note_id, code, span)
            elif own:
                annotations.other_systems[code.system] += 1
        annotations.oddities["empty"] += empty and own


def _annotation(record: Mapping[str, Any], place: str, path: Path) -> tuple[Code | None, Span]:
    """Return the code, or None if its system is unknown, and the span as annotated."""
    text = _value(record, "code", str, place, path)
    name = _value(record, "code_system", str, place, path)
    span = _value(record, "begin", int, place, path), _value(record, "end", int, place, path)
    try:
        system = CodeSystem.parse(name)
    except CodeError:
        return None, span
    if not text.strip():
        raise SourceError(f"{place} has an empty code", path=path, remedy=_REMEDY)
    return Code.normalized(text, system), span


_Kind = TypeVar("_Kind", int, str)

_KINDS: dict[type, str] = {int: "whole number", str: "text", list: "list"}
_REMEDY = f"Use release {RELEASE} of MDACE, unchanged"


def _value(record: Mapping[str, Any], name: str, kind: type[_Kind], place: str, path: Path) -> _Kind:
    value = record.get(name)
    # In Python, a json true is an int.
    if isinstance(value, bool) or not isinstance(value, kind):
        raise _other_release(name, kind, place, path)
    return value


def _records(
    record: Mapping[str, Any], name: str, place: str, path: Path
) -> Iterator[tuple[int, dict[str, Any]]]:
    values = record.get(name)
    if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
        raise _other_release(name, list, place, path)
    return enumerate(values, start=1)


def _other_release(name: str, kind: type, place: str, path: Path) -> SourceError:
    return SourceError(
        f"{place} has no {_KINDS[kind]} {name!r}",
        path=path,
        remedy=_REMEDY,
    )
