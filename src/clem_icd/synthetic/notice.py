"""The notice that labels synthetic data, as ``SYNTHETIC.json`` and ``README.md``."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any

from clem_icd.files import write_json, write_text

__all__ = ["NOTICE", "write_notice"]

NOTICE = (
    "These admissions and notes are generated. No patient, physician or hospital stands behind them, and no "
    "real note was read to write them. They show whether software runs, scales and learns what is plainly "
    "there. They cannot show how well a system codes real notes: their language, their mistakes and the way "
    "their codes follow from the text are far simpler, and no score on them may be compared with a score on "
    "real notes, nor support any clinical or billing use."
)

_README = """\
# Synthetic data: no patient

{notice}

| | |
|---|---|
| generator | {generator} |
| layout | {layout} |
| admissions | {admissions} |
| seed | {seed} |
| words | {words} (median length of a discharge summary) |

The tree under `physionet.org/` has the layout of the official files, so that whatever reads those reads this.
{numbers} {coding} Nobody is pregnant or newborn.

Some of it is wrong on purpose, as real files are: notes are missing, empty, filed twice, late or under no
admission, codes are missing, listed twice or oddly written, lines end in two ways.

`evidence.parquet` holds where each code is written: `note_id`, `code` (dotted), `system`, `begin` and `end`
(half-open, in Unicode code points of the note's text), `weight` (1) and `method` (`synthetic`). A code can
show in a medication, a laboratory value or a finding alone. Conditions that a note denies, tells of a
relative or recalls as over are no evidence.
"""


_OWN = "Subject, admission and MIMIC-III note numbers lie in ranges that the real files do not use."
_PUBLISHED = (
    "**Admission numbers are those of published split files and occur in the real data; what stands under "
    "such a number has nothing to do with that admission.** Subject and MIMIC-III note numbers lie in ranges "
    "that the real files do not use."
)
_CODING = {"mimic4": "About one patient in ten is coded in ICD-9."}


def write_notice(
    folder: Path, *, layout: str, admissions: int, seed: int, words: int, numbered: bool
) -> None:
    """Write ``SYNTHETIC.json`` and ``README.md`` into the root of a tree.

    Parameters
    ----------
    numbered
        Whether the admission numbers are taken from published split files.

    """
    facts: dict[str, Any] = {
        "synthetic": True,
        "generator": f"clem-icd {version('clem-icd')}",
        "layout": layout,
        "admissions": admissions,
        "seed": seed,
        "words": words,
        "notice": NOTICE,
    }
    write_json(folder / "SYNTHETIC.json", facts)
    numbers = _PUBLISHED if numbered else _OWN
    coding = _CODING.get(layout, "Every patient is coded in ICD-9.")
    write_text(folder / "README.md", _README.format(**facts, numbers=numbers, coding=coding))
