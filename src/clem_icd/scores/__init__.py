"""The scores file: reading, writing, restricting to other labels, importing and exporting.

Anyone's scores are judged alike: ``imports`` reads those of other systems, `export_scores` writes
ours for other tools, and `known_labels` restricts them to the labels of another corpus.
"""

from clem_icd.scores.exports import export_scores
from clem_icd.scores.file import Scores, require_same_labels, write_scores
from clem_icd.scores.restriction import Restricted, known_labels

__all__ = ["Restricted", "Scores", "export_scores", "known_labels", "require_same_labels", "write_scores"]
