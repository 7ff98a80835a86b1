"""All inputs, by what they stand in the place of."""

from __future__ import annotations

from wild.code_inputs import CODE_INPUTS
from wild.making import Input
from wild.mimic_inputs import MIMIC_INPUTS
from wild.note_inputs import NOTE_INPUTS
from wild.score_inputs import SCORE_INPUTS
from wild.table_inputs import TABLE_INPUTS

INPUTS: dict[str, tuple[Input, ...]] = {
    "A note": NOTE_INPUTS,
    "A table": TABLE_INPUTS,
    "Codes": CODE_INPUTS,
    "PhysioNet's files": MIMIC_INPUTS,
    "Scores of another system": SCORE_INPUTS,
}
