"""What a reproduction takes, before it starts: steps, hours, memory and disk, each with its basis."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from clem_icd.errors import ModelError, SourceError
from clem_icd.reproducing.encoders import require_run_encoder
from clem_icd.reproducing.estimates import RunEstimate, estimate_run
from clem_icd.reproducing.folder import ReproductionFolder
from clem_icd.reproducing.request import Request
from clem_icd.reproducing.resolving import ResolvedRun, remarks_of, resolve
from clem_icd.reproducing.sizes import CorpusSize, size_of, uncompressed
from clem_icd.reproducing.steps import Step, steps_of
from clem_icd.sources.raw_files import Origin

__all__ = ["CorpusEstimate", "ReproductionPlan", "plan_reproduction"]

_RULES = (
    "steps: notes / notes per step, rounded up, times epochs",
    "tokens: from one per word, with the median number of words for every note, to the most that the recipe "
    "reads of a note",
    "device memory: 16 bytes per parameter, for weights, gradients and the two moments of AdamW in single "
    "precision; activations come on top, and depend on the length of the notes",
    "memory: 4 bytes per token of training and validation, with the most tokens that the recipe reads of a "
    "note, and 8 per note and label of the larger of validation and test",
    "disk of a run: 12 bytes per parameter and checkpoint, with up to three of them while it trains; then 4 "
    "per parameter, and 4 per label and scored note",
    "disk of a corpus: the size of its raw files, which hold more notes and compress them about as well; "
    "while it is prepared, its texts lie beside it uncompressed",
)
_NO_HOURS = (
    "hours: not estimated, since they depend on this machine. Pass --tokens-per-second. To measure it, run "
    "`clem train RECIPE --corpus CORPUS --out NEW --plan`; if the corpus is not prepared yet, use a "
    "synthetic one (`clem synthesize`, `clem prepare`)"
)
_HOURS = "hours: the tokens at the given speed; preparation, validation and scoring come on top"


@dataclass(frozen=True)
class CorpusEstimate:
    """A corpus and its place on disk.

    Attributes
    ----------
    size
        Its notes and labels.
    disk
        Its bytes: counted if it is prepared, otherwise at most those of its raw files. None if these are
        missing.
    staging
        Bytes that its texts take while it is prepared, at most; 0 if it is prepared.

    """

    name: str
    size: CorpusSize
    disk: int | None
    staging: int | None


@dataclass(frozen=True)
class ReproductionPlan:
    """A plan.

    Attributes
    ----------
    title
        What is reproduced.
    steps, corpora, runs
        The steps, and the costs of corpora and runs.
    disk
        Bytes in all, at most; None if a part is unknown.
    free
        Bytes that are free where the reproduction will be.
    missing
        What keeps it from starting, one line each.
    remarks
        What the numbers rest on, and how the runs differ from the published ones.

    """

    title: str
    steps: tuple[Step, ...]
    corpora: tuple[CorpusEstimate, ...]
    runs: tuple[RunEstimate, ...]
    disk: int | None
    free: int
    missing: tuple[str, ...]
    remarks: tuple[str, ...]


def plan_reproduction(request: Request, *, tokens_per_second: float | None = None) -> ReproductionPlan:
    """Estimate a reproduction, without writing anything or using the network.

    Parameters
    ----------
    request
        What is asked for.
    tokens_per_second
        Tokens that this machine trains on per second.

    Raises
    ------
    InputError
        If there is no such target or run, or a setting does not fit the recipe of a run.
    OutputError, RunError
        If the folder of the reproduction holds something else.

    """
    runs = resolve(request)
    folder = ReproductionFolder(request.out)
    folder.require_target(request.target)
    corpora = tuple(_corpus(name, request, folder.corpus(name)) for name in request.corpora())
    sizes = {one.name: one.size for one in corpora}
    estimates = tuple(estimate_run(one, sizes[one.run.corpus], tokens_per_second) for one in runs)
    return ReproductionPlan(
        title=request.find_target().title,
        steps=tuple(steps_of(request, runs)),
        corpora=corpora,
        runs=estimates,
        disk=_disk(corpora, estimates),
        free=shutil.disk_usage(_existing(request.out)).free,
        missing=tuple(dict.fromkeys(_missing(request, runs))),
        remarks=(
            *_RULES,
            _NO_HOURS if tokens_per_second is None else _HOURS,
            *_remarks(request, corpora, estimates),
        ),
    )


def _corpus(name: str, request: Request, path: Path) -> CorpusEstimate:
    size = size_of(name, path)
    if size.prepared:
        return CorpusEstimate(
            name, size, sum(file.stat().st_size for file in path.rglob("*") if file.is_file()), 0
        )
    try:
        files = request.raw_files(name)
    except SourceError:
        return CorpusEstimate(name, size, None, None)
    notes, *_ = files
    return CorpusEstimate(name, size, sum(file.stat().st_size for file in files), uncompressed(notes))


def _disk(corpora: Sequence[CorpusEstimate], runs: Sequence[RunEstimate]) -> int | None:
    """Return the most bytes at any time: while corpora are prepared, or while runs are trained."""
    kept = [one.disk for one in corpora] + [one.results for one in runs]
    passing = [one.staging for one in corpora] + [one.checkpoints for one in runs]
    known = [size for size in (*kept, *passing) if size is not None]
    if len(known) < len(kept) + len(passing):
        return None
    return sum(size or 0 for size in kept) + max(size or 0 for size in passing)


def _existing(path: Path) -> Path:
    """Return the closest folder that exists."""
    return next(place for place in (path.resolve(), *path.resolve().parents) if place.is_dir())


def _missing(request: Request, runs: Sequence[ResolvedRun]) -> Iterator[str]:
    for name in request.corpora():
        try:
            request.raw_files(name)
        except SourceError as problem:
            yield str(problem)
    for one in runs:
        try:
            require_run_encoder(one.name, one.recipe.architecture, ask_hub=False)
        except ModelError as problem:
            yield str(problem)


def _remarks(
    request: Request, corpora: Sequence[CorpusEstimate], estimates: Sequence[RunEstimate]
) -> Iterator[str]:
    if request.raw.is_dir() and Origin.of(request.raw, "").synthetic:
        yield "the raw files are synthetic: the published numbers are not theirs"
    yield from (one.size.basis for one in corpora)
    yield from (f"{one.run}, parameters: {one.basis}" for one in estimates)
    yield from remarks_of(request, request.runs())
