"""How good the evidence of a model is, by several methods on the same footing."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from clem_icd.corpus import Corpus, Evidence, Note, about_for_results
from clem_icd.cues import CUE_KINDS
from clem_icd.errors import ModelError, NoteError, ScoresError
from clem_icd.evidence import (
    MATCH_CLASSES,
    JudgedNote,
    normalised_entropy,
    note_ratios,
    strict_plausibility,
    token_plausibility,
    tuned_threshold,
)
from clem_icd.evidence.document import language_of
from clem_icd.explanation.explaining import Explainer
from clem_icd.explanation.measures import DEFINITIONS
from clem_icd.explanation.methods.method import Method
from clem_icd.explanation.spans import spans_of
from clem_icd.explanation.token_weights import TokenWeights
from clem_icd.explanation.trials import Trials
from clem_icd.explanation.units import on_tokens_of
from clem_icd.modeling import ModelInfo, System
from clem_icd.modeling.system import Span

__all__ = ["METHODS_FORMAT", "METHODS_FORMAT_VERSION", "measure_methods"]

METHODS_FORMAT = "clem-icd/evidence-methods"
METHODS_FORMAT_VERSION = 1

_DEFAULT_THRESHOLD = 0.05
_ASSIGNED = ("spans_per_code", "label_overlap", *(f"cue_{kind}" for kind in CUE_KINDS))
_MATCHED = tuple(f"match_{name}" for name in MATCH_CLASSES)


@dataclass(frozen=True)
class _Explained:
    """One note, explained by one method.

    Attributes
    ----------
    labels
        The explained labels: those with gold evidence that was read, and those that the model assigns.
    gold
        The gold evidence that was read, by label.
    assigned
        The labels that the model assigns.
    found
        The weights that the method gives, for each of ``labels``.
    compared
        The same weights on the units of the system, which all methods share.
    spans
        The spans of each of ``labels``.
    seconds
        The time it took.

    """

    note: Note
    labels: list[int]
    gold: dict[int, list[Evidence]]
    assigned: set[int]
    found: TokenWeights
    compared: TokenWeights
    spans: list[tuple[Span, ...]]
    seconds: float


@dataclass
class _LeftOut:
    """The notes that a method refuses, and why it refuses the first of them."""

    notes: int = 0
    reason: str | None = None

    def add(self, problem: ModelError | NoteError) -> None:
        self.notes += 1
        self.reason = self.reason or problem.found


def measure_methods(
    system: System,
    info: ModelInfo,
    corpus: Corpus,
    split: str = "test",
    methods: Sequence[Method | str | None] = (None,),
    *,
    notes: int | None = None,
    faithfulness_notes: int = 5,
    language: str | None = None,
    progress: Callable[[int], Any] | None = None,
) -> dict[str, Any]:
    """Measure how plausible and how faithful the evidence of a model is, by each of some methods.

    A note that a method refuses, such as one that is too long, is left out for that method and counted.

    Parameters
    ----------
    system, info
        The result of `load_model`.
    corpus, split
        Notes with gold evidence. The threshold of token plausibility is tuned on the validation split.
    methods
        The methods, as for `Explainer`; None for the default one.
    notes
        The most notes with evidence to explain, of either split, drawn at random; all by default.
    faithfulness_notes
        The number of these whose words are masked: each takes about 100 forward passes per assigned code.
    language
        The language of the notes, for cues; by default that of the corpus.
    progress
        Called with the number of notes explained since its last call.

    Returns
    -------
    dict
        The document that ``docs/reference/evidence-scores.md`` describes. A value that could not be measured
        is None.

    Raises
    ------
    CorpusError
        If the corpus has no such split.
    InputError
        If the method is unknown.
    ModelError
        If a method cannot explain the system.
    ScoresError
        If no note of the split has evidence for a code of the model.

    """
    explainers = [Explainer(system, info, method) for method in methods]
    chosen = _chosen(corpus, split, info, notes)
    if not chosen:
        raise ScoresError(
            f"no note of {split} has evidence for one of the model's {len(info.labels):,} codes",
            path=corpus.path,
            remedy="Choose a split or a corpus with annotated evidence, and a model of the same codes",
        )
    has_validation = split != "validation" and "validation" in corpus.splits
    tuning = _chosen(corpus, "validation", info, notes) if has_validation else []
    language = language or language_of(corpus)
    assigned = _assigned(system, info, chosen)
    trials = Trials(system, info)
    results = []
    for explainer in explainers:
        left_out, left_out_of_tuning = _LeftOut(), _LeftOut()
        tuned_on = _explained(explainer, tuning, [set()] * len(tuning), progress, left_out_of_tuning)
        threshold, source = _tuned(tuned_on)
        explained = _explained(explainer, chosen, assigned, progress, left_out)
        metrics: dict[str, float | None] = dict.fromkeys(DEFINITIONS)
        if explained:
            metrics = {
                **_plausibility(explained, threshold),
                **_spans(explained, info, language),
                **trials.metrics(explainer, explained[:faithfulness_notes]),
                **_seconds(explained),
            }
        results.append(
            {
                "method": explainer.name,
                "threshold": threshold,
                "threshold_source": source,
                "notes_left_out": left_out.notes,
                "validation_notes_left_out": left_out_of_tuning.notes,
                "left_out_because": left_out.reason or left_out_of_tuning.reason,
                "metrics": metrics,
            }
        )
    return {
        "format": METHODS_FORMAT,
        "format_version": METHODS_FORMAT_VERSION,
        "corpus": about_for_results(corpus.about),
        "split": split,
        "system": info.system,
        "notes": len(chosen),
        "pairs": sum(len(_gold(note, info, explainers[0].end_of_reading(note.text))) for note in chosen),
        "assigned": sum(len(own) for own in assigned),
        "validation_notes": len(tuning),
        "faithfulness_notes": min(faithfulness_notes, len(chosen)),
        "language": language,
        "methods": results,
        "definitions": DEFINITIONS,
    }


def _chosen(corpus: Corpus, split: str, info: ModelInfo, most: int | None) -> list[Note]:
    """Return notes with evidence for codes of the model, at most so many, in their order."""
    known = set(info.labels)
    notes = [note for note in corpus.notes(split) if any(span.code in known for span in note.evidence)]
    if most is None or most >= len(notes):
        return notes
    drawn = np.random.default_rng(0).choice(len(notes), most, replace=False)
    return [notes[place] for place in np.sort(drawn)]


def _assigned(system: System, info: ModelInfo, notes: Sequence[Note]) -> list[set[int]]:
    """Return the labels that the model assigns to each note."""
    scores = system.score([note.text for note in notes])
    decided = (info.rule.decide(probabilities[np.newaxis])[0] for probabilities, *_ in scores)
    return [set(np.flatnonzero(one).tolist()) for one in decided]


def _explained(
    explainer: Explainer,
    notes: Sequence[Note],
    assigned: Sequence[set[int]],
    progress: Callable[[int], Any] | None,
    left_out: _LeftOut,
) -> list[_Explained]:
    """Explain the assigned codes of some notes, and those with gold evidence; count refused notes."""
    explained = []
    for note, own in zip(notes, assigned, strict=True):
        try:
            explained.append(_explain(explainer, note, own))
        except (ModelError, NoteError) as problem:
            left_out.add(problem)
        if progress is not None:
            progress(1)
    return explained


def _explain(explainer: Explainer, note: Note, assigned: set[int]) -> _Explained:
    system, info = explainer.system, explainer.info
    labels = sorted(assigned | set(_gold(note, info, len(note.text))))
    begun = time.perf_counter()
    found = explainer.weigh(note.text, labels)
    if type(explainer.method).spans is Method.spans:
        spans = spans_of(note.text, found, explainer.rule)
    else:
        spans = explainer.spans(note.text, labels)
    seconds = time.perf_counter() - begun
    if not np.isfinite(found.weights).all():
        raise ModelError(
            f"method {explainer.name} gave weights that are not finite", remedy="Choose another method"
        )
    gold = _gold(note, info, found.read)
    compared = on_tokens_of(system, info, note.text, found)
    return _Explained(note, labels, gold, assigned, found, compared, spans, seconds)


def _gold(note: Note, info: ModelInfo, read: int) -> dict[int, list[Evidence]]:
    """Return the gold evidence that ends in the first ``read`` characters, by label."""
    place = {code: position for position, code in enumerate(info.labels)}
    gold: dict[int, list[Evidence]] = {}
    for span in note.evidence:
        if span.code in place and span.end <= read:
            gold.setdefault(place[span.code], []).append(span)
    return gold


def _tuned(explained: Sequence[_Explained]) -> tuple[float, str]:
    """Return the threshold of token plausibility, and where it comes from."""
    weights, evidence = _pairs(explained)
    if not weights:
        return _DEFAULT_THRESHOLD, "default"
    return tuned_threshold(weights, evidence), "validation"


def _pairs(
    explained: Sequence[_Explained],
) -> tuple[list[npt.NDArray[np.float32]], list[npt.NDArray[np.int64]]]:
    """Return the weights of the tokens of each (note, code) pair, and the tokens of its gold evidence."""
    weights, evidence = [], []
    for one in explained:
        begins = _visible_begins(one.note.text, one.compared.offsets)
        ends = one.compared.offsets[:, 1]
        shares = one.compared.shares
        for label, spans in one.gold.items():
            marked = np.zeros(len(begins), dtype=np.bool_)
            for span in spans:
                marked |= (begins < span.end) & (ends > span.begin)
            if marked.any():
                weights.append(shares[one.labels.index(label)])
                evidence.append(np.flatnonzero(marked))
    return weights, evidence


def _visible_begins(text: str, offsets: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return where each token begins after its leading blanks [tokens]."""
    begins = offsets[:, 0].copy()
    for token, (begin, end) in enumerate(offsets.tolist()):
        covered = text[begin:end]
        begins[token] += len(covered) - len(covered.lstrip()) if covered.strip() else 0
    return begins


