"""Which labels each metric counts, where a system ranks a whole code system rather than a corpus's labels.

A metric that averages over labels, or counts true negatives, depends on how many labels there are. It is
computed over the labels of the corpus, as for every other system. All others are computed over the whole code
system: assigning a code that the corpus lacks is wrong, and it takes a rank.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from clem_icd.decisions.arrays import BoolArray, FloatArray
from clem_icd.decisions.rules import LabelThresholds, Rule
from clem_icd.errors import ScoresError
from clem_icd.evaluation.areas import AREAS
from clem_icd.evaluation.definitions import ALL_LABELS, DEFINITIONS, Definition
from clem_icd.scores.ranked_file import RankedSpace

__all__ = [
    "LabelScope",
    "corpus_space",
    "decisions",
    "definition_over",
    "ranked_space",
    "require_common",
    "space_text",
]

_OF_CORPUS = "all labels of the corpus"
_PER_LABEL = ("macro_", "jaccard_macro", "fpr_")


@dataclass(frozen=True, eq=False)
class LabelScope:
    """How labels count of which some are not in the corpus.

    Attributes
    ----------
    in_corpus
        Which labels the corpus has [labels].
    listed_only
        Whether a score of 0 means that the system did not list the label: it then has no rank, and is never
        assigned.

    """

    in_corpus: BoolArray
    listed_only: bool


def decisions(rule: Rule, scores: FloatArray, scope: LabelScope | None) -> BoolArray:
    """Return which labels a rule assigns [notes, labels], from scores [notes, labels]."""
    decided = rule.decide(scores)
    return decided if scope is None or not scope.listed_only else decided & (scores > 0)


def require_common(rule: Rule, scope: LabelScope | None) -> None:
    """Refuse a rule with a threshold for each label where the scores list only the best labels of each note.

    Raises
    ------
    ScoresError
        If it is one.

    """
    if scope is not None and scope.listed_only and isinstance(rule, LabelThresholds):
        raise ScoresError(
            "the rule has a threshold for each label, expected a rule that is the same for all labels: the "
            "scores list only the best codes of each note",
            remedy="Choose a rule with another policy, such as edin2024",
        )


def corpus_space(labels: int, *, kind: str = "corpus") -> dict[str, Any]:
    """Describe the label space of metrics whose labels all have a score."""
    return {"name": kind, "size": labels, "description": f"{labels:,} labels"}


def ranked_space(space: RankedSpace, corpus_labels: int) -> dict[str, Any]:
    """Describe the label space of metrics of ranked scores."""
    return {
        "name": space.name,
        "size": space.size,
        "top": space.top,
        "corpus_labels": corpus_labels,
        "description": str(space),
    }


def space_text(document: Any) -> str:
    """Return the label space of a metrics or errors document for readers, such as ``50 labels``."""
    described = (document.get("label_space") or {}).get("description")
    return str(described or f"{document['labels']:,} labels")


def definition_over(name: str, space: RankedSpace | None) -> Definition:
    """Return the definition of a metric, with the labels that it counts for scores of this label space."""
    one = DEFINITIONS[name]
    if space is None:
        return one
    of_corpus = name in AREAS or name.startswith(_PER_LABEL)
    if one.labels == ALL_LABELS:
        return replace(one, labels=_OF_CORPUS if of_corpus else str(space))
    if "_train_count_" in name:
        return replace(one, labels=f"{one.labels}, of {'the corpus' if of_corpus else space}")
    return one
