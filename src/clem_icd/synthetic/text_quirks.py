"""Text quirks that have tripped parsers: line endings, quotes, non-ASCII characters, de-identification marks.

The offsets of the evidence follow every change.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from random import Random

from clem_icd.synthetic.chart import Document
from clem_icd.synthetic.edits import Edit, apply_edits
from clem_icd.synthetic.phrases import Phrase, pick

__all__ = ["with_crlf", "with_foreign_characters", "with_mimic3_marks", "with_quotes"]

# Two to four bytes per character, combining marks, and characters that some tools treat as spaces or line
# breaks.
_FOREIGN = (
    "Interpreter: Zo\u00eb \u674e (\u666e\u901a\u8bdd), ward \U0001f3e5\u202f3\u00a0B, 37\u00a0\u00b0C",
    "Scanned form \u2713 \U0001d53d\U0001d540\U0001d540, clerk Ame\u0301lie\u2028second page \U0001f4c4",
    "Faxed \U0001f4e0 from \u0141\u00f3d\u017a, \u00b5g checked twice \U0001f9ea",
)
_QUOTED = (
    'Patient states "I feel fine", "really", and ""nothing hurts"".',
    '"Full code", per family; scale reads 5\'11", label: ",",',
    'Nurse wrote: "see note, page 2"\n"seen", initials ""',
)
_MARK = re.compile(r"___")
_MARKS = tuple(
    Phrase(text)
    for text in (
        "[**2{105-198}-{1-12}-{1-28}**]",
        "[**{1-12}-{1-28}**]",
        "[**Hospital{1-9} {10-99}**]",
        "[**Last Name (un) {100-9000}**]",
        "[**First Name{7-9} (NamePattern{1-2}) {10-99}**]",
        "[**Known lastname {100-9000}**]",
        "[**Telephone/Fax (1) {100-9000}**]",
        "[**Age over 90 {10-99}**]",
    )
)
_NEWLINE = re.compile("\n")


def with_crlf(document: Document) -> Document:
    """End every line with a carriage return and a line feed."""
    return _with_edits(document, [Edit(*found.span(), "\r\n") for found in _NEWLINE.finditer(document.text)])


def with_foreign_characters(document: Document, rng: Random) -> Document:
    """Insert a line of multi-byte characters before the first evidence."""
    return _with_line(document, pick(rng, _FOREIGN))


def with_quotes(document: Document, rng: Random) -> Document:
    """Insert quotes and commas before the first evidence, and quotes at the end."""
    changed = _with_line(document, pick(rng, _QUOTED))
    return replace(changed, text=f'{changed.text}"signed"') if changed.text else changed


def with_mimic3_marks(document: Document, seed: str) -> Document:
    """Replace ``___`` by de-identification marks in MIMIC-III's style; equal texts get equal marks."""
    rng = Random(f"{seed}/marks")
    found = _MARK.finditer(document.text)
    return _with_edits(document, [Edit(*match.span(), pick(rng, _MARKS).render(rng)) for match in found])


def _with_line(document: Document, line: str) -> Document:
    """Insert a line after the first one, the banner."""
    at = document.text.find("\n") + 1
    return _with_edits(document, [Edit(at, at, f"{line}\n")] if at else [])


def _with_edits(document: Document, edits: Sequence[Edit]) -> Document:
    text, evidence = apply_edits(document.text, document.evidence, edits)
    return replace(document, text=text, evidence=evidence)
