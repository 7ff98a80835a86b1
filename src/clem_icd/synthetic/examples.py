"""Notes to try a model on where no others are at hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from clem_icd.synthetic.hospital import admissions
from clem_icd.synthetic.layouts import LAYOUTS

_SEED = 20
_LAYOUT = "mimic4"


def example_notes(words: Sequence[int]) -> Iterator[str]:
    """Yield one synthetic discharge summary for each number of words; the same for every call.

    Parameters
    ----------
    words
        The median length of the summaries that each is drawn from.

    """
    layout = LAYOUTS[_LAYOUT]
    for position, length in enumerate(words):
        [stay] = admissions(1, _SEED + position, length, icd9_share=layout.icd9_share)
        documents = layout.chart(stay, 0).documents
        yield max((document.text for document in documents), key=len)
