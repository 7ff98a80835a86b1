"""The raw layouts that a synthetic hospital can be written in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, Self

from clem_icd.synthetic.annotating import SETTINGS, settings_of
from clem_icd.synthetic.chart import Chart
from clem_icd.synthetic.charting import complete_chart, summary_chart
from clem_icd.synthetic.hospital import ICD9_SHARE, Admission
from clem_icd.synthetic.mdace import MdaceLayout
from clem_icd.synthetic.mimic3 import Mimic3Layout
from clem_icd.synthetic.mimic4 import Mimic4Layout
from clem_icd.synthetic.writer import Mention

__all__ = ["LAYOUTS", "Files", "Layout"]


class Files(Protocol):
    """A tree that is filled admission by admission inside a ``with`` block."""

    def __enter__(self) -> Self:
        """Make the files."""

    def __exit__(self, *details: object) -> None:
        """Close the files."""

    def add(self, chart: Chart) -> Iterator[tuple[str, tuple[Mention, ...]]]:
        """Write one admission; give the id of each of its notes, in their order, with its evidence."""

    def finish(self) -> None:
        """Write what comes after the last admission."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Whose files a tree looks like.

    Attributes
    ----------
    chart
        What the files hold of an admission, with so many notes other than discharge summaries.
    other_notes
        Whether they hold such notes.
    icd9_share
        Of the patients are coded in ICD-9.

    """

    files: Callable[[Path], Files]
    chart: Callable[[Admission, float], Chart]
    other_notes: bool
    icd9_share: float


def _mdace_chart(admission: Admission, other_notes: float) -> Chart:
    settings = settings_of(admission.ordinal)
    also = dict.fromkeys(category for name in sorted(settings) for category in SETTINGS[name])
    return replace(complete_chart(admission, other_notes, also), annotated=settings)


LAYOUTS: Mapping[str, Layout] = {
    "mimic3": Layout(Mimic3Layout, complete_chart, other_notes=True, icd9_share=1.0),
    "mimic4": Layout(
        Mimic4Layout, lambda admission, _: summary_chart(admission), other_notes=False, icd9_share=ICD9_SHARE
    ),
    "mdace": Layout(MdaceLayout, _mdace_chart, other_notes=True, icd9_share=1.0),
}
