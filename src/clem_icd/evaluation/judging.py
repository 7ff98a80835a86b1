"""Scores beside a corpus become the metrics document: whoever made the scores, it is made here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from clem_icd.corpus import Corpus
from clem_icd.decisions import Rule
from clem_icd.evaluation.analysis.groups import error_groups
from clem_icd.evaluation.analysis.note_facts import TokenStarts
from clem_icd.evaluation.document import metrics_document
from clem_icd.evaluation.identity import identity_of
from clem_icd.scores.file import Scores
from clem_icd.scores.restriction import known_labels

RESAMPLES = 1000
"""As many as an interval of 95 % needs to be steady in its second digit."""


def judge_scores(
    scores: Scores,
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
    """Judge scores by the codes of a split.

    Parameters
    ----------
    rule
        What decides.
    threshold_source
        Where the rule is from.
    profile
        Which metrics, on which notes.
    resamples
        How often to resample for the intervals: subjects where the corpus knows them, else notes. 0 for
        no intervals.
    token_starts
        Finds tokens, so that errors are told by tokens too.
    progress
        Called with a number of resamples that are done.

    Returns
    -------
        What ``metrics.json`` holds.

    Raises
    ------
    ScoresError
        If the scores are not those of the split, or have another label space.

    """
    values, targets = scores.of(corpus, split), corpus.targets(split)
    note_ids = corpus.note_ids(split)
    return metrics_document(
        targets,
        values,
        threshold=rule,
        threshold_source=threshold_source,
        corpus=corpus.about,
        split=split,
        system=_system(scores),
        profile=profile,
        train_counts=corpus.train_counts(),
        identity=identity_of(note_ids, corpus.codes, targets),
        subjects=corpus.subjects(split),
        resamples=resamples,
        errors=error_groups(corpus, split, rule.decide(values), token_starts=token_starts),
        warnings=scores.warnings,
        progress=progress,
    )


def judge_known_labels(
    scores: Scores,
    corpus: Corpus,
    split: str,
    rule: Rule,
    *,
    threshold_source: Literal["model", "given", "validation"],
    profile: str = "all",
    resamples: int = RESAMPLES,
    progress: Callable[[int], None] | None = None,
) -> dict[str, Any]:
    """Judge scores whose label space is not that of the corpus, by the codes that the system knows.

    The document says what was left out. It is comparable with others that left out the same, and with
    nothing else. It has no groups by training count and no table of errors.

    Raises
    ------
    ScoresError
        If the notes are not those of the split, or no note has a label that the system knows.

    """
    part = known_labels(scores, corpus, split)
    subjects = corpus.subjects(split)
    if subjects is not None:
        subject_of = dict(zip(corpus.note_ids(split), subjects, strict=True))
        subjects = [subject_of[note_id] for note_id in part.note_ids]
    return metrics_document(
        part.targets,
        part.values,
        threshold=rule,
        threshold_source=threshold_source,
        corpus=corpus.about,
        split=split,
        system=_system(scores),
        profile=profile,
        identity=identity_of(part.note_ids, part.labels, part.targets),
        subjects=subjects,
        resamples=resamples,
        warnings=(*scores.warnings, *part.warnings),
        progress=progress,
    )


def _system(scores: Scores) -> str:
    return str(scores.about.get("system", "unknown"))
