"""What goes wrong in the hospital's archive: each kind in a small and known share of the admissions.

Every kind comes at a fixed distance, so that a hospital of 200 admissions has seen all of them. The
distances are primes, so that the kinds meet in ever other ways.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random

from clem_icd.synthetic import miscoded, misfiled
from clem_icd.synthetic.chart import Chart
from clem_icd.synthetic.hospital import Admission

__all__ = ["MISHAPS", "Mishap", "suffered"]

Mishap = Callable[[Chart, Random], Chart]

# How many admissions lie between two of a kind, in the order in which they befall one admission.
MISHAPS: Mapping[Mishap, int] = {
    misfiled.second_note: 67,
    misfiled.repeated_note: 71,
    misfiled.unlinked_note: 83,
    misfiled.blank_addition: 101,
    misfiled.emptied_note: 131,
    miscoded.mixed_versions: 61,
    misfiled.quotes: 59,
    misfiled.foreign_characters: 43,
    misfiled.crlf_lines: 53,
    misfiled.marked_as_error: 103,
    miscoded.missing_code: 73,
    miscoded.code_listed_twice: 79,
    miscoded.padded_code: 89,
    miscoded.dotted_code: 127,
    miscoded.procedures_alone: 31,  # of which a third has procedures
    miscoded.only_a_missing_code: 137,
    miscoded.uncoded: 151,
    misfiled.unwritten_summary: 149,
}


def suffered(chart: Chart, without: frozenset[Mishap]) -> Chart:
    """Return a chart as the archive has it, with the mishaps that befell it.

    Parameters
    ----------
    without
        Those that the files of a layout cannot hold.

    """
    for mishap, distance in MISHAPS.items():
        if mishap not in without and _befalls(chart.admission, mishap, distance):
            chart = mishap(chart, Random(f"{chart.admission.seed}/{mishap.__name__}"))
    return chart.without_idle_evidence()


def _befalls(admission: Admission, mishap: Mishap, distance: int) -> bool:
    hospital = admission.seed.partition("/")[0]
    first = Random(f"{hospital}/{mishap.__name__}").randrange(distance)
    return admission.ordinal % distance == first
