"""Token plausibility: how well the weights of tokens agree with the tokens that coders marked.

`token_plausibility`, `tuned_threshold` and `normalised_entropy` are those of Edin et al. 2024, in every
detail that changes a number, so that results can be compared with theirs. `strict_plausibility` gives the
values that their definitions miss.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from clem_icd.errors import InputError

__all__ = ["CUTOFFS", "normalised_entropy", "strict_plausibility", "token_plausibility", "tuned_threshold"]

CUTOFFS = (1, 5, 10, 50, 100)
"""The k of precision and recall among the k tokens with the highest weights."""

_EPSILON = 1e-11
_CUTS = np.linspace(0, 1, 101)
_TUNING_CUTS = np.linspace(0, 0.1, 101)

Doubles = npt.NDArray[np.float64]
Positions = npt.NDArray[np.int64]
Pairs = list[tuple[Doubles, Positions]]


def token_plausibility(
    weights: Sequence[npt.ArrayLike], evidence: Sequence[npt.ArrayLike], threshold: float
) -> dict[str, float]:
    """Return how well the weights of tokens agree with marked tokens (Edin et al. 2024).

    A token is predicted if its weight exceeds the threshold. 1e-11 is added to the denominators of precision,
    recall, F1, ``span_recall`` and ``cover``, so that 0/0 = 0, and to both sides of the ratio in ``kl``.

    Parameters
    ----------
    weights
        The weights of each (note, code) pair, without the first and last token, and with the sum 1
        [pairs][tokens].
    evidence
        The positions of the marked tokens of each pair, sorted; at least one per pair [pairs][marked].
    threshold
        The threshold.

    Returns
    -------
    dict
        ``precision``, ``recall``, ``f1``
            Of predicted tokens; counts are pooled over pairs.
        ``auprc``
            Area under pooled precision over pooled recall, by trapezoids between the thresholds 0, 0.01 … 1.
        ``empty``
            Share of pairs whose highest weight is below the threshold.
        ``span_recall``
            Mean over pairs of the share of marked spans, runs of consecutive positions, that contain a
            predicted token.
        ``cover``
            Mean over pairs of the share of tokens that are predicted, in the spans that contain a predicted
            token; 0 if there is no such span.
        ``iou``
            Mean over pairs of intersection over union of the marked tokens and as many tokens with the
            highest weights.
        ``kl``
            Mean over pairs of the Kullback-Leibler divergence, in nats, from the weights to a uniform
            distribution over the marked tokens.
        ``mean_predicted_tokens``
            Number of predicted tokens per pair.
        ``precision_at_k``, ``recall_at_k``
            Of the k tokens with the highest weights, for each k of ``CUTOFFS``; counts are pooled over pairs.
            Precision divides by k even if a note has fewer tokens.

        Of tokens with equal weights, the later ones rank higher. A repeated position counts once among the
        hits but as often as it occurs in the denominators of recall at k and of ``kl``, and ends a span.

    Raises
    ------
    InputError
        If no pairs are given, a pair has no evidence or has a position outside its tokens, a weight is not
        finite, or the numbers of pairs differ.

    """
    pairs = _pairs(weights, evidence)
    precision, recall, f1 = _pooled(pairs, [threshold])[:, 0].tolist()
    spans = np.array([_span_hits(own, marked, threshold) for own, marked in pairs])
    curve = _pooled(pairs, _CUTS)
    orders = [np.argsort(own, kind="stable")[::-1] for own, _ in pairs]
    return {
        "precision": precision,
        "recall": recall,
        "f1": f1,
        "auprc": abs(float(np.trapezoid(curve[0], curve[1]))),
        "empty": float(np.mean([own.max() < threshold for own, _ in pairs])),
        "span_recall": float(spans[:, 0].mean()),
        "cover": float(spans[:, 1].mean()),
        "iou": float(
            np.mean([_iou(order, marked) for order, (_, marked) in zip(orders, pairs, strict=True)])
        ),
        "kl": float(np.mean([_divergence(own, marked) for own, marked in pairs])),
        "mean_predicted_tokens": float(np.mean([np.sum(own > threshold) for own, _ in pairs])),
        **_at_cutoffs(orders, pairs),
    }


def tuned_threshold(weights: Sequence[npt.ArrayLike], evidence: Sequence[npt.ArrayLike]) -> float:
    """Return the first of the thresholds 0, 0.001 … 0.1 with the highest pooled F1 (Edin et al. 2024).

    Parameters
    ----------
    weights, evidence
        As for `token_plausibility`; pairs of the validation split.

    Raises
    ------
    InputError
        As `token_plausibility` raises it.

    """
    f1 = _pooled(_pairs(weights, evidence), _TUNING_CUTS)[2]
    return float(_TUNING_CUTS[np.argmax(f1)])


def normalised_entropy(weights: Sequence[npt.ArrayLike]) -> Doubles:
    """Return the entropy of the weights of each pair over that of equal weights (Edin et al. 2024) [pairs].

    It is the sum of -w log₂(w + 1e-11) over log₂ tokens: 0 if one token has all weight, 1 if all tokens have
    the same. Weights that are all 0 have the entropy 0 too, and so has a single token.

    Parameters
    ----------
    weights
        As for `token_plausibility`.

    """
    found = np.zeros(len(weights))
    for row, own in enumerate(weights):
        values = np.asarray(own, dtype=np.float64)
        if len(values) > 1:
            found[row] = -np.sum(values * np.log2(values + _EPSILON)) / np.log2(len(values))
    return found


def strict_plausibility(
    weights: Sequence[npt.ArrayLike], evidence: Sequence[npt.ArrayLike], threshold: float
) -> dict[str, float]:
    """Return what `token_plausibility` misses, with each marked token counted once.

    Parameters
    ----------
    weights, evidence, threshold
        As for `token_plausibility`; positions may be repeated or unsorted.

    Returns
    -------
    dict
        ``strict_empty``
            Share of pairs without a predicted token; includes pairs whose highest weight is the threshold.
        ``zero``
            Share of pairs without any weight, which ``normalised_entropy`` counts as perfectly sparse.
        ``average_precision``
            Area under pooled precision over pooled recall, in steps at every weight that occurs. The
            thresholds of ``auprc`` are coarser than most weights.
        ``r_precision``
            Mean over pairs of the share of marked tokens among as many tokens with the highest weights.
        ``strict_precision_at_k``
            Precision at k with the denominator min(k, tokens).

    Raises
    ------
    InputError
        As `token_plausibility` raises it.

    """
    pairs = [(own, np.unique(marked)) for own, marked in _pairs(weights, evidence)]
    orders = [np.argsort(own, kind="stable")[::-1] for own, _ in pairs]
    ranked = list(zip(orders, pairs, strict=True))
    values = {
        "strict_empty": float(np.mean([not np.any(own > threshold) for own, _ in pairs])),
        "zero": float(np.mean([not np.any(own) for own, _ in pairs])),
        "average_precision": _average_precision(pairs),
        "r_precision": float(
            np.mean([_hits(order, marked, len(marked)) / len(marked) for order, (_, marked) in ranked])
        ),
    }
    for k in CUTOFFS:
        hits = sum(_hits(order, marked, k) for order, (_, marked) in ranked)
        values[f"strict_precision_at_{k}"] = hits / sum(min(k, len(order)) for order in orders)
    return values


def _pairs(weights: Sequence[npt.ArrayLike], evidence: Sequence[npt.ArrayLike]) -> Pairs:
    if len(weights) != len(evidence):
        raise InputError(
            f"found weights of {len(weights):,} pairs and evidence of {len(evidence):,}, expected as many",
            remedy="Pass one array of each kind per pair of note and code",
        )
    if not len(weights):
        raise InputError(
            "there are no pairs of note and code", remedy="Pass notes with codes that have evidence"
        )
    pairs = [
        (np.asarray(own, dtype=np.float64), np.asarray(marked, dtype=np.int64))
        for own, marked in zip(weights, evidence, strict=True)
    ]
    for number, (own, marked) in enumerate(pairs):
        if not np.isfinite(own).all():
            raise InputError(
                f"pair {number} has {np.count_nonzero(~np.isfinite(own)):,} weights that are not finite, "
                f"among {len(own):,} tokens",
                remedy="Leave out the pair, or explain it by another method",
            )
        if not len(marked) or marked.min() < 0 or marked.max() >= len(own):
            found = f"{marked.min()} to {marked.max()}" if len(marked) else "none"
            raise InputError(
                f"pair {number} has {len(own):,} tokens and marked positions {found}, expected at least one, "
                "and all among the tokens",
                remedy="Leave out pairs whose evidence was not read",
            )
    return pairs


def _pooled(pairs: Pairs, thresholds: npt.ArrayLike) -> Doubles:
    """Return precision, recall and F1 at every threshold [3, thresholds]."""
    cuts = np.asarray(thresholds, dtype=np.float64)
    marked = np.sort(np.concatenate([own[np.unique(positions)] for own, positions in pairs]))
    every = np.sort(np.concatenate([own for own, _ in pairs]))
    hits = len(marked) - np.searchsorted(marked, cuts, side="right")
    predicted = len(every) - np.searchsorted(every, cuts, side="right")
    precision = hits / (predicted + _EPSILON)
    recall = hits / (len(marked) + _EPSILON)
    return np.stack([precision, recall, 2 * precision * recall / (precision + recall + _EPSILON)])


def _span_hits(own: Doubles, marked: Positions, threshold: float) -> tuple[float, float]:
    """Return the share of spans with a predicted token, and the share of predicted tokens in them."""
    predicted = own[marked] > threshold
    begins = np.concatenate([[0], np.flatnonzero(np.diff(marked) != 1) + 1])
    hits = np.add.reduceat(predicted, begins, dtype=np.int64)
    lengths = np.diff(np.append(begins, len(marked)))
    hit = hits > 0
    return hit.sum() / (len(hits) + _EPSILON), hits.sum() / (lengths[hit].sum() + _EPSILON)


def _hits(order: Positions, marked: Positions, k: int) -> int:
    """Return how many of the k best tokens are marked."""
    return int(np.isin(order[:k], marked).sum())


def _iou(order: Positions, marked: Positions) -> float:
    hits = _hits(order, marked, len(marked))
    best = min(len(marked), len(order))
    return hits / (best + len(np.unique(marked)) - hits)


def _divergence(own: Doubles, marked: Positions) -> float:
    share = 1 / len(marked)
    return float(np.sum(share * np.log((share + _EPSILON) / (own[np.unique(marked)] + _EPSILON))))


def _at_cutoffs(orders: Sequence[Positions], pairs: Pairs) -> dict[str, float]:
    relevant = sum(len(marked) for _, marked in pairs)
    values: dict[str, float] = {}
    for k in CUTOFFS:
        hits = sum(_hits(order, marked, k) for order, (_, marked) in zip(orders, pairs, strict=True))
        values[f"precision_at_{k}"] = hits / (k * len(pairs))
        values[f"recall_at_{k}"] = hits / relevant
    return values


def _average_precision(pairs: Pairs) -> float:
    values = np.concatenate([own for own, _ in pairs])
    marked = np.concatenate([np.isin(np.arange(len(own)), positions) for own, positions in pairs])
    order = np.argsort(-values, kind="stable")
    hits = np.cumsum(marked[order])
    # Tokens of equal weight are predicted together.
    last = np.append(np.diff(values[order]) != 0, True)
    precision = (hits / np.arange(1, len(hits) + 1))[last]
    recall = (hits / hits[-1])[last]
    return float(np.sum(np.diff(recall, prepend=0) * precision))
