"""What the synthetic hospital says of itself, wherever it leaves something."""

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
| words | {words} (median length of a note) |

The tree under `physionet.org/` has the layout of the official files, so that whatever reads those reads this.
Subject and admission numbers lie in ranges that the real files do not use. About one patient in ten is coded
in ICD-9. Nobody is pregnant or newborn.

`evidence.parquet` holds where each code is written: `note_id`, `code` (dotted), `system`, `begin` and `end`
(half-open, in Unicode code points of the note's text), `weight` (1) and `method` (`synthetic`). A code can
show in a medication, a laboratory value or a finding alone. Conditions that a note denies, tells of a
relative or recalls as over are no evidence.
"""


def write_notice(folder: Path, *, layout: str, admissions: int, seed: int, words: int) -> None:
    """Write ``SYNTHETIC.json`` and ``README.md`` into the root of a tree."""
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
    write_text(folder / "README.md", _README.format(**facts))
