"""Scoring one shard of many notes, in whatever process."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from importlib import metadata
from pathlib import Path
from typing import Any

from clem_icd.errors import InputError
from clem_icd.evidence import evidence_writer
from clem_icd.explanation import Explainer
from clem_icd.modeling import ModelInfo, NoteScores, System
from clem_icd.prediction.bulk.model import ModelSource
from clem_icd.prediction.bulk.notes import Notes, Unread
from clem_icd.prediction.bulk.parts import EVIDENCE, SCORES, Failed, Record, write_shard
from clem_icd.prediction.bulk.surveying import Shard
from clem_icd.prediction.coder import finite
from clem_icd.prediction.split_evidence import NotesExplanation, SplitEvidence
from clem_icd.prediction.split_scores import write_rows
from clem_icd.sources import UncodedNote

Progress = Callable[[int], Any]


@dataclass(frozen=True)
class Task:
    """What every process of a bulk run needs to know; it can be sent to another machine.

    Attributes
    ----------
    notes, model
        What is scored, and by what.
    folder
        Where the shards are written.
    about
        The provenance of the scores, for their header.
    top
        The most codes to list for a note, if the model ranks a whole code system.
    evidence
        Whether the codes that are assigned are explained.
    digest
        That of what the parts are of (`Parts.digest`).
    release
        The release of this package that started the run.

    """

    notes: Notes
    model: ModelSource
    folder: Path
    about: dict[str, Any]
    top: int | None = None
    evidence: bool = False
    digest: str = ""
    release: str = field(default_factory=lambda: metadata.version("clem-icd"))

    def absolute(self) -> Task:
        """Return the same task with absolute paths."""
        return replace(
            self,
            notes=self.notes.absolute(),
            model=self.model.absolute(),
            folder=self.folder.absolute(),
        )

    def scorer(self) -> ShardScorer:
        """Open the model.

        Raises
        ------
        ModelError
            If the folder is not a model that this release can read.

        """
        system, info = self.model.open()
        return ShardScorer(self, system, info, self.model.explainer(system, info) if self.evidence else None)


class ShardScorer:
    """A model that is open, and notes that are read forward from shard to shard."""

    def __init__(self, task: Task, system: System, info: ModelInfo, explainer: Explainer | None) -> None:
        self._task = task
        self._system = system
        self._info = info
        self._explainer = explainer
        self._unread: Iterator[Unread] = iter(())
        self._place: int | None = None

    def score(self, shard: Shard, progress: Progress | None = None) -> Record:
        """Score the notes of a shard, write the folder of the shard, and return its record.

        Raises
        ------
        InputError
            If there are fewer notes than there were.
        ModelError
            If the model returns a probability that is not finite.
        OutputError
            If the disk is full.

        """
        failed: list[Failed] = []
        read = _Counted(self._readable(shard, failed), progress)
        with write_shard(self._task.folder, shard, failed, self._task.digest) as (folder, described):
            explained = self._write(folder, read)
            described(read.count, explained)
        if progress is not None and failed:
            progress(len(failed))
        return described.record

    def _write(self, folder: Path, notes: _Counted) -> SplitEvidence | None:
        if self._explainer is None:
            self._write_scores(folder, notes, self._system.score(notes.texts()))
            return None
        with evidence_writer(folder / EVIDENCE, self._explainer.name) as writer:
            explanation = NotesExplanation(self._explainer, writer)
            self._write_scores(folder, notes, explanation.scores(notes.pairs()))
        return explanation.result()

    def _write_scores(self, folder: Path, notes: _Counted, scored: Iterable[NoteScores]) -> None:
        rows = ((notes.scored(), finite(scores)) for scores in scored)
        write_rows(folder / SCORES, self._info, rows, self._task.about, top=self._task.top)

    def _readable(self, shard: Shard, failed: list[Failed]) -> Iterator[UncodedNote]:
        for read in self._passed(shard):
            note = read()
            if note.problem is None:
                yield note
            else:
                failed.append(Failed(note.name, str(note.problem)))

    def _passed(self, shard: Shard) -> Iterator[Unread]:
        """Yield what reads the notes of a shard, from where the last shard ended, or from the start."""
        if self._place is None or self._place > shard.begin:
            self._unread, self._place = self._task.notes.unread(), 0
        for read in self._unread:
            place, self._place = self._place, self._place + 1
            if place >= shard.begin:
                yield read
            if self._place == shard.end:
                return
        raise InputError(
            f"the notes end after {self._place:,}, expected more: they changed while they were scored",
            remedy="Run the same command again with --restart",
        )


class _Counted:
    """Notes on their way through a system, which takes some before it returns the scores of the first."""

    def __init__(self, notes: Iterator[UncodedNote], progress: Progress | None) -> None:
        self._notes = notes
        self._progress = progress
        self._waiting: deque[str] = deque()
        self.count = 0

    def texts(self) -> Iterator[str]:
        """Yield the text of every note."""
        return (text for _, text in self.pairs())

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Yield the name and the text of every note."""
        for note in self._notes:
            if note.plain is not None:
                self._waiting.append(note.name)
                yield note.name, note.plain.text

    def scored(self) -> str:
        """Count the next note as scored, and return its name."""
        self.count += 1
        if self._progress is not None:
            self._progress(1)
        return self._waiting.popleft()
