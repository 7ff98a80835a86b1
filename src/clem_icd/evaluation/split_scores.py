"""The scores of a split and its codes, each read once for everything that is computed from them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clem_icd.corpus import Corpus
from clem_icd.decisions.arrays import BoolArray, FloatArray, IntArray
from clem_icd.decisions.policies import PolicyName, choose_rule
from clem_icd.decisions.rules import Rule, as_rule
from clem_icd.evaluation.judgement import Judgement
from clem_icd.evaluation.scope import LabelScope, corpus_space, decisions, ranked_space, require_common
from clem_icd.icd import Code
from clem_icd.scores.opening import AnyScores
from clem_icd.scores.ranked import RankedScores
from clem_icd.scores.ranked_file import RankedSpace

__all__ = ["SplitScores", "system_of"]


@dataclass(frozen=True, eq=False)
class SplitScores:
    """A system's scores for the notes of a split, together with the codes of these notes.

    Attributes
    ----------
    corpus, split
        The scored notes.
    labels
        The labels that are judged: those of the corpus and, of ranked scores, all listed codes [labels].
    targets, values
        Which notes carry which labels, and the scores, in the order of the corpus [notes, labels].
    train_counts
        Number of training notes of each label; 0 for one that the corpus lacks [labels].
    system
        The system that produced the scores.
    warnings
        Sentences that a reader of results has to know.
    scope, space
        How labels count that the corpus lacks, and what was ranked; None unless the scores are ranked.

    """

    corpus: Corpus
    split: str
    labels: tuple[Code, ...]
    targets: BoolArray
    values: FloatArray
    train_counts: IntArray
    system: str
    warnings: tuple[str, ...]
    scope: LabelScope | None = None
    space: RankedSpace | None = None

    @classmethod
    def of(cls, scores: AnyScores, corpus: Corpus, split: str) -> SplitScores:
        """Match scores with the notes and labels of a split.

        Raises
        ------
        ScoresError
            If the scores are for other notes than the split's; if they are not ranked, and for another label
            space than that of the corpus; or if they are ranked, and do not fit into memory.
        CorpusError
            If the corpus has no such split.

        """
        system = system_of(scores)
        if not isinstance(scores, RankedScores):
            values = scores.of(corpus, split)
            targets, counts = corpus.targets(split), corpus.train_counts()
            return cls(corpus, split, corpus.codes, targets, values, counts, system, scores.warnings)
        labels = scores.judged_labels(corpus)
        values = scores.of(corpus, split, labels)
        in_corpus, columns = _columns(corpus.codes, labels)
        return cls(
            corpus,
            split,
            labels,
            _placed(corpus.targets(split), columns, len(labels)),
            values,
            _placed(corpus.train_counts(), columns, len(labels)),
            system,
            scores.warnings,
            LabelScope(in_corpus, listed_only=True),
            scores.space,
        )

    @property
    def label_space(self) -> dict[str, Any]:
        """The label space, as results describe it."""
        of_corpus = len(self.corpus.codes)
        return corpus_space(of_corpus) if self.space is None else ranked_space(self.space, of_corpus)

    def choose(self, policy: PolicyName) -> Rule:
        """Choose a decision rule on these scores.

        Raises
        ------
        ScoresError
            If the policy cannot be applied to them.

        """
        rule = choose_rule(policy, self.targets, self.values, self.train_counts)
        require_common(rule, self.scope)
        return rule

    def decided(self, rule: Rule) -> BoolArray:
        """Return which labels a rule assigns [notes, labels].

        Raises
        ------
        ScoresError
            If the rule is for other labels, or for each label of ranked scores.

        """
        require_common(rule, self.scope)
        return decisions(as_rule(rule, len(self.labels)), self.values, self.scope)

    def judgement(
        self,
        rule: Rule,
        *,
        profile: str | Collection[str] = "all",
        buckets: bool = True,
        over: Sequence[Code] | None = None,
    ) -> Judgement:
        """Judge the decisions of a rule.

        Parameters
        ----------
        profile
            Which metrics, on which notes.
        buckets
            Whether to add metrics by training frequency.
        over
            A larger label space to judge them in, such as that of another system [all labels]. A label that
            is not judged here scores 0 and is not assigned.

        Raises
        ------
        ScoresError
            If the rule does not fit the scores, or the profile is unknown.

        """
        decided = self.decided(rule)
        one = self if over is None or tuple(over) == self.labels else self._over(over)
        if one is not self:
            decided = _placed(decided, _columns(self.labels, one.labels)[1], len(one.labels))
        return Judgement.of(
            one.targets,
            one.values,
            rule,
            profile=profile,
            train_counts=one.train_counts if buckets else None,
            scope=one.scope,
            decided=decided,
        )

    def _over(self, labels: Sequence[Code]) -> SplitScores:
        _, columns = _columns(self.labels, labels)
        in_corpus, _ = _columns(self.corpus.codes, labels)
        return replace(
            self,
            labels=tuple(labels),
            targets=_placed(self.targets, columns, len(labels)),
            values=_placed(self.values, columns, len(labels)),
            train_counts=_placed(self.train_counts, columns, len(labels)),
            scope=LabelScope(in_corpus, listed_only=self.space is not None),
        )


def system_of(scores: AnyScores) -> str:
    """Return the system that produced scores, as far as the file says."""
    return str(scores.about.get("system", "unknown"))


def _columns(some: Sequence[Code], labels: Sequence[Code]) -> tuple[BoolArray, NDArray[np.int64]]:
    """Return which labels are among some of them [labels], and the place of each of those [some]."""
    position = {label: place for place, label in enumerate(labels)}
    columns = np.array([position[label] for label in some], dtype=np.int64)
    inside = np.zeros(len(labels), dtype=np.bool_)
    inside[columns] = True
    return inside, columns


def _placed(values: NDArray[Any], columns: NDArray[np.int64], size: int) -> NDArray[Any]:
    """Spread the last axis of an array over ``size`` columns, with 0 in the others [..., size]."""
    placed = np.zeros((*values.shape[:-1], size), dtype=values.dtype)
    placed[..., columns] = values
    return placed
