"""Admission numbers from published split files, so that these files split a synthetic tree too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from random import Random

from clem_icd.errors import InputError
from clem_icd.synthetic.chart import Chart
from clem_icd.synthetic.hospital import FIRST_SUBJECT
from clem_icd.tabular.split_files import SplitFiles, read_split

__all__ = ["Register", "read_numbers"]

_FULL = "full"
_PARTS = {"train": "train", "val": "validation", "test": "test"}
# Files with the columns _id and split, by the admissions they cover; the first one is required.
_FILES = {
    "mimic3": {_FULL: "mimiciii_full_splits.feather"},
    "mimic4": {"icd10": "mimiciv_icd10_split.feather", "icd9": "mimiciv_icd9_split.feather"},
    "mdace": {_FULL: "mimiciii_full_splits.feather"},
}
_ROTATION = ("train", "validation", "train", "test", "train")


def read_numbers(path: Path, layout: str) -> dict[str, dict[int, str]]:
    """Read the admission numbers available for a layout, with the split of each.

    Parameters
    ----------
    path
        A split file, or the folder of published split files.

    Returns
    -------
    dict
        Split by admission number, by pool: ``icd9`` and ``icd10`` for MIMIC-IV, ``Inpatient`` and ``Profee``
        for admissions annotated in MDACE, ``full`` for all others.

    Raises
    ------
    SourceError
        If a file is missing or malformed.

    """
    if not path.is_dir():
        return {_FULL: _numbers(read_split(path))}
    first, *others = _FILES[layout].items()
    present = [first, *((name, file) for name, file in others if (path / file).exists())]
    numbers = {name: _numbers(read_split(path / file)) for name, file in present}
    if layout == "mdace":
        for setting in ("Inpatient", "Profee"):
            folder = path / "mdace" / setting.lower()
            paths = tuple(folder / f"MDace-ev-{part}.csv" for part in _PARTS)
            numbers[setting] = _numbers(SplitFiles(paths, tuple(_PARTS.values())).read())
    return numbers


def _numbers(split: Mapping[str, str]) -> dict[int, str]:
    return {int(admission): name for admission, name in split.items()}


class Register:
    """Assigns admissions random numbers from split files; all numbers of a subject are of one split.

    Parameters
    ----------
    numbers
        Split by number, by pool (see `read_numbers`).
    admissions
        Number of admissions to be numbered.
    path
        Origin of the numbers, for error messages.

    Raises
    ------
    InputError
        If there are fewer numbers than admissions.

    """

    def __init__(
        self, numbers: Mapping[str, Mapping[int, str]], *, admissions: int, seed: int, path: Path
    ) -> None:
        self._published = numbers
        rng = Random(f"{seed}/numbers")
        taken: set[int] = set()
        self._pools: dict[str, dict[str, list[int]]] = {}
        # Smallest pool first: the numbers of Profee are in the other files too.
        for name in sorted(numbers, key=lambda name: len(numbers[name])):
            free = {number: split for number, split in numbers[name].items() if number not in taken}
            taken |= free.keys()
            self._pools[name] = _shuffled(rng, free)
        if admissions > len(taken):
            raise InputError(
                f"holds {len(taken):,} admission numbers, {admissions:,} admissions requested",
                path=path,
                remedy=f"Request at most {len(taken):,} admissions",
            )

    def number(self, chart: Chart) -> Chart:
        """Return the chart with the next number for its admission, and the published splits of that number.

        A chart to be annotated stays unannotated if no number annotated in MDACE is left.
        """
        settings = [name for name in ("Profee", "Inpatient") if name in chart.annotated]
        wanted = (*settings[:1], f"icd{chart.admission.icd_version}", _FULL)
        first = next(name for name in (*wanted, *self._pools) if name in self._pools)
        number, name = self._take([first, *wanted, *self._pools], chart.admission.subject_id)
        lost = first in settings and name != first
        return replace(
            chart,
            admission=replace(chart.admission, hadm_id=number),
            annotated=frozenset() if lost else chart.annotated,
            published={name: split[number] for name, split in self._published.items() if number in split},
        )

    def _take(self, names: Iterable[str], subject_id: int) -> tuple[int, str]:
        at = (subject_id - FIRST_SUBJECT) % len(_ROTATION)
        for name in names:
            pool = self._pools.get(name, {})
            for split in (_ROTATION[at], *_ROTATION[:at], *_ROTATION[at:]):
                if pool.get(split):
                    return pool[split].pop(), name
        raise AssertionError("the constructor checks that there are enough numbers")


def _shuffled(rng: Random, split_of: Mapping[int, str]) -> dict[str, list[int]]:
    pool: dict[str, list[int]] = {}
    for number in sorted(split_of):
        pool.setdefault(split_of[number], []).append(number)
    for numbers in pool.values():
        rng.shuffle(numbers)
    return pool
