"""The scores file: reading, writing, restricting to other labels, importing and exporting.

The scores of any system are evaluated alike. `imports` turns those of other systems into a scores file,
`export_scores` writes scores for other tools, and `known_labels` restricts an evaluation to the labels that a
system knows.
"""

from clem_icd.scores.exports import export_scores
from clem_icd.scores.file import Scores, require_same_labels, write_scores
from clem_icd.scores.restriction import Restricted, known_labels

__all__ = ["Restricted", "Scores", "export_scores", "known_labels", "require_same_labels", "write_scores"]
