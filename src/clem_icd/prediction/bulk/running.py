"""A bulk run from its notes to its files, which goes on where an earlier one was interrupted."""

from __future__ import annotations

import hashlib
import sys
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any, Literal, NamedTuple

from clem_icd.errors import InputError, NoteError, OutputError
from clem_icd.evidence import join_evidence
from clem_icd.explanation import Explainer
from clem_icd.files import DISK_FULL, check_free_file
from clem_icd.modeling import ModelInfo, System
from clem_icd.prediction.bulk.model import ModelSource
from clem_icd.prediction.bulk.notes import Notes
from clem_icd.prediction.bulk.parts import EVIDENCE, SCORES, Failed, Parts, Record, is_joining
from clem_icd.prediction.bulk.scoring import ShardScorer, Task
from clem_icd.prediction.bulk.surveying import Shard, Survey
from clem_icd.prediction.bulk.workers import ONE, chosen_workers
from clem_icd.prediction.split_evidence import SplitEvidence
from clem_icd.prediction.split_scores import check_top
from clem_icd.progress import Observer, Silent
from clem_icd.scores import TOP, join_scores

Engine = Literal["local", "ray"]

_REASONS = 3


class Part(NamedTuple):
    """One of several shares of the shards, each for its own process: number ``number`` of ``of``, from 1."""

    number: int
    of: int

    @classmethod
    def parse(cls, text: str) -> Part:
        """Read a share, such as ``3/20``.

        Raises
        ------
        InputError
            If the text is not a share.

        """
        number, _, of = text.partition("/")
        if number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of):
            return cls(int(number), int(of))
        raise InputError(f"expected a share such as 3/20, got {text!r}", remedy="Number the shares from 1")

    def has(self, shard: Shard) -> bool:
        """Whether a shard belongs to this share."""
        return shard.number % self.of == self.number - 1


@dataclass(frozen=True)
class Work:
    """How a bulk run is done, which does not change its result.

    Attributes
    ----------
    engine
        The processes of this machine, or those of a Ray cluster.
    workers
        The number of processes; None to choose.
    address
        The address of the Ray cluster; None to find or start one.
    part
        Score only this share of the shards, and put nothing together.
    restart
        Discard what an interrupted run has finished.
    force
        Replace the outputs.

    """

    engine: Engine = "local"
    workers: int | None = None
    address: str | None = None
    part: Part | None = None
    restart: bool = False
    force: bool = False


@dataclass(frozen=True)
class BulkResult:
    """What a bulk run has done.

    Attributes
    ----------
    notes
        The number of notes with scores.
    failed
        The notes that cannot be read, and why, in order; those of the share, if only one was scored.
    resumed
        The number of notes, readable or not, that an earlier run had finished.
    remaining
        The number of notes that other shares have yet to score.
    explained
        What the evidence file has; None without one.

    """

    notes: int
    failed: tuple[Failed, ...]
    resumed: int
    remaining: int
    explained: SplitEvidence | None


@dataclass(frozen=True)
class Opened:
    """A model that this process has opened, and what explains it if evidence is asked for."""

    system: System
    info: ModelInfo
    explainer: Explainer | None = None


