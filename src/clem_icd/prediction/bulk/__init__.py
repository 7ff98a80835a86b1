"""Scoring many notes: shard by shard, in several processes or machines, and resumed after an interruption.

`survey` passes over the notes once, and cuts them into shards. Every shard is scored by whichever process is
free, and stored as a folder that appears whole (``parts``). `predict_notes` scores the shards that are not
there yet, and puts all of them together into one scores file.
"""

from clem_icd.prediction.bulk.model import ModelSource, hardware_of
from clem_icd.prediction.bulk.notes import FileNotes, Notes, SplitNotes, TableNotes
from clem_icd.prediction.bulk.parts import Failed, earlier_precision
from clem_icd.prediction.bulk.running import (
    BulkResult,
    Engine,
    Opened,
    Part,
    Work,
    check_outputs,
    nothing_readable,
    predict_notes,
)
from clem_icd.prediction.bulk.surveying import Survey, survey

__all__ = [
    "BulkResult",
    "Engine",
    "Failed",
    "FileNotes",
    "ModelSource",
    "Notes",
    "Opened",
    "Part",
    "SplitNotes",
    "Survey",
    "TableNotes",
    "Work",
    "check_outputs",
    "earlier_precision",
    "hardware_of",
    "nothing_readable",
    "predict_notes",
    "survey",
]
