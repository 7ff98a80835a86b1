"""Targets, scores and decisions of a split, each made once, and the metrics computed from them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from clem_icd.decisions.arrays import BoolArray, FloatArray, IntArray, check_arrays, ratio, row_chunks
from clem_icd.decisions.frequency import bucket_masks
from clem_icd.decisions.rules import Rule, as_rule
from clem_icd.errors import ScoresError
from clem_icd.evaluation.areas import AREAS, Areas
from clem_icd.evaluation.counts import LabelCounts, count_decisions
from clem_icd.evaluation.definitions import DEFINITIONS
from clem_icd.evaluation.profiles import profile_of
from clem_icd.evaluation.ranking import CUTOFFS, PositiveRanks, Ranking, rank_positives
from clem_icd.evaluation.scope import LabelScope, decisions
from clem_icd.evaluation.totals import Totals

__all__ = ["Judgement"]

Doubles = NDArray[np.float64]

_RESAMPLES_AT_ONCE = 64


@dataclass(frozen=True, eq=False)
class Judgement:
    """A system's scores and decisions for the notes of a split, together with the codes of these notes.

    Everything in ``metrics.json`` is computed from one judgement, so targets are built once and the rule
    decides once. Metrics can be computed repeatedly with different note weights: a bootstrap over notes
    costs little more than one evaluation.

    Attributes
    ----------
    targets, scores, decided
        Which notes carry which labels, the system's scores, and the labels it assigned [notes, labels];
        without the notes that the profile excludes.
    rule
        The rule that made the decisions.
    profile
        The name of the profile.
    names
        The metrics of the profile, in the order of ``DEFINITIONS``.
    kept
        Which notes the profile keeps [all notes].
    all_targets, all_decided
        As ``targets`` and ``decided``, including the notes that the profile excludes [all notes, labels].
    buckets
        The labels of each training-frequency bucket, by name [labels].
    scope
        How labels count that the corpus lacks; None if it has all of them.

    """

    targets: BoolArray
    scores: FloatArray
    decided: BoolArray
    rule: Rule
    profile: str
    names: tuple[str, ...]
    kept: BoolArray
    all_targets: BoolArray
    all_decided: BoolArray
    buckets: dict[str, BoolArray]
    scope: LabelScope | None = None

    @classmethod
    def of(
        cls,
        targets: BoolArray,
        scores: FloatArray,
        threshold: float | FloatArray | Rule = 0.5,
        *,
        profile: str | Collection[str] = "all",
        train_counts: IntArray | None = None,
        scope: LabelScope | None = None,
        decided: BoolArray | None = None,
    ) -> Judgement:
        """Evaluate scores against the codes of the notes; the first parameters are those of `evaluate`.

        Parameters
        ----------
        scope
            How labels count that the corpus lacks; by default it has all of them.
        decided
            The decisions of the rule, if they were made before [notes, labels].

        Raises
        ------
        ScoresError
            If the arrays do not match, are empty or contain NaN, or a name is unknown.

        """
        check_arrays(targets, scores)
        wanted = profile_of(profile)
        kept = np.ones(len(targets), dtype=np.bool_)
        if wanted.coded_notes_only:
            kept &= targets.any(axis=1)
        if not kept.any():
            raise ScoresError(
                f"no note has a code, and the profile {profile} counts only notes with codes",
                remedy="Choose another profile, or a split with coded notes",
            )
        rule = as_rule(threshold, scores.shape[1] if decided is None else None)
        if decided is None:
            decided = decisions(rule, scores, scope)
        masks = {} if train_counts is None else bucket_masks(train_counts, scores.shape[1])
        # A bucket without labels of the corpus has no macro-F1.
        buckets = {
            name: inside
            for (name, _, _), inside in masks.items()
            if scope is None or (inside & scope.in_corpus).any()
        }
        names = tuple(
            name
            for name in DEFINITIONS
            if name in wanted.names or name.partition("_train_count_")[2] in buckets
        )
        # A copy only where notes are excluded: these are the largest arrays of an evaluation.
        rows: slice | BoolArray = slice(None) if kept.all() else kept
        return cls(
            targets=targets[rows],
            scores=scores[rows],
            decided=decided[rows],
            rule=rule,
            profile=profile if isinstance(profile, str) else wanted.title,
            names=names,
            kept=kept,
            all_targets=targets,
            all_decided=decided,
            buckets=buckets,
            scope=scope,
        )

    @property
    def notes(self) -> int:
        """The number of notes that the profile keeps."""
        return len(self.targets)

    @property
    def labels(self) -> int:
        """The size of the label space."""
        return int(self.targets.shape[1])

    def values(self, weights: FloatArray | None = None) -> dict[str, Doubles]:
        """Return the metrics by name, with each note counted as often as its weight says [resamples].

        Parameters
        ----------
        weights
            How often each note counts [resamples, notes]. By default every note counts once, and each
            metric has a single value.

        """
        if weights is None:
            weights = np.ones((1, self.notes))
            values = self._plain_totals.metrics()
            if self._has_areas:
                values |= {name: np.array([area]) for name, area in self._areas.values().items()}
        else:
            blocks = [
                self.totals(weights[begin : begin + _RESAMPLES_AT_ONCE]).metrics()
                for begin in range(0, len(weights), _RESAMPLES_AT_ONCE)
            ]
            values = {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}
            if self._has_areas:
                values |= self.areas(weights)
        return {name: values[name] for name in self.names}

    def totals(self, weights: FloatArray) -> Totals:
        """Return the sums over notes from which all metrics except the areas are computed.

        In metrics per label, the "split labels" of a resample are those with a positive in the resample;
        ranks and exact matches keep using the labels with a positive in the whole split.

        Parameters
        ----------
        weights
            How often each note counts [resamples, notes].

        """
        hits, predictions, positives = (_weigh(weights, pairs) for pairs in self._pairs)
        own = weights.astype(np.float64)
        return Totals(
            LabelCounts(own.sum(axis=1), hits, predictions - hits, positives - hits),
            own @ self.targets.any(axis=1),
            {name: own @ note_values for name, note_values in self._per_note.items()},
            self.buckets,
            self._in_corpus,
        )

    def areas(self, weights: FloatArray) -> dict[str, Doubles]:
        """Return the areas under curves, which cannot be computed from sums over notes [resamples]."""
        return self._areas.weighted(weights)

    @cached_property
    def counts(self) -> LabelCounts:
        """Hits and misses of each label, every note counted once [labels]."""
        return count_decisions(self.targets, self.decided)

    @property
    def _has_areas(self) -> bool:
        return any(name in AREAS for name in self.names)

    @cached_property
    def _areas(self) -> Areas:
        if self._in_corpus is None:
            return Areas(self.targets, self.scores)
        return Areas(self.targets[:, self._in_corpus], self.scores[:, self._in_corpus])

    @cached_property
    def ranks(self) -> PositiveRanks:
        """The rank of every label that a kept note carries, among all labels [positives]."""
        return rank_positives(self.targets, self.scores, listed_only=self._listed_only)

    @property
    def _in_corpus(self) -> BoolArray | None:
        return None if self.scope is None else self.scope.in_corpus

    @property
    def _listed_only(self) -> bool:
        return self.scope is not None and self.scope.listed_only

    @cached_property
    def _plain_totals(self) -> Totals:
        counts = self.counts
        return Totals(
            LabelCounts(
                counts.notes[np.newaxis],
                counts.true_positives[np.newaxis],
                counts.false_positives[np.newaxis],
                counts.false_negatives[np.newaxis],
            ),
            np.array([float(np.count_nonzero(self.targets.any(axis=1)))]),
            {name: np.array([note_values.sum()]) for name, note_values in self._per_note.items()},
            self.buckets,
            self._in_corpus,
        )

    @cached_property
    def _pairs(self) -> tuple[csr_array, csr_array, csr_array]:
        """Pairs of a note and a label: assigned correctly, assigned, and in the targets [notes, labels]."""
        return (
            csr_array(self.targets & self.decided, dtype=np.float32),
            csr_array(self.decided, dtype=np.float32),
            csr_array(self.targets, dtype=np.float32),
        )

    @cached_property
    def _per_note(self) -> dict[str, Doubles]:
        """The value of each note, by the name of the metric that averages them [notes]."""
        in_split: BoolArray = np.asarray(self.targets.any(axis=0))
        values = self._ranked(self.ranks, "")
        if in_split.all():
            values |= {f"{name}_split_labels": note_values for name, note_values in values.items()}
        elif in_split.any():
            ranks = rank_positives(
                self.targets[:, in_split], self.scores[:, in_split], listed_only=self._listed_only
            )
            values |= self._ranked(ranks, "_split_labels")
        else:
            values |= {f"{name}_split_labels": np.zeros(self.notes) for name in values}
        return values | self._decided(in_split)

    @staticmethod
    def _ranked(ranks: PositiveRanks, scope: str) -> dict[str, Doubles]:
        ranking = Ranking.of(ranks)
        values = {}
        for k in CUTOFFS:
            values[f"precision_at_{k}{scope}"] = ranking.precision_at(k)
            values[f"recall_at_{k}{scope}"] = ranking.recall_at(k)
        values[f"r_precision{scope}"] = ranking.r_precision()
        values[f"map{scope}"] = ranking.average_precision
        if not scope:
            values["map_at_30"] = ranking.average_precision_at[30]
            values["map_codiesp"] = ranking.average_precision_at[1000]
        return values

    def _decided(self, in_split: BoolArray) -> dict[str, Doubles]:
        shape = (4, self.notes)
        hits, predictions, wrong, wrong_in_split = np.zeros(shape)
        for rows in row_chunks(self.targets):
            target, decided = self.targets[rows], self.decided[rows]
            hits[rows] = np.count_nonzero(target & decided, axis=1)
            predictions[rows] = np.count_nonzero(decided, axis=1)
            different = target != decided
            wrong[rows] = np.count_nonzero(different, axis=1)
            wrong_in_split[rows] = np.count_nonzero(different[:, in_split], axis=1)
        return {
            "exact_match": (wrong == 0).astype(np.float64),
            "exact_match_split_labels": (wrong_in_split == 0).astype(np.float64),
            "instance_precision": ratio(hits, predictions),
            "instance_recall": ratio(hits, np.count_nonzero(self.targets, axis=1)),
            "instance_f1": ratio(2 * hits, 2 * hits + wrong),
        }


def _weigh(weights: FloatArray, pairs: csr_array) -> Doubles:
    """Count the pairs of each label, weighted by note [resamples, labels]."""
    counted: Doubles = (pairs.T @ weights.T.astype(np.float32)).T.astype(np.float64)
    return counted
