"""From a scores file and a corpus to the metrics document, whichever system produced the scores."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from clem_icd.corpus import Corpus
from clem_icd.decisions import Rule
from clem_icd.evaluation.analysis.breakdown import error_groups
from clem_icd.evaluation.analysis.note_facts import TokenStarts
from clem_icd.evaluation.analysis.outcomes import Outcomes
from clem_icd.evaluation.document import metrics_document
from clem_icd.evaluation.identity import identity_of
from clem_icd.evaluation.judgement import Judgement
from clem_icd.evaluation.scope import corpus_space
from clem_icd.evaluation.split_scores import SplitScores, system_of
from clem_icd.scores.opening import AnyScores
from clem_icd.scores.restriction import known_labels

RESAMPLES = 1000
"""Enough for a stable second digit of a 95 % interval."""


def judge_scores(
    scores: AnyScores,
    corpus: Corpus,
    split: str,
    rule: Rule,
    *,
    threshold_source: Literal["model", "given", "validation"],
    profile: str = "all",
    resamples: int = RESAMPLES,
    token_starts: TokenStarts | None = None,
    progress: Callable[[int], None] | None = None,
) -> dict[str, Any]:
    """Evaluate scores against the codes of a split.

    Parameters
    ----------
    rule
        The rule that assigns codes.
    threshold_source
        Where the rule comes from.
    profile
        Which metrics, on which notes.
    resamples
        Number of resamples for the intervals, by subject where the corpus has subjects and by note
        otherwise; 0 omits the intervals.
    token_starts
        Finds tokens, so that errors are also broken down by token counts.
    progress
        Called with the number of resamples just finished.

    Returns
    -------
        The contents of ``metrics.json``.

    Raises
    ------
    ScoresError
        If the notes of the scores differ from those of the split, or their label space does and they are
        not ranked.

    """
    return judge_split(
        SplitScores.of(scores, corpus, split),
        rule,
        threshold_source=threshold_source,
        profile=profile,
        resamples=resamples,
        token_starts=token_starts,
        progress=progress,
    )


def judge_split(
    one: SplitScores,
    rule: Rule,
    *,
    threshold_source: Literal["model", "given", "validation"],
    profile: str = "all",
    resamples: int = RESAMPLES,
    token_starts: TokenStarts | None = None,
    progress: Callable[[int], None] | None = None,
) -> dict[str, Any]:
    """Judge scores that are already matched with their split; otherwise as `judge_scores`."""
    corpus, split = one.corpus, one.split
    judgement = one.judgement(rule, profile=profile)
    outcomes = Outcomes.of(judgement.all_targets, judgement.all_decided)
    targets = judgement.all_targets
    if one.scope is not None:
        targets = targets[:, one.scope.in_corpus]
    return metrics_document(
        judgement,
        threshold_source=threshold_source,
        corpus=corpus.about,
        split=split,
        system=one.system,
        space=one.space,
        label_space=one.label_space,
        identity=identity_of(corpus.note_ids(split), corpus.codes, targets),
        subjects=corpus.subjects(split),
        resamples=resamples,
        errors=error_groups(
            corpus,
            split,
            outcomes,
            labels=one.labels,
            ranks=judgement.ranks.rank,
            token_starts=token_starts,
        ),
        warnings=one.warnings,
        progress=progress,
    )


def judge_known_labels(
    scores: AnyScores,
    corpus: Corpus,
    split: str,
    rule: Rule,
    *,
    threshold_source: Literal["model", "given", "validation"],
    profile: str = "all",
    resamples: int = RESAMPLES,
    progress: Callable[[int], None] | None = None,
) -> dict[str, Any]:
    """Evaluate scores whose label space differs from the corpus, on the codes that the system knows.

    The document says what was left out, and is comparable only with documents that left out the same. It
    has neither label-frequency buckets nor error tables.

    Raises
    ------
    ScoresError
        If the notes differ from those of the split, no note has a label that the system knows, or the scores
        are ranked.

    """
    part = known_labels(scores, corpus, split)
    subjects = corpus.subjects(split)
    if subjects is not None:
        subject_of = dict(zip(corpus.note_ids(split), subjects, strict=True))
        subjects = [subject_of[note_id] for note_id in part.note_ids]
    return metrics_document(
        Judgement.of(part.targets, part.values, rule, profile=profile),
        threshold_source=threshold_source,
        corpus=corpus.about,
        split=split,
        system=system_of(scores),
        label_space=corpus_space(len(part.labels), kind="known"),
        identity=identity_of(part.note_ids, part.labels, part.targets),
        subjects=subjects,
        resamples=resamples,
        warnings=(*scores.warnings, *part.warnings),
        progress=progress,
    )
