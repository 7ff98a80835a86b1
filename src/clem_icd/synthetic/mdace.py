"""The layout of MDACE: annotations in JSON and split files, next to the annotated MIMIC-III tree."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from clem_icd.icd import Code, CodeSystem, default_codebook, icd10_to_icd9
from clem_icd.synthetic.annotating import SETTINGS, AnnotatedNote, Span, annotate
from clem_icd.synthetic.chart import SUMMARY, Chart
from clem_icd.synthetic.mimic3 import Mimic3Tree
from clem_icd.synthetic.notice import NOTICE
from clem_icd.synthetic.writer import Mention

__all__ = ["MdaceTree"]

_SYSTEMS = {
    CodeSystem.ICD9CM: "ICD-9-CM",
    CodeSystem.ICD9PCS: "ICD-9-PCS",
    CodeSystem.ICD10CM: "ICD-10-CM",
    CodeSystem.ICD10PCS: "ICD-10-PCS",
    CodeSystem.CPT: "CPT",
}
_PARTS = {"train": "train", "validation": "val", "test": "test"}
_EVIDENCE_ROTATION = ("train", "validation", "train", "test", "train")
_OTHER_ROTATION = (*["train"] * 8, "validation", "test")


class _Stay(NamedTuple):
    hadm_id: int
    subject_id: int
    published: Mapping[str, str]


class MdaceTree:
    """A MIMIC-III tree with a folder ``MDACE`` next to it, filled one admission at a time.

    Parameters
    ----------
    root
        The folder to fill.

    """

    def __init__(self, root: Path) -> None:
        self._mimic3 = Mimic3Tree(root)
        self._mdace = root / "MDACE"
        self._stays: list[_Stay] = []
        self._annotated: dict[str, list[_Stay]] = {setting: [] for setting in SETTINGS}

    def __enter__(self) -> MdaceTree:
        self._mimic3.__enter__()
        for setting in SETTINGS:
            for version in (9, 10):
                (self._mdace / "data" / setting / f"ICD-{version}" / "1.0").mkdir(parents=True)
        return self

    def __exit__(self, *details: object) -> None:
        self._mimic3.__exit__(*details)

    def add(self, chart: Chart) -> Iterator[tuple[str, tuple[Mention, ...]]]:
        """Write one admission; yield the id and the evidence of each note, in order."""
        notes = list(self._mimic3.add(chart))
        stay = _Stay(chart.admission.hadm_id, chart.admission.subject_id, chart.published)
        if chart.codes and any(
            document.category == SUMMARY and document.text and document.linked for document in chart.documents
        ):
            self._stays.append(stay)
        for setting in sorted(chart.annotated):
            number = len(self._annotated[setting])
            marked = annotate(chart, [int(note_id) for note_id, _ in notes], setting, number)
            if marked:
                self._annotated[setting].append(stay)
                self._write(setting, stay.hadm_id, marked)
        yield from notes

    def finish(self) -> None:
        """Write the code titles, the split files and the README."""
        self._mimic3.finish()
        for setting, annotated in self._annotated.items():
            evidence = _evidence_split(setting, annotated)
            self._write_split(setting, "ev", evidence)
            self._write_split(setting, "code-ev", _full_split(self._stays, annotated, evidence) | evidence)
        (self._mdace / "README.md").write_text(f"# Synthetic annotations\n\n{NOTICE}\n", encoding="utf-8")

    def _write(self, setting: str, hadm_id: int, notes: Iterable[AnnotatedNote]) -> None:
        for version in (9, 10):
            value = {
                "hadm_id": hadm_id,
                "comment": "",
                "notes": [_note(note, version) for note in notes],
            }
            name = f"{setting}/ICD-{version}/1.0/{hadm_id}-ICD-{version}.json"
            (self._mdace / "data" / name).write_text(f"{json.dumps(value)}\n", encoding="utf-8")

    def _write_split(self, setting: str, name: str, split_of: Mapping[int, str]) -> None:
        folder = self._mdace / "splits" / setting
        folder.mkdir(parents=True, exist_ok=True)
        for split, part in _PARTS.items():
            lines = [f"{hadm_id}\n" for hadm_id in sorted(split_of) if split_of[hadm_id] == split]
            (folder / f"MDace-{name}-{part}.csv").write_text("".join(lines), encoding="utf-8")


def _evidence_split(setting: str, annotated: Iterable[_Stay]) -> dict[int, str]:
    """Return the split of every annotated admission: the published one, else 60/20/20 by subject."""
    positions: dict[int, int] = {}
    for stay in annotated:
        positions.setdefault(stay.subject_id, len(positions))
    return {
        stay.hadm_id: stay.published.get(setting)
        or _EVIDENCE_ROTATION[positions[stay.subject_id] % len(_EVIDENCE_ROTATION)]
        for stay in annotated
    }


def _full_split(
    stays: Iterable[_Stay], annotated: Iterable[_Stay], evidence: Mapping[int, str]
) -> dict[int, str]:
    """Return the split of every admission: published, else its subject's annotated one, else 80/10/10."""
    known = {stay.subject_id: evidence[stay.hadm_id] for stay in annotated}
    return {
        stay.hadm_id: stay.published.get("full")
        or known.get(stay.subject_id)
        or _OTHER_ROTATION[stay.subject_id % len(_OTHER_ROTATION)]
        for stay in stays
    }


def _note(note: AnnotatedNote, version: int) -> dict[str, Any]:
    return {
        "note_id": note.note_id,
        # MDACE strips the trailing space that some categories have in MIMIC-III.
        "category": note.document.category.rstrip(),
        "description": note.document.description,
        "annotations": [_annotation(span, version) for span in note.spans],
    }


def _annotation(span: Span, version: int) -> dict[str, Any]:
    code = span.icd9 if version == 9 else span.icd10
    return {
        "begin": span.begin,
        "end": span.end,
        "code": code.value,
        "code_system": _SYSTEMS[code.system],
        "description": default_codebook().title(code.value, code.system) or "",
        "type": "Human" if version == 10 else _mapping_type(span.icd10),
    }


def _mapping_type(code: Code) -> str:
    """Return how the ICD-9 annotation was derived from this ICD-10 code."""
    if code.system is not CodeSystem.ICD10CM:
        return "Human"
    return {0: "MapType.NO_ENTRY", 1: "MapType.EXACT"}.get(
        len(icd10_to_icd9(code.value)), "MapType.MULTI_DESC"
    )
