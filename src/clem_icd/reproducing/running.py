"""Making a reproduction: corpora, runs, evaluations and the comparison with published results."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from clem_icd.corpus import Corpus
from clem_icd.files import storage_errors
from clem_icd.progress import Observer, Silent
from clem_icd.reporting.comparison import Comparison
from clem_icd.reproducing.comparing import compare_results, results_of
from clem_icd.reproducing.corpora import prepared_corpus
from clem_icd.reproducing.encoders import require_run_encoder
from clem_icd.reproducing.evaluating import evaluate_run, is_finished
from clem_icd.reproducing.folder import ReproductionFolder
from clem_icd.reproducing.planning import plan_reproduction
from clem_icd.reproducing.request import Request
from clem_icd.reproducing.resolving import ResolvedRun, remarks_of, resolve
from clem_icd.reproducing.steps import steps_of
from clem_icd.reproducing.targets import Run, Target
from clem_icd.runs.points import Point, passing
from clem_icd.runs.processes import require_single_process
from clem_icd.training import RunFolder, SeedsFolder, train

__all__ = ["Reproduction", "reproduce"]


@dataclass(frozen=True)
class Reproduction:
    """A finished reproduction.

    Attributes
    ----------
    target
        What was reproduced.
    runs
        The folders of the runs, by name.
    metrics
        The metrics under the published definitions, by the name of the evaluation.
    comparison
        These metrics, and those of the target's other runs in the folder, beside the published ones.
    remarks
        Sentences on how the runs differ from the published systems.

    """

    target: Target
    runs: Mapping[str, Path]
    metrics: Mapping[str, Path]
    comparison: Comparison
    remarks: tuple[str, ...]


def reproduce(request: Request, *, observer: Observer | None = None) -> Reproduction:
    """Prepare the corpora, train, evaluate and compare; with the same request, go on where it stopped.

    A corpus or a run that is there is not made again, if it was made from the same files and the same recipe.

    Raises
    ------
    InputError
        If there is no such target or run, a setting does not fit, or raw files are missing.
    ModelError
        If an encoder is missing, or does not fit.
    CorpusError
        If a corpus in the folder was made from other files.
    RunError
        If the folder holds the reproduction of another target, a run in it has another recipe, or another
        process is making it.
    OutputError
        If the folder holds something else, or the disk is full.

    """
    observer = observer or Silent()
    require_single_process(request.out)
    runs = resolve(request)
    folder = ReproductionFolder(request.out)
    folder.require_target(request.target)
    for name in request.corpora():
        request.input_files(name)
    for one in runs:
        # A finished run needs its encoder no more.
        if not folder.run(one.name).metrics().is_file():
            require_run_encoder(one.name, one.recipe.architecture)
    _warn_of_disk(request, observer)
    folder.start(request.target)
    with folder.locked():
        return _made(request, runs, folder, observer)


def _warn_of_disk(request: Request, observer: Observer) -> None:
    """Say if the disk may become full; an estimate of the most is no reason to refuse."""
    planned = plan_reproduction(request)
    if planned.disk is not None and planned.disk > planned.free:
        observer.say(
            f"Warning: it may take up to {planned.disk / 1e9:,.1f} GB in {request.out}, where "
            f"{planned.free / 1e9:,.1f} GB are free"
        )


def _made(
    request: Request, runs: Sequence[ResolvedRun], folder: ReproductionFolder, observer: Observer
) -> Reproduction:
    corpora: dict[str, Corpus] = {}
    metrics: dict[str, Path] = {}
    by_name = {one.name: one for one in runs}
    steps = steps_of(request, runs)
    for number, step in enumerate(steps, start=1):
        observer.say(f"Step {number} of {len(steps)}: {step}")
        passing(Point.REPRODUCTION_STEP)
        match step.action:
            case "prepare":
                corpus = prepared_corpus(step.what, request, folder.corpus(step.what), observer)
                corpora[step.what] = corpus
                # Before anything is trained, which may take days.
                _require_same_runs([one for one in runs if one.run.corpus == step.what], corpus, folder)
            case "train":
                recipe, run = by_name[step.what].recipe, by_name[step.what].run
                path = folder.run(step.what).path
                _drop_evaluations(step.what, run, folder)
                train(recipe, corpora[run.corpus], path, resume=True, observer=observer)
            case "evaluate":
                metrics |= _evaluated(by_name[step.what], corpora, folder, observer)
    target = request.find_target()
    results = results_of(target, metrics, folder, observer)
    return Reproduction(
        target=target,
        runs={one.name: folder.run(one.name).path for one in runs},
        metrics=metrics,
        comparison=compare_results(target, results, folder),
        remarks=tuple(remarks_of(request, {name: target.runs[name] for name in results})),
    )


def _require_same_runs(runs: Sequence[ResolvedRun], corpus: Corpus, folder: ReproductionFolder) -> None:
    """Refuse runs that were started with another recipe or on another corpus."""
    for one in runs:
        layout = folder.run(one.name)
        if layout.path.is_dir():
            kind = SeedsFolder if one.recipe.seeds > 1 else RunFolder
            kind.start(layout.path, one.recipe, corpus, resume=True, force=False)


def _drop_evaluations(name: str, run: Run, folder: ReproductionFolder) -> None:
    """Delete the evaluations of a run that is about to be trained, so that none is of an earlier state of it.

    Raises
    ------
    OutputError
        If one cannot be deleted.

    """
    if is_finished(folder.run(name)):
        return
    for how in run.evaluations:
        place = folder.evaluation(how.name_of(name))
        if place.exists():
            with storage_errors(place):
                shutil.rmtree(place)


def _evaluated(
    one: ResolvedRun, corpora: Mapping[str, Corpus], folder: ReproductionFolder, observer: Observer
) -> dict[str, Path]:
    """Evaluate a run, and return the metrics files by the name of the evaluation."""
    files = {}
    for how in one.run.evaluations:
        other = how.corpus is not None
        name = how.name_of(one.name)
        corpus = corpora[how.corpus or one.run.corpus]
        files[name] = evaluate_run(
            folder.run(one.name), corpus, how.profile, folder.evaluation(name), observer, other=other
        )
    return files
