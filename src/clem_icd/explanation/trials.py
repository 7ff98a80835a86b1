"""Trials of the explanations of a model: what happens if words are masked, or its parameters are shuffled."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any, Protocol, cast

import numpy as np
import numpy.typing as npt

from clem_icd.corpus import Note
from clem_icd.errors import ModelError
from clem_icd.explanation.explaining import Explainer
from clem_icd.explanation.faithfulness import (
    kept_counts,
    masked_counts,
    normalised_aopc,
    relative_drop,
    strict_counts,
    with_best,
    without_best,
)
from clem_icd.explanation.masking import Ids, MaskedNote, masked_note
from clem_icd.explanation.spans import word_shares
from clem_icd.explanation.token_weights import TokenWeights
from clem_icd.modeling import ModelInfo, System
from clem_icd.modeling.system import Span

_STRETCHES = 6
"""64 scores per note show the best and the worst order of six stretches exactly."""

_EXACT_BEAM = 20
_RANDOM_SPANS = 5

_NAMES = (
    "comprehensiveness",
    "sufficiency",
    "strict_comprehensiveness",
    "strict_sufficiency",
    "normalised_aopc",
    "top_span_beats_random",
)


class Explained(Protocol):
    """A note and its explanations."""

    note: Note
    labels: list[int]
    assigned: set[int]
    found: TokenWeights
    spans: list[tuple[Span, ...]]


class Trials:
    """Puts the explanations of one model on trial.

    Parameters
    ----------
    system, info
        The result of `load_model`.

    """

    def __init__(self, system: System, info: ModelInfo) -> None:
        self._system = system
        self._info = info
        self._shuffled: System | None = None

    def metrics(self, explainer: Explainer, explained: Sequence[Any]) -> dict[str, float | None]:
        """Return the mean result of each trial over the assigned codes of some notes; None without any."""
        results: dict[str, list[float]] = {name: [] for name in _NAMES}
        for one in explained:
            for name, values in self._masked(one).items():
                results[name] += values
        results["shuffled_correlation"] = self._correlations(explainer, explained)
        return {name: float(np.mean(values)) if values else None for name, values in results.items()}

    def _masked(self, one: Explained) -> dict[str, list[float]]:
        rows = [row for row, label in enumerate(one.labels) if label in one.assigned]
        labels = [one.labels[row] for row in rows]
        results: dict[str, list[float]] = {name: [] for name in _NAMES}
        if not labels:
            return results
        note = masked_note(self._system, self._info, one.note.text, labels)
        shares = _shares_of_words(one, note)
        random = np.random.default_rng(0)
        for column, row in enumerate(rows):
            if not len(note.words):
                continue
            order = np.argsort(-shares[row], kind="stable").tolist()
            for name, value in _faithfulness(note, order, column).items():
                results[name].append(value)
            results["normalised_aopc"].append(_normalised(note, shares[row], column))
            variants = _without_spans(note, one.spans[row], random)
            if variants:
                found = note.log_odds(variants)[:, column]
                results["top_span_beats_random"] += _below(float(found[0]), found[1:])
        note.forget()
        return results

    def _correlations(self, explainer: Explainer, explained: Sequence[Explained]) -> list[float]:
        """Return the rank correlation of each explanation with that of a model of shuffled parameters."""
        from scipy.stats import spearmanr

        if self._info.system != "neural":
            return []
        if self._shuffled is None:
            self._shuffled = _shuffled(self._system)
        shuffled = Explainer(self._shuffled, self._info, explainer.method, explainer.rule)
        values = []
        for one in explained:
            try:
                other = shuffled.weigh(one.note.text, one.labels)
            except ModelError:
                # A method may check itself, and fail on the values of a model that makes no sense.
                continue
            for own, theirs in zip(one.found.weights, other.weights, strict=True):
                if len(own) > 1 and np.ptp(own) > 0 and np.ptp(theirs) > 0:
                    values.append(float(spearmanr(own, theirs).statistic))
        return values


def _shares_of_words(one: Explained, note: MaskedNote) -> npt.NDArray[np.float32]:
    """Return the share of each word that was read [labels, words]."""
    words, shares = word_shares(one.note.text, one.found)
    return shares[:, np.isin(words[:, 0], note.offsets[:, 0])]


def _faithfulness(note: MaskedNote, order: Sequence[int], column: int) -> dict[str, float]:
    groups = [note.words[word] for word in order]
    masked, kept, strict = masked_counts(len(groups)), kept_counts(len(groups)), strict_counts(len(groups))
    whole = float(note.probabilities([note.ids])[0, column])

    def drops(
        variants: Callable[[Any, Any, int, Sequence[int]], Any], counts: Sequence[int]
    ) -> dict[int, float]:
        needed = sorted({*counts, *strict})
        found = note.probabilities(list(variants(note.ids, groups, note.mask_id, needed)))[:, column]
        return dict(zip(needed, found.astype(np.float64).tolist(), strict=True))

    without, only = drops(without_best, masked), drops(with_best, kept)
    return {
        "comprehensiveness": relative_drop(whole, [without[count] for count in masked]),
        "sufficiency": relative_drop(whole, [only[count] for count in kept], clip=True),
        "strict_comprehensiveness": relative_drop(whole, [without[count] for count in strict]),
        "strict_sufficiency": relative_drop(whole, [only[count] for count in strict]),
    }


def _normalised(note: MaskedNote, shares: npt.NDArray[np.float32], column: int) -> float:
    """Return the normalised AOPC of the stretches of a note."""
    stretches = [part for part in np.array_split(np.arange(len(note.words)), _STRETCHES) if len(part)]
    groups = [[token for word in part for token in note.words[word]] for part in stretches]
    # All at once, in full batches; the search then finds every probability known.
    subsets = [
        note.without([word for part in range(len(stretches)) if bits >> part & 1 for word in stretches[part]])
        for bits in range(1, 1 << len(stretches))
    ]
    note.probabilities(subsets)

    def score(ids: Ids) -> float:
        return float(note.probabilities([ids])[0, column])

    best = np.argsort([-shares[part].sum() for part in stretches], kind="stable")
    order = [groups[part] for part in best]
    return normalised_aopc(score, note.ids, order, note.mask_id, beam=_EXACT_BEAM)


def _without_spans(note: MaskedNote, spans: Sequence[Span], random: np.random.Generator) -> list[Ids]:
    """Return a note without the top span of a code, and without each of some random stretches as long.

    There are none without a span, or if no stretch lies outside it.
    """
    if not spans:
        return []
    top = max(spans, key=lambda span: span.weight)
    inside = (note.offsets[:, 0] < top.end) & (note.offsets[:, 1] > top.begin)
    [words] = np.nonzero(inside)
    begins = len(note.words) - len(words) + 1
    free = [begin for begin in range(begins) if not inside[begin : begin + len(words)].any()]
    if not len(words) or not free:
        return []
    drawn = random.choice(free, _RANDOM_SPANS)
    stretches = [range(begin, begin + len(words)) for begin in drawn]
    return [note.without(those) for those in (words.tolist(), *stretches)]


def _below(own: float, others: npt.NDArray[np.floating[Any]]) -> list[float]:
    """Return whether log-odds are below each of some others; left out where both are the same infinity."""
    return [float(own < other) for other in others if np.isfinite(own) or own != other]


def _shuffled(system: System) -> System:
    """Return a neural system with the values of every parameter in random order."""
    import torch

    from clem_icd.modeling import NeuralSystem

    neural = cast(NeuralSystem, system)
    model: Any = copy.deepcopy(neural.model)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            order = torch.randperm(parameter.numel(), generator=generator).to(parameter.device)
            parameter.copy_(parameter.flatten()[order].reshape(parameter.shape))
    return NeuralSystem(model, neural.tokenizer, neural.reading, neural.batch_tokens)
