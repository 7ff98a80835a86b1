"""The raw file layouts in which a synthetic hospital can be written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, Self

from clem_icd.synthetic.annotating import SETTINGS, settings_of
from clem_icd.synthetic.chart import Chart
from clem_icd.synthetic.charting import complete_chart, summary_chart
from clem_icd.synthetic.hospital import ICD9_SHARE, Admission
from clem_icd.synthetic.mdace import MdaceTree
from clem_icd.synthetic.mimic3 import Mimic3Tree
from clem_icd.synthetic.mimic4 import Mimic4Tree
from clem_icd.synthetic.writer import Mention

__all__ = ["LAYOUTS", "Layout", "Tree"]


class Tree(Protocol):
    """A tree of raw files, filled one admission at a time inside a ``with`` block."""

    def __enter__(self) -> Self:
        """Create the files."""

    def __exit__(self, *details: object) -> None:
        """Close the files."""

    def add(self, chart: Chart) -> Iterator[tuple[str, tuple[Mention, ...]]]:
        """Write one admission; yield the id and the evidence of each note, in order."""

    def finish(self) -> None:
        """Write everything that follows the last admission."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A raw file layout, and what it holds of an admission.

    Attributes
    ----------
    chart
        Makes the chart of an admission, given the mean number of notes other than discharge summaries.
    other_notes
        Whether the layout has notes other than discharge summaries.
    icd9_share
        Share of the patients coded in ICD-9.

    """

    tree: Callable[[Path], Tree]
    chart: Callable[[Admission, float], Chart]
    other_notes: bool
    icd9_share: float


def _mdace_chart(admission: Admission, other_notes: float) -> Chart:
    settings = settings_of(admission.ordinal)
    also = dict.fromkeys(category for name in sorted(settings) for category in SETTINGS[name])
    return replace(complete_chart(admission, other_notes, also), annotated=settings)


LAYOUTS: Mapping[str, Layout] = {
    "mimic3": Layout(Mimic3Tree, complete_chart, other_notes=True, icd9_share=1.0),
    "mimic4": Layout(
        Mimic4Tree, lambda admission, _: summary_chart(admission), other_notes=False, icd9_share=ICD9_SHARE
    ),
    "mdace": Layout(MdaceTree, _mdace_chart, other_notes=True, icd9_share=1.0),
}
