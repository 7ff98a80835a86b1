"""What reduced precision changes in the scores of a model, and how much time it saves."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from clem_icd.corpus import Corpus
from clem_icd.decisions import POLICIES, PolicyName, choose_rule
from clem_icd.errors import InputError, ModelError
from clem_icd.evaluation import POLICY_METRICS, evaluate
from clem_icd.modeling import ModelInfo, System, load_model
from clem_icd.modeling.machine import best_device, hardware, processor_of
from clem_icd.modeling.precision import REDUCED, objection
from clem_icd.modeling.precision_record import PrecisionEffect, PrecisionRecord
from clem_icd.prediction.coder import finite

Scores = npt.NDArray[np.float32]

# Enough notes for packs without gaps, and few enough for many parts of a small split.
_NOTES_PER_PART = 16

_METRICS = tuple(name for name in POLICY_METRICS if name != "instance_f1")


def measure_precisions(
    model: Path,
    corpus: Corpus,
    split: str = "validation",
    *,
    progress: Callable[[int], Any] | None = None,
) -> PrecisionRecord:
    """Score a split in ``fp32`` and in each reduced precision that this machine supports, and compare.

    Part after part of the notes is scored in all of them in turn, so that other work on the machine slows all
    of them alike. All models are in memory at the same time.

    Parameters
    ----------
    model
        The folder of a neural system.
    corpus
        A corpus with the label space of the model.
    split
        The notes to score. On ``validation``, the decision rule is also chosen again on the reduced scores.
    progress
        Called with the number of notes scored since its last call.

    Raises
    ------
    CorpusError
        If the corpus has no such split.
    InputError
        If the model is not neural, or has another label space than the corpus.
    ModelError
        If the model cannot be loaded or returns a probability that is not finite, or this machine supports
        no reduced precision.

    """
    info = ModelInfo.read(model)
    _require_comparable(info, corpus)
    device = best_device()
    names = [name for name in REDUCED if objection(name, device) is None]
    if not names:
        reasons = "; ".join(str(objection(name, device)) for name in REDUCED)
        raise ModelError(f"this machine supports no reduced precision: {reasons}", remedy="Stay with fp32")
    notes = corpus.size(split)
    systems = {name: load_model(model, precision=name)[0] for name in ("fp32", *names)}
    scores, speeds = _scored_in_turn(systems, corpus.texts(split), progress)
    targets, exact = corpus.targets(split), scores["fp32"]
    metrics = evaluate(targets, exact, info.rule, _METRICS)
    policy = _policy(info) if split == "validation" else None

    def effect(name: str) -> PrecisionEffect:
        reduced = scores[name]
        found = evaluate(targets, reduced, info.rule, _METRICS)
        rechosen = None
        if policy is not None:
            rule = choose_rule(policy, targets, reduced, corpus.train_counts())
            rechosen = _above(evaluate(targets, reduced, rule, _METRICS), found)
        return PrecisionEffect(
            largest_change=float(np.abs(reduced - exact).max()),
            decisions_changed=int((info.rule.decide(reduced) != info.rule.decide(exact)).sum()),
            metrics=found,
            changes=_above(found, metrics),
            rechosen=rechosen,
            speed=speeds[name],
        )

    return PrecisionRecord(
        hardware=hardware(device),
        processor=processor_of(device),
        threads=torch.get_num_threads(),
        corpus=corpus.name,
        corpus_fingerprint=corpus.fingerprint,
        split=split,
        notes=notes,
        rule=info.rule.as_json(),
        metrics=metrics,
        effects={name: effect(name) for name in names},
    )


def record_precisions(model: Path, record: PrecisionRecord) -> None:
    """Write what was measured into the ``clem.json`` of a model, in place of what it has for this hardware.

    Raises
    ------
    ModelError
        If the folder is not a model.
    OutputError
        If it cannot be written.

    """
    info = ModelInfo.read(model)
    others = tuple(one for one in info.precision if one.hardware != record.hardware)
    # The model card stays as it is: users edit it.
    replace(info, precision=(*others, record)).write(model)


def _require_comparable(info: ModelInfo, corpus: Corpus) -> None:
    if info.system != "neural":
        raise InputError(
            f"reduced precision is for neural systems, and this one is {info.system}",
            remedy="Name the folder of a neural model",
        )
    if info.labels != tuple(corpus.codes):
        raise InputError(
            f"the model has {len(info.labels):,} labels, expected the {len(corpus.codes):,} of the corpus",
            remedy="Name the corpus that the model was trained on",
        )


def _scored_in_turn(
    systems: dict[str, System], texts: Iterator[str], progress: Callable[[int], Any] | None
) -> tuple[dict[str, Scores], dict[str, float]]:
    """Return the scores [notes, labels] of each system, and its speed as a multiple of that in ``fp32``."""
    found: dict[str, list[Scores]] = {name: [] for name in systems}
    seconds: dict[str, list[float]] = {name: [] for name in systems}
    while part := list(islice(texts, _NOTES_PER_PART)):
        if not found["fp32"]:
            # The first notes of a process prepare kernels.
            for system in systems.values():
                _scores(system, part[:1])
        for name, system in systems.items():
            begin = time.perf_counter()
            found[name].append(_scores(system, part))
            seconds[name].append(time.perf_counter() - begin)
        if progress is not None:
            progress(len(part))
    speeds = {
        name: statistics.median(one / other for one, other in zip(seconds["fp32"], taken, strict=True))
        for name, taken in seconds.items()
    }
    return {name: np.concatenate(parts) for name, parts in found.items()}, speeds


def _scores(system: System, texts: Sequence[str]) -> Scores:
    return np.stack([finite(scores) for scores in system.score(texts)])


def _policy(info: ModelInfo) -> PolicyName | None:
    """Return the policy that chose the rule of a model; None for any other origin."""
    return next((name for name, one in POLICIES.items() if one.sentence == info.threshold_policy), None)


def _above(some: dict[str, float], others: dict[str, float]) -> dict[str, float]:
    return {name: value - others[name] for name, value in some.items()}
