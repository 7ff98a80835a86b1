"""The notice that labels synthetic data, as ``SYNTHETIC.json`` and ``README.md``."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any

from clem_icd.files import write_json, write_text

__all__ = ["NOTICE", "write_notice"]

NOTICE = (
    "These admissions and notes are generated. They describe no real patient, physician or hospital, and no "
    "real note was used to write them. They show whether software runs, scales and learns what is stated "
    "plainly. They cannot show how well a system codes real notes, whose language, errors and links between "
    "text and codes are far more complex. Scores on them must not be compared with scores on real notes or "
    "support any clinical or billing use."
)

_README = """\
# Synthetic data: no real patients

{notice}

| | |
|---|---|
| generator | {generator} |
| layout | {layout} |
| admissions | {admissions} |
| seed | {seed} |
| words | {words} (median length of a discharge summary) |

The tree under `physionet.org/` has the layout of the official files, so that any reader of those can read it.
{numbers} {coding} There are no pregnant patients and no newborns.

Some errors are deliberate, as in real files: notes are missing, empty, duplicated, late or without an
admission; codes are missing, duplicated or oddly formatted; line endings are mixed.

`evidence.parquet` holds the evidence for each code: `note_id`, `code` (dotted), `system`, `begin` and `end`
(half-open offsets into the note's text, in Unicode code points), `weight` (1) and `method` (`synthetic`). The
only evidence for a code may be a medication, a laboratory value or a finding. Conditions that a note denies,
attributes to a relative or reports as resolved are not evidence.
"""


_OWN = "Subject, admission and MIMIC-III note numbers are in ranges that the real files do not use."
_PUBLISHED = (
    "**Admission numbers are taken from published split files and occur in the real data, but the notes and "
    "codes here have nothing to do with those admissions.** Subject and MIMIC-III note numbers are in ranges "
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
