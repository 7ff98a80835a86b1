"""From a trained model to scores for a corpus, or to suggestions for notes that nobody has coded.

`Scores` rest on disk and are judged by the room ``evaluation``, whoever made them: ``imports`` reads those of
other systems, `export_scores` writes ours for other tools, and `known_labels` judges a system
on a corpus of other labels. The `Coder` is what a coder's screen, a service or a script holds.
"""

from clem_icd.prediction.bulk import predict_split
from clem_icd.prediction.coder import Coder, Coding, Suggestion
from clem_icd.prediction.exports import export_scores
from clem_icd.prediction.imports import ImportOptions, import_scores
from clem_icd.prediction.judging import judge_known_labels, judge_scores
from clem_icd.prediction.overlap import overlap_warnings
from clem_icd.prediction.restriction import Restricted, known_labels
from clem_icd.prediction.scores import Scores, require_same_labels, write_scores
from clem_icd.prediction.text import check_text, decode_note, read_note
from clem_icd.prediction.thresholds import threshold_for

__all__ = [
    "Coder",
    "Coding",
    "ImportOptions",
    "Restricted",
    "Scores",
    "Suggestion",
    "check_text",
    "decode_note",
    "export_scores",
    "import_scores",
    "judge_known_labels",
    "judge_scores",
    "known_labels",
    "overlap_warnings",
    "predict_split",
    "read_note",
    "require_same_labels",
    "threshold_for",
    "write_scores",
]
