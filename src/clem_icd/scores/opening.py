"""Scores of either kind: for every label of a corpus, or the best codes of a whole code system."""

from __future__ import annotations

from pathlib import Path

from clem_icd.scores.file import Scores
from clem_icd.scores.ranked import RankedScores
from clem_icd.scores.table import is_ranked

AnyScores = Scores | RankedScores


def open_scores(path: Path | str) -> AnyScores:
    """Read a scores file of either kind.

    Raises
    ------
    ScoresError
        If the file is missing, malformed or of another version.

    """
    path = Path(path)
    return RankedScores.read(path) if is_ranked(path) else Scores.read(path)