def predict_notes(
    notes: Notes,
    surveyed: Survey,
    model: ModelSource,
    opened: Opened,
    out: Path,
    *,
    about: Mapping[str, Any] | None = None,
    top: int | None = None,
    evidence: Path | None = None,
    work: Work | None = None,
    observer: Observer | None = None,
) -> BulkResult:
    """Score notes into a scores file, and perhaps the evidence for their assigned codes into another.

    Finished shards of notes are kept in a folder beside ``out`` until both files are complete, so that the
    same call goes on after any interruption.

    Parameters
    ----------
    notes, surveyed
        The notes, and the result of `survey` for them.
    model, opened
        The model by name, for other processes, and as it was opened in this one.
    out
        The output file.
    about
        The provenance of the scores, for their header.
    top
        The most codes to list for a note, if the model ranks a whole code system; 1,000 by default.
    evidence
        The output file of the evidence.
    work
        How the work is done.

    Raises
    ------
    InputError
        If ``top`` is given and the model does not rank a whole code system, or the folder of parts is of
        another run.
    ModelError
        If the model returns a probability that is not finite.
    NoteError
        If no note can be read.
    OutputError
        If an output is occupied and not to be replaced, or the disk is full.
    RunError
        If another process scores notes for the same output, or a worker fails.

    """
    work = work or Work()
    check_top(opened.info, top)
    check_outputs(out, evidence, force=work.force, restart=work.restart)
    limit = (top or TOP) if opened.info.is_ranked else None
    manifest = _manifest(notes, surveyed, model, opened, limit)
    parts = Parts(out, manifest)
    about = {"system": opened.info.system, **(about or {})}
    task = Task(notes, model, parts.path, about, limit, evidence is not None, parts.digest)
    with (
        parts.opened(shared=work.part is not None, restart=work.restart),
        _finished_notes_kept(parts, surveyed.shards, out),
    ):
        run = _Run(parts, task, surveyed, opened, work, observer or Silent())
        result = run.result(run.score())
        if work.part is not None:
            return result
        if not result.notes:
            parts.remove()
            raise nothing_readable(result.failed)
        _put_together(parts, surveyed.shards, out, evidence, force=work.force)
    return result


def check_outputs(out: Path, evidence: Path | None, *, force: bool, restart: bool = False) -> None:
    """Refuse outputs that are occupied, unless by an earlier run that was interrupted while writing them.

    Parameters
    ----------
    restart
        Whether that run is discarded, so that its outputs are refused as well.

    Raises
    ------
    InputError
        If both are the same file.
    OutputError
        If one is a folder, or is occupied and ``force`` is false.

    """
    if evidence is not None and evidence.resolve() == out.resolve():
        raise InputError("--evidence and --out name the same file", remedy="Name two files")
    for path in (out, evidence):
        if path is not None:
            check_free_file(path, force=force or (not restart and is_joining(out, path)))


def nothing_readable(failed: Sequence[Failed]) -> NoteError:
    """Return the error for notes of which none can be read."""
    if len(failed) == 1:
        return NoteError(failed[0].problem)
    reasons = " ".join(one.problem for one in failed[:_REASONS])
    return NoteError(f"none of {len(failed):,} notes can be read: {reasons}")


class _Run:
    def __init__(
        self, parts: Parts, task: Task, surveyed: Survey, opened: Opened, work: Work, observer: Observer
    ) -> None:
        self._parts = parts
        self._task = task
        self._shards = surveyed.shards
        self._opened = opened
        self._work = work
        self._observer = observer
        self._resumed = 0

    def score(self) -> dict[int, Record]:
        """Score the shards that are not finished, and return the records of all that are, by number."""
        found = self._parts.finished(self._shards)
        self._resumed = sum(_size(record.shard) for record in found.values())
        part = self._work.part
        remaining = [
            shard for shard in self._shards if shard.number not in found and (part is None or part.has(shard))
        ]
        if self._resumed:
            self._observer.say(f"{self._resumed:,} notes were scored before; resuming with the rest")
        self._observer.begin("Scoring", sum(map(_size, remaining)))
        if remaining:
            found |= {record.shard.number: record for record in self._scored(remaining)}
        return found

    def result(self, found: Mapping[int, Record]) -> BulkResult:
        """Return what was done."""
        records = [found[number] for number in sorted(found)]
        part = self._work.part
        own = [record for record in records if part is None or part.has(record.shard)]
        explained = [record.explained for record in records if record.explained is not None]
        return BulkResult(
            notes=sum(record.notes for record in records),
            failed=tuple(failed for record in own for failed in record.failed),
            resumed=self._resumed,
            remaining=sum(_size(shard) for shard in self._shards if shard.number not in found),
            explained=total(explained) if explained else None,
        )

    def _scored(self, shards: Sequence[Shard]) -> Iterator[Record]:
        if self._work.engine == "ray":
            # Imported here: Ray is optional.
            from clem_icd.prediction.bulk.cluster import score_on_ray

            yield from self._counted(
                score_on_ray(
                    self._task,
                    shards,
                    address=self._work.address,
                    workers=self._work.workers,
                    say=self._observer.say,
                )
            )
            return
        opened, waiting = self._opened, deque(shards)
        scorer = ShardScorer(self._task, opened.system, opened.info, opened.explainer)
        workers = chosen_workers(self._task.model, len(shards), self._work.workers)
        if "torch" in sys.modules and workers == ONE:
            from clem_icd.modeling.machine import use_usable_cores

            use_usable_cores()
        while waiting and workers.processes == 1:
            began = time.monotonic()
            yield scorer.score(waiting.popleft(), self._observer.advance)
            # What the first shard takes tells whether the others are worth more processes.
            if self._work.workers is None:
                workers = chosen_workers(
                    self._task.model, len(waiting), None, seconds=time.monotonic() - began
                )
        if waiting:
            # Imported here: most runs are small, and have one process.
            from clem_icd.prediction.bulk.processes import score_in_processes

            yield from self._counted(score_in_processes(self._task, waiting, workers))

    def _counted(self, records: Iterator[Record]) -> Iterator[Record]:
        for record in records:
            self._observer.advance(_size(record.shard))
            yield record


