"""The scores file: reading, writing, restricting to other labels, importing and exporting.

A file has a score for every label of a corpus (`Scores`), or lists the best codes of a whole code system for
each note (`RankedScores`); `open_scores` reads both, and the scores of any system are evaluated alike.
`imports` turns those of other systems into a scores file, and `export_scores` writes scores for other tools.
`known_labels` restricts an evaluation to the labels that a system knows, `corpus_labels` ranked scores to the
labels of a corpus, `average` is the mean of the scores of several systems, and `join_scores` puts those of
parts of the notes together.
"""

from clem_icd.scores.averaging import average
from clem_icd.scores.exports import export_scores
from clem_icd.scores.file import Scores, require_same_labels, write_scores
from clem_icd.scores.joining import join_scores
from clem_icd.scores.opening import AnyScores, open_scores
from clem_icd.scores.ranked import RankedScores, require_same_space
from clem_icd.scores.ranked_file import TOP, RankedSpace, write_ranked
from clem_icd.scores.restriction import Restricted, corpus_labels, known_labels

__all__ = [
    "TOP",
    "AnyScores",
    "RankedScores",
    "RankedSpace",
    "Restricted",
    "Scores",
    "average",
    "corpus_labels",
    "export_scores",
    "join_scores",
    "known_labels",
    "open_scores",
    "require_same_labels",
    "require_same_space",
    "write_ranked",
    "write_scores",
]
