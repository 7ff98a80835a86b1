"""What is measured, and how often."""

from __future__ import annotations

from dataclasses import dataclass

from clem_icd.errors import InputError
from clem_icd.modeling.precision import REDUCED

PRECISIONS = ("fp32", *REDUCED)

QUICK_REPEATS = 1
REPEATS = 3


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a measurement.

    Attributes
    ----------
    lengths
        Lengths of notes, in tokens, or in words for a system without tokens; None for the usual ones.
    precisions
        Precisions in which the model is read, of `PRECISIONS`; None for all that a system has.
    repeats
        How often each pass is timed; the median counts.
    quick
        Whether to measure shorter notes and smaller matrices.
    longest_pass
        The longest single pass of a rival, in seconds, as expected before it; 0 for no rivals.
    memory
        Whether to measure peak memory, for which each system is opened and run once more.

    """

    lengths: tuple[int, ...] | None = None
    precisions: tuple[str, ...] | None = None
    repeats: int = REPEATS
    quick: bool = False
    longest_pass: float = 60.0
    memory: bool = True

    def __post_init__(self) -> None:
        for name in self.precisions or ():
            if name not in PRECISIONS:
                raise InputError(
                    f"{name!r} is not a precision", remedy=f"Name some of {', '.join(PRECISIONS)}"
                )
        if self.repeats < 1:
            raise InputError(f"{self.repeats} repeats were asked for", remedy="Ask for at least one")