@contextmanager
def _finished_notes_kept(parts: Parts, shards: Sequence[Shard], out: Path) -> Iterator[None]:
    """Say in the error of a full disk what is kept.

    Raises
    ------
    OutputError
        If the disk is full.

    """
    try:
        yield
    except OutputError as problem:
        if problem.found != DISK_FULL:
            raise
        kept = sum(_size(record.shard) for record in parts.finished(shards).values())
        remedy = "Free some space, then run it again"
        if kept:
            remedy = f"{remedy}: {kept:,} notes are kept in {parts.path}"
        raise OutputError(DISK_FULL, path=out, remedy=remedy) from problem


def _put_together(
    parts: Parts, shards: Sequence[Shard], out: Path, evidence: Path | None, *, force: bool
) -> None:
    # Again: a file that has appeared while notes were scored is not of this run.
    check_outputs(out, evidence, force=force)
    replaces = {path: force or is_joining(out, path) for path in (out, evidence) if path is not None}
    parts.begin_joining(tuple(replaces))
    if evidence is not None:
        join_evidence(parts.files(EVIDENCE, shards), evidence, force=replaces[evidence])
    join_scores(parts.files(SCORES, shards), out, force=replaces[out])
    parts.remove()


def total(explained: Sequence[SplitEvidence]) -> SplitEvidence:
    """Return what the evidence of some shards has together: sums, and each remark once."""
    counts = ("notes", "notes_cut", "notes_left_out", "codes", "codes_without_span", "gold_left_out", "spans")
    reasons = (one.left_out_because for one in explained if one.left_out_because is not None)
    return replace(
        explained[0],
        left_out_because=next(reasons, None),
        remarks=tuple(dict.fromkeys(remark for one in explained for remark in one.remarks)),
        **{name: sum(getattr(one, name) for one in explained) for name in counts},
    )


def _manifest(
    notes: Notes, surveyed: Survey, model: ModelSource, opened: Opened, limit: int | None
) -> dict[str, Any]:
    info = opened.info
    labels = "\n".join(f"{label.system.value}:{label.value}" for label in info.labels)
    return {
        "release": metadata.version("clem-icd"),
        "model": model.identity(),
        "labels": {"count": len(info.labels), "sha256": hashlib.sha256(labels.encode()).hexdigest()},
        "notes": {**notes.identity(), "count": surveyed.notes},
        "options": {
            "top": limit,
            "precision": model.precision,
            "hardware": model.hardware,
            "evidence": None if opened.explainer is None else _about(opened.explainer),
        },
        "shards": len(surveyed.shards),
    }


def _about(explainer: Explainer) -> dict[str, Any]:
    return {**explainer.about, "settings": explainer.method.model_dump(mode="json")}


def _size(shard: Shard) -> int:
    return shard.end - shard.begin
