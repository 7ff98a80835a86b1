"""Measuring the speed of a model on this machine, as one document."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import torch

from clem_icd.corpus import Corpus
from clem_icd.modeling import best_device
from clem_icd.modeling.machine import describe_environment, use_usable_cores
from clem_icd.progress import Observer, Silent, minutes
from clem_icd.speed.ceiling import ceiling_tasks, gigaflops, matrix_size
from clem_icd.speed.conclusion import conclusion
from clem_icd.speed.contender import Contender, Here, Scorer
from clem_icd.speed.drawn_notes import SEED, DrawnNotes
from clem_icd.speed.estimate import corpus_lengths, usual_lengths
from clem_icd.speed.load import is_busy, load_average
from clem_icd.speed.model import Model
from clem_icd.speed.passes import Pass, Plan, plan_passes
from clem_icd.speed.peaks import Peak, measured_peaks
from clem_icd.speed.results import Key, Measured, estimate, row_of
from clem_icd.speed.rivals import contenders_of, reopened
from clem_icd.speed.settings import Settings
from clem_icd.speed.timing import Timed, interleaved
from clem_icd.speed.workloads import workloads

__all__ = ["SPEED_FORMAT", "SPEED_FORMAT_VERSION", "measure_speed", "plan_speed"]

SPEED_FORMAT = "clem-icd/speed"
SPEED_FORMAT_VERSION = 1

Document = dict[str, Any]


@dataclass(frozen=True)
class _Prepared:
    """What comes before the first measured pass."""

    model: Model
    settings: Settings
    notes: DrawnNotes
    plan: Plan
    load: float | None

    @property
    def is_neural(self) -> bool:
        return self.model.architecture is not None


def plan_speed(folder: Path, settings: Settings, *, observer: Observer | None = None) -> Document:
    """Return what `measure_speed` would measure, and how long it would take.

    Raises
    ------
    InputError, ModelError
        As `measure_speed` raises them.

    """
    prepared = _prepare(folder, settings, observer or Silent())
    plan = prepared.plan
    return {
        **_heading(prepared),
        "passes": [
            {"workload": one.workload.name, "system": one.contender.key, "expected_seconds": one.expected}
            for one in plan.passes
        ],
        "skipped": [asdict(one) for one in plan.skipped],
        "expected_seconds": plan.seconds,
    }


def measure_speed(
    folder: Path,
    settings: Settings,
    *,
    corpus: Corpus | None = None,
    split: str = "test",
    price: float | None = None,
    observer: Observer | None = None,
) -> Document:
    """Measure how fast a model reads notes here, in turn with its rivals.

    Parameters
    ----------
    folder
        A model folder.
    settings
        What is measured, and how often.
    corpus, split
        Where the lengths of the 100,000 notes are from; without a corpus, the synthetic hospital.
    price
        The price of this machine per hour, in any currency.
    observer
        Receives the progress.

    Raises
    ------
    CorpusError
        If the corpus has no such split.
    InputError
        If a length is longer than the model reads, or the split has no notes.
    ModelError
        If the model cannot be opened.

    """
    observer = observer or Silent()
    if corpus is not None:
        corpus.notes_path(split)
    prepared = _prepare(folder, settings, observer)
    plan = prepared.plan
    observer.say(f"{len(plan.passes)} passes, about {minutes(plan.seconds)} in all")
    tokenizer = prepared.model.tokenizer if prepared.is_neural else None
    if corpus is None:
        lengths = usual_lengths(prepared.notes.tokens_per_word)
    else:
        observer.begin(f"Counting {split}", None)
        lengths = corpus_lengths(corpus, split, tokenizer)
    peaks = _peaks(plan, observer) if settings.memory else {}
    measured = _measure(prepared, peaks, observer)
    rows = [row_of(one, measured) for one in plan.passes]
    document = {
        **_heading(prepared),
        "load_average_at_end": load_average(),
        "ceilings": [
            {"precision": precision, "library": library, "gigaflops": value}
            for (precision, library), value in measured.ceilings.items()
        ],
        "rows": rows,
        "skipped": [asdict(one) for one in plan.skipped],
        "estimate": estimate(plan.contenders, rows, lengths, price),
    }
    return {**document, "conclusion": conclusion(document)}


def _prepare(folder: Path, settings: Settings, observer: Observer) -> _Prepared:
    load = load_average()
    use_usable_cores()
    model = Model.read(folder)
    chosen = workloads(settings.lengths, most=model.info.max_tokens, quick=settings.quick)
    observer.begin("Writing notes", None)
    longest = max(max(one.lengths) for one in chosen)
    notes = DrawnNotes(longest, None if model.architecture is None else model.tokenizer)
    texts = {one: notes.draw(one.lengths) for one in chosen}
    contenders = contenders_of(model, settings.precisions, rivals=settings.longest_pass > 0)
    return _Prepared(model, settings, notes, plan_passes(contenders, texts, settings, observer), load)


def _heading(prepared: _Prepared) -> Document:
    info, machine = prepared.model.info, describe_environment()
    return {
        "format": SPEED_FORMAT,
        "format_version": SPEED_FORMAT_VERSION,
        "model": {
            "system": info.system,
            "head": None if info.architecture is None else info.architecture["head"]["kind"],
            "labels": len(info.labels),
            "reads": info.max_tokens,
        },
        "machine": {
            **machine,
            "device": best_device().type,
            "instructions": torch.backends.cpu.get_cpu_capability(),
            "threads": torch.get_num_threads(),
        },
        "date": datetime.now(UTC).date().isoformat(),
        "load_average_at_start": prepared.load,
        "busy": is_busy(prepared.load, machine["cores"]),
        "unit": "tokens" if prepared.is_neural else "words",
        "notes": f"synthetic discharge summaries cut to length, seed {SEED}",
        "repeats": prepared.settings.repeats,
        "systems": [_system(one) for one in prepared.plan.contenders],
    }


def _system(one: Contender) -> Document:
    return {
        "system": one.key,
        "about": one.about,
        "precision": None if one.products is None else one.precision,
        "is_model": isinstance(one, Here),
        "reads": one.most,
        "parameters": None if one.products is None else one.products.parameters,
    }


def _peaks(plan: Plan, observer: Observer) -> dict[Key, Peak]:
    """Return the peak memory of each pass; without those of a process that ended early."""
    peaks: dict[Key, Peak] = {}
    observer.begin("Measuring memory", len(plan.contenders))
    for one in plan.contenders:
        own = [each for each in plan.passes if each.contender is one]
        opened = partial(reopened, type(one), one.model.folder, one.precision)
        found = measured_peaks(opened, own[0].texts[:1], [each.texts for each in own])
        if found is None:
            observer.say(f"The process that measured the memory of {one.key} ended early")
        else:
            peaks |= {(each.workload.name, one.key): peak for each, peak in zip(own, found, strict=True)}
        observer.advance()
    return peaks


def _measure(prepared: _Prepared, peaks: dict[Key, Peak], observer: Observer) -> Measured:
    """Time every pass, and products of large matrices in between."""
    plan, settings, device = prepared.plan, prepared.settings, best_device()
    products = ceiling_tasks(device, quick=settings.quick) if prepared.is_neural else {}
    for product in products.values():
        product()
    tasks: dict[Any, Callable[[], object]] = {}
    for one in plan.passes:
        # Before each workload, so that the fastest is found on a busy machine, too.
        tasks |= {(one.workload.name, *key): product for key, product in products.items()}
        tasks[one.workload.name, one.contender.key] = partial(_run, one, plan.scorers[one.contender.key])
    observer.begin("Measuring time", settings.repeats * len(tasks))
    timed = interleaved(tasks, settings.repeats, observer.advance)
    size = matrix_size(device, quick=settings.quick)
    ceilings = {
        key: gigaflops(min(min(one.seconds) for task, one in timed.items() if task[1:] == key), size)
        for key in products
    }
    passes = {}
    for one in plan.passes:
        key = one.workload.name, one.contender.key
        passes[key] = Timed([second / one.times for second in timed[key].seconds], timed[key].result)
    return Measured(passes, ceilings, peaks)


def _run(one: Pass, scorer: Scorer) -> object:
    for _ in range(one.times - 1):
        scorer(one.texts)
    return scorer(one.texts)
