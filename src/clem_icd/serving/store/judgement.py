"""What a coder can say of a code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from clem_icd.errors import InputError

REASONS = (
    "not documented",
    "negated or ruled out",
    "history or family",
    "not specific enough",
    "wrong code",
    "not coded by policy",
)
"""Why a coder rejects a code."""

PRESENT_ON_ADMISSION = ("Y", "N", "U", "W", "1")
"""Yes, no, unknown, clinically undetermined, exempt (UB-04)."""

_LONGEST_COMMENT = 2_000


@dataclass(frozen=True)
class Judgement:
    """What a coder says of a code; fields that are None say nothing.

    Attributes
    ----------
    verdict
        ``accepted``, ``rejected``, ``replaced`` by another code, or ``open`` again.
    reason
        One of `REASONS`, for a rejected code.
    replaced_by
        The code that takes its place, of the same system.
    present_on_admission
        One of `PRESENT_ON_ADMISSION`.
    comment
        Free text.

    """

    verdict: Literal["open", "accepted", "rejected", "replaced"]
    reason: str | None = None
    replaced_by: str | None = None
    present_on_admission: str | None = None
    comment: str | None = None

    def __post_init__(self) -> None:
        if self.reason is not None and (self.verdict != "rejected" or self.reason not in REASONS):
            raise InputError(
                f"the reason {self.reason!r} does not fit a code that is {self.verdict}",
                remedy=f"Reject the code for one of: {', '.join(REASONS)}",
            )
        if (self.replaced_by is not None) != (self.verdict == "replaced"):
            raise InputError(
                f"a code that is {self.verdict} has the replacement {self.replaced_by!r}",
                remedy="Name the code that takes its place if it is replaced, and only then",
            )
        if self.present_on_admission not in (None, *PRESENT_ON_ADMISSION):
            raise InputError(
                f"present on admission is {self.present_on_admission!r}",
                remedy=f"Give one of {', '.join(PRESENT_ON_ADMISSION)}",
            )
        if self.comment is not None and len(self.comment) > _LONGEST_COMMENT:
            raise InputError(
                f"the comment has {len(self.comment):,} characters, expected at most {_LONGEST_COMMENT:,}",
                remedy="Shorten it",
            )