def _plausibility(explained: Sequence[_Explained], threshold: float) -> dict[str, float | None]:
    weights, evidence = _pairs(explained)
    if not weights:
        return {}
    return {
        **token_plausibility(weights, evidence, threshold),
        **strict_plausibility(weights, evidence, threshold),
        "entropy": float(normalised_entropy(weights).mean()),
    }


def _spans(explained: Sequence[_Explained], info: ModelInfo, language: str) -> dict[str, float | None]:
    """Return match classes of the codes with gold evidence, and what the spans of assigned codes are like."""
    matched = note_ratios(
        [_judged(one, info, set(one.gold)) for one in explained], language=language
    ).overall()
    assigned = note_ratios(
        [_judged(one, info, one.assigned) for one in explained], language=language
    ).overall()
    values: dict[str, float | None] = {name: matched[f"evidence_{name}"] for name in _MATCHED}
    values |= {name: assigned.get(f"evidence_{name}") for name in _ASSIGNED}
    lengths = [
        len(spans)
        for one in explained
        for label, spans in zip(one.labels, one.spans, strict=True)
        if label in one.assigned
    ]
    values["without_span"] = float(np.mean([not length for length in lengths])) if lengths else None
    return values


def _judged(one: _Explained, info: ModelInfo, labels: set[int]) -> JudgedNote:
    predicted = tuple(
        Evidence(info.labels[label], span.begin, span.end)
        for label, spans in zip(one.labels, one.spans, strict=True)
        if label in labels
        for span in spans
    )
    gold = tuple(span for spans in one.gold.values() for span in spans)
    return JudgedNote(one.note.note_id, one.note.note_id, one.note.text, gold, predicted)


def _seconds(explained: Sequence[_Explained]) -> dict[str, float | None]:
    total = sum(one.seconds for one in explained)
    labels = sum(len(one.labels) for one in explained)
    return {
        "seconds_per_note": total / len(explained),
        "seconds_per_code": total / labels if labels else None,
    }
