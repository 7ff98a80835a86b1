"""What a text that is not a code may be instead, for the error that refuses it."""

from __future__ import annotations

import re
import unicodedata

from clem_icd.icd.marks import without_mark
from clem_icd.icd.systems import CodeSystem

__all__ = ["cause_and_remedy"]

_MISSING = frozenset(
    ("nan", "na", "n/a", "#n/a", "<na>", "nat", "null", "(null)", "none", "undefined", "\\n", "-", "--", ".")
)  # fmt: skip

_MONTH = r"(?:jan|feb|mar|mrz|apr|may|mai|jun|jul|aug|sep|oct|okt|nov|dec|dez)[a-z]*\.?"
_SPREADSHEET = re.compile(
    r"[0-9]+(?:[.,][0-9]+)?e[+-][0-9]+"  # 8E+21
    rf"|[0-9]{{1,2}}[-./ ]+{_MONTH}(?:[-./ ]+[0-9]{{2,4}})?|{_MONTH}[-./ ]+[0-9]{{1,4}}"  # 1-Oct, Oct-01
    r"|[0-9]{1,2}[-./][0-9]{1,2}[-./][0-9]{2,4}|[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[t ][0-9:.]+)?"  # 10/1/2024
    r"|[a-z]?[0-9]{2,3},[0-9]{1,2}"  # 250,0
    r"|[0-9]{4,}\.0|[0-9](?:\.[0-9]{1,2})?",  # 25000.0; 0.66 for 00.66
    re.IGNORECASE,
)


def cause_and_remedy(text: str, system: CodeSystem) -> tuple[str, str] | None:
    """Return why a text is not a code of a system, and what to do; None if nothing is recognized.

    Parameters
    ----------
    text
        A text without the shape of the system's codes, cleaned (`clem_icd.icd.text`).
    system
        The system of the code that was expected.

    """
    _, marked = without_mark(text, system)
    if marked:
        return "a mark (†, +, * or !) follows the code", "Remove the mark: it is not part of the code"
    if not text.isascii():
        character = next(character for character in text if not character.isascii())
        return f"it contains {_name(character)}", "Write codes in ASCII letters and digits"
    if text.casefold() in _MISSING:
        return "it is how a program writes a missing value", "Leave a missing code empty"
    if _SPREADSHEET.fullmatch(text):
        return (
            "it looks like a number or date that a spreadsheet reformatted",
            "Make the column text in the spreadsheet, then enter the codes again",
        )
    return None


def _name(character: str) -> str:
    point = f"U+{ord(character):04X}"
    return f"{point} {unicodedata.name(character, '')}".rstrip()
