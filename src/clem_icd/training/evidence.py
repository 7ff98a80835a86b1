"""Evidence at the end of training: the cut, tuned on validation, and the spans of the test split."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from clem_icd.corpus import Corpus
from clem_icd.errors import ClemError, OutputError
from clem_icd.evaluation import SplitScores
from clem_icd.evaluation.judging import RESAMPLES
from clem_icd.evidence import evidence_document, evidence_writer, read_evidence
from clem_icd.explanation import Explainer, tuned_rule, with_evidence
from clem_icd.explanation.tuning import MOST_NOTES
from clem_icd.files import write_json
from clem_icd.modeling import ModelInfo, System, write_info
from clem_icd.progress import Observer
from clem_icd.runs.layout import RunLayout
from clem_icd.runs.points import Point, passing

__all__ = ["write_run_evidence"]


def write_run_evidence(
    system: System,
    info: ModelInfo,
    corpus: Corpus,
    scores: Mapping[str, SplitScores],
    layout: RunLayout,
    observer: Observer,
) -> None:
    """Tune the cut of the default method on validation, store it, and write and judge evidence for test.

    Only notes with evidence that coders marked are explained; without any, nothing is done. A system that no
    method explains, or a note that the method refuses, is named in one line: training takes hours, and must
    not fail at the end.

    Parameters
    ----------
    system, info
        The trained system and its description, which is in the model folder of the run.
    scores
        The scores of the splits, by name.

    Raises
    ------
    OutputError
        If a file cannot be written, as on a full disk: then the rest of the run cannot be written either.

    """
    annotated = {split: _annotated(corpus, split) for split in ("validation", "test")}
    if not any(annotated.values()):
        return
    passing(Point.EVIDENCE_WRITING)
    try:
        if annotated["validation"]:
            info = _with_tuned_cut(system, info, corpus, annotated["validation"], observer)
            write_info(info, layout.model)
        if annotated["test"]:
            observer.begin("Explaining test", annotated["test"])
            document = _write_test(Explainer(system, info), corpus, scores["test"], layout, observer)
            write_json(layout.evidence_metrics, document)
    except OutputError:
        raise
    except ClemError as problem:
        observer.say(f"No evidence was written: {problem.found}")


def _annotated(corpus: Corpus, split: str) -> int:
    """Return the number of notes with evidence."""
    if split not in corpus.splits:
        return 0
    return int(corpus.frame(split).select((pl.col("evidence").list.len() > 0).sum()).collect().item())


def _with_tuned_cut(
    system: System, info: ModelInfo, corpus: Corpus, notes: int, observer: Observer
) -> ModelInfo:
    explainer = Explainer(system, info)
    if explainer.method.default_rule is None:
        return info
    observer.begin("Tuning the cut of evidence", min(notes, MOST_NOTES))
    tuned = tuned_rule(explainer, corpus.notes("validation"), progress=observer.advance)
    return info if tuned is None else with_evidence(info, explainer.method, *tuned)


def _write_test(
    explainer: Explainer, corpus: Corpus, scores: SplitScores, layout: RunLayout, observer: Observer
) -> dict[str, Any]:
    """Write the evidence for the codes that the model assigns to annotated notes; return how good it is."""
    info, path = explainer.info, layout.evidence("test")
    decided = scores.decided(info.rule)
    with evidence_writer(path, explainer.name, force=True) as writer:
        for note, assigned in zip(corpus.notes("test"), decided, strict=True):
            if not note.evidence:
                continue
            codes = [scores.labels[label] for label in np.flatnonzero(assigned)]
            found = explainer.spans(note.text, explainer.places_of(codes))
            for code, spans in zip(codes, found, strict=True):
                writer.write(note.note_id, code, spans)
            observer.advance(1)
    observer.begin("Resampling evidence", RESAMPLES)
    return {
        **evidence_document(
            corpus, "test", read_evidence(path), resamples=RESAMPLES, progress=observer.advance
        ),
        "explanation": {
            **explainer.about,
            "decided": info.rule.describe(),
            "assigned_codes": writer.codes,
            "assigned_codes_without_span": writer.codes_without_span,
        },
    }
