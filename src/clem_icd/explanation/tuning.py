"""Choosing the cut of a method on notes with evidence that coders marked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from clem_icd.corpus import Evidence, Note
from clem_icd.explanation.explaining import Explainer
from clem_icd.explanation.spans import SpanRule, word_shares

__all__ = ["CUTS", "MOST_NOTES", "TunedRule", "tuned_rule"]

CUTS: tuple[float, ...] = (0.0, *(float(f"{cut:.4g}") for cut in np.geomspace(1e-4, 0.5, 100)))
"""The cuts that are tried: 0, and 100 in equal ratios, since shares depend on the length of the note."""

MOST_NOTES = 200
"""Enough notes for a stable cut."""


class TunedRule(NamedTuple):
    """A rule, and how it was chosen, as a sentence without its full stop."""

    rule: SpanRule
    chosen: str


def tuned_rule(
    explainer: Explainer,
    notes: Iterable[Note],
    *,
    where: str = "validation",
    progress: Callable[[int], Any] | None = None,
) -> TunedRule | None:
    """Choose the cut with the best word F1 on annotated notes, and whether shares are spread.

    A pair of a note and a code counts if a coder marked a span for it that the system has read, whether or
    not the system assigns the code. Its gold words are those that such a span overlaps, and its predicted
    words are those with a share above the cut, with shares that are spread as the rule or its method says,
    or not at all. Both are pooled over all pairs. Of equally good rules, the one with the lowest cut that
    spreads nothing is chosen.

    Parameters
    ----------
    explainer
        The system and the method; the other settings of its rule are kept.
    notes
        Notes in order, of which the first `MOST_NOTES` with evidence are used.
    where
        What the notes are, for the sentence.
    progress
        Called with the number of notes explained since its last call.

    Returns
    -------
    TunedRule or None
        None if the method gives spans without a rule, no marked span was read, or no cut finds any gold word.

    """
    default = explainer.method.default_rule
    if default is None:
        return None
    annotated = list(islice((note for note in notes if note.evidence), MOST_NOTES))
    spreads = list(dict.fromkeys((0.0, explainer.rule.spread, default.spread)))
    counted = _counts(explainer, annotated, spreads, progress)
    f1 = {
        (spread, cut): float(value)
        for spread, (predicted, right, gold) in counted.of_spreads.items()
        for cut, value in zip(CUTS, 2 * right / np.maximum(predicted + gold, 1), strict=True)
    }
    spread, cut = max(f1, key=lambda rule: f1[rule])
    if not f1[spread, cut]:
        return None
    rule = explainer.rule.model_copy(update={"cut": cut, "spread": spread})
    chosen = (
        f"it has the best word F1 ({f1[spread, cut]:.3f}) of {len(f1)} for the {counted.pairs:,} marked "
        f"codes of {len(annotated):,} annotated notes of {where}"
    )
    return TunedRule(rule, chosen)


class _Words(NamedTuple):
    """Words above each cut, those of them that are gold [cuts], and the number of gold words."""

    predicted: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]
    gold: int


class _Counts(NamedTuple):
    """The words by spread, and the number of pairs of a note and a code."""

    of_spreads: dict[float, _Words]
    pairs: int


def _counts(
    explainer: Explainer,
    notes: Sequence[Note],
    spreads: Sequence[float],
    progress: Callable[[int], Any] | None,
) -> _Counts:
    # A share is above the first cuts: as many as are less than it. Compared as float32, like by a rule.
    cuts = np.array(CUTS, dtype=np.float32)
    above = np.zeros((len(spreads), 2, len(cuts) + 1), dtype=np.int64)
    total = pairs = 0
    for note in notes:
        for of_spreads, gold in _pairs(explainer, note, spreads):
            for own, shares in zip(above, of_spreads, strict=True):
                places = np.searchsorted(cuts, shares, side="left")
                for row, those in enumerate((places, places[gold])):
                    own[row] += np.bincount(those, minlength=len(cuts) + 1)
            total += int(np.count_nonzero(gold))
            pairs += 1
        if progress is not None:
            progress(1)
    summed = above[:, :, ::-1].cumsum(axis=2)[:, :, -2::-1]
    return _Counts(
        {spread: _Words(own[0], own[1], total) for spread, own in zip(spreads, summed, strict=True)}, pairs
    )


def _pairs(
    explainer: Explainer, note: Note, spreads: Sequence[float]
) -> Iterator[tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]]:
    """Yield what is needed of each marked code.

    It is the shares of words by spread [spreads, words], and which words are gold [words].
    """
    spans = [span for span in note.evidence if explainer.scores(span.code)]
    codes = list(dict.fromkeys(span.code for span in spans))
    if not codes:
        return
    weights = explainer.weigh(note.text, explainer.places_of(codes))
    words, _ = word_shares(note.text, weights)
    # [codes, spreads, words]
    shares = np.stack([word_shares(note.text, weights, spread)[1] for spread in spreads], axis=1)
    for code, own in zip(codes, shares, strict=True):
        marked = [span for span in spans if span.code == code and span.end <= weights.read]
        gold = gold_words(words, marked)
        if gold.any():
            yield own, gold


def gold_words(words: npt.NDArray[np.int64], spans: Iterable[Evidence]) -> npt.NDArray[np.bool_]:
    """Return which words overlap any of some spans [words]."""
    gold = np.zeros(len(words), dtype=np.bool_)
    for span in spans:
        gold |= (words[:, 0] < span.end) & (words[:, 1] > span.begin)
    return gold
