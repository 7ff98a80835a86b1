"""Reading the whole note in one piece, up to the encoder's context."""

from __future__ import annotations

from typing import Literal

from clem_icd.modeling.readings.reading import Reading


class WholeReading(Reading):
    """The first ``max_tokens`` tokens of a note as one sequence (Cross 2025)."""

    kind: Literal["whole"] = "whole"
