"""How good the evidence of a model is, by several methods on the same footing."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from clem_icd.corpus import Corpus, Note, about_for_results
from clem_icd.errors import ModelError, NoteError, ScoresError
from clem_icd.evidence.document import language_of
from clem_icd.explanation.explained import ExplainedNote, gold_evidence
from clem_icd.explanation.explaining import Explainer
from clem_icd.explanation.measures import DEFINITIONS
from clem_icd.explanation.methods.method import Method
from clem_icd.explanation.plausible import agreement, best_threshold
from clem_icd.explanation.spans import spans_of
from clem_icd.explanation.trials import Trials
from clem_icd.explanation.units import on_tokens_of
from clem_icd.modeling import ModelInfo, System

__all__ = ["METHODS_FORMAT", "METHODS_FORMAT_VERSION", "measure_methods"]

METHODS_FORMAT = "clem-icd/evidence-methods"
METHODS_FORMAT_VERSION = 1


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
    resamples: int = 1000,
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
        The number of these whose words are masked, the same for all methods: each takes about 100 forward
        passes per assigned code.
    language
        The language of the notes, for cues; by default that of the corpus.
    resamples
        Number of resamples for the 95 % intervals, by subject where all notes have one and by note otherwise;
        0 omits the intervals.
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
    masked = {note.note_id for note in chosen[:faithfulness_notes]}
    trials = Trials(system, info)
    results = []
    for explainer in explainers:
        left_out, left_out_of_tuning = _LeftOut(), _LeftOut()
        tuned_on = _explained(explainer, tuning, [set()] * len(tuning), progress, left_out_of_tuning)
        threshold, source = best_threshold(tuned_on)
        explained = _explained(explainer, chosen, assigned, progress, left_out)
        tried = [one for one in explained if one.note.note_id in masked]
        metrics: dict[str, float | None] = dict.fromkeys(DEFINITIONS)
        intervals: dict[str, Any] = {}
        if explained:
            agreed, intervals = agreement(explained, info, threshold, language, resamples=resamples)
            metrics |= {
                **agreed,
                **trials.metrics(explainer, tried),
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
                "faithfulness_notes": len(tried),
                "remarks": list(explainer.remarks),
                "metrics": metrics,
                **({"intervals": intervals} if intervals else {}),
            }
        )
    return {
        "format": METHODS_FORMAT,
        "format_version": METHODS_FORMAT_VERSION,
        "corpus": about_for_results(corpus.about),
        "split": split,
        "system": info.system,
        "notes": len(chosen),
        "pairs": sum(
            len(gold_evidence(note, info, explainers[0].end_of_reading(note.text))) for note in chosen
        ),
        "assigned": sum(len(own) for own in assigned),
        "validation_notes": len(tuning),
        "faithfulness_notes": len(masked),
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
) -> list[ExplainedNote]:
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


def _explain(explainer: Explainer, note: Note, assigned: set[int]) -> ExplainedNote:
    system, info = explainer.system, explainer.info
    labels = sorted(assigned | set(gold_evidence(note, info, len(note.text))))
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
    gold = gold_evidence(note, info, found.read)
    compared = on_tokens_of(system, info, note.text, found)
    return ExplainedNote(note, labels, gold, assigned, found, compared, spans, seconds)


def _seconds(explained: Sequence[ExplainedNote]) -> dict[str, float | None]:
    total = sum(one.seconds for one in explained)
    labels = sum(len(one.labels) for one in explained)
    return {
        "seconds_per_note": total / len(explained),
        "seconds_per_code": total / labels if labels else None,
    }
