"""Mishaps in the hospital's archive, each in a small and known share of the admissions.

Each mishap recurs at a fixed interval, so that a hospital of 200 admissions has all of them. The intervals
are primes, so that the mishaps combine in varying ways.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random

from clem_icd.synthetic import code_mishaps, note_mishaps
from clem_icd.synthetic.chart import Chart
from clem_icd.synthetic.hospital import Admission

__all__ = ["MISHAPS", "Mishap", "with_mishaps"]

Mishap = Callable[[Chart, Random], Chart]

# The interval of each mishap in admissions, in the order in which mishaps apply to one admission.
# A mishap's function name seeds its random choices: renaming the function changes every synthetic hospital.
MISHAPS: Mapping[Mishap, int] = {
    note_mishaps.second_note: 67,
    note_mishaps.repeated_note: 71,
    note_mishaps.unlinked_note: 83,
    note_mishaps.blank_addition: 101,
    note_mishaps.emptied_note: 131,
    code_mishaps.mixed_versions: 61,
    note_mishaps.quotes: 59,
    note_mishaps.foreign_characters: 43,
    note_mishaps.crlf_lines: 53,
    note_mishaps.marked_as_error: 103,
    code_mishaps.missing_code: 73,
    code_mishaps.code_listed_twice: 79,
    code_mishaps.padded_code: 89,
    code_mishaps.dotted_code: 127,
    code_mishaps.procedures_alone: 31,  # a third of these admissions have procedures
    code_mishaps.only_a_missing_code: 137,
    code_mishaps.uncoded: 151,
    note_mishaps.unwritten_summary: 149,
}


def with_mishaps(chart: Chart, without: frozenset[Mishap]) -> Chart:
    """Return a chart as archived, with the mishaps that happen to it.

    Parameters
    ----------
    without
        Mishaps that the layout cannot represent.

    """
    for mishap, interval in MISHAPS.items():
        if mishap not in without and _happens_to(chart.admission, mishap, interval):
            chart = mishap(chart, Random(f"{chart.admission.seed}/{mishap.__name__}"))
    return chart.without_unassigned_evidence()


def _happens_to(admission: Admission, mishap: Mishap, interval: int) -> bool:
    hospital = admission.seed.partition("/")[0]
    first = Random(f"{hospital}/{mishap.__name__}").randrange(interval)
    return admission.ordinal % interval == first
