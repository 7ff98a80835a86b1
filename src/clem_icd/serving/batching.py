"""One queue for the notes of all clients, and one thread that scores them together.

The thread takes whatever waits as soon as it is free: batches grow with the load, and a note that comes
alone waits for nothing. Notes are taken in the order in which they came. The scores of a note do not
depend on the other notes of its batch, and its failure does not concern them.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from clem_icd.modeling import NoteScores
from clem_icd.prediction import Coder, Coding
from clem_icd.serving.limits import Limits
from clem_icd.serving.measures import Measures
from clem_icd.serving.memory import SECONDS_BETWEEN, return_unused_memory
from clem_icd.serving.problems import ServiceError

# How fast the estimate of the time per character follows the last batch.
_FOLLOW = 0.3


@dataclass(eq=False)
class Work:
    """A note that is to be coded.

    Attributes
    ----------
    text
        The plain text.
    top, evidence
        As for `Coder.code`.
    coding
        The result, once there is one, or what went wrong with this note.
    dropped
        Whether nobody waits for the result any more.

    """

    text: str
    top: int
    evidence: bool
    coding: Future[Coding] = field(default_factory=Future)
    dropped: bool = False


class Batcher:
    """Codes notes in a thread of its own.

    Parameters
    ----------
    coder
        Used by that thread only.
    limits
        Bounds of the queue and of a batch.
    measures
        Where lengths and durations are recorded.

    """

    def __init__(self, coder: Coder, limits: Limits, measures: Measures) -> None:
        self._coder = coder
        self._limits = limits
        self._measures = measures
        self._queue: deque[Work] = deque()
        self._characters = 0
        self._in_batch = 0
        self._seconds_per_character = 0.0
        self._closing = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._work, name="clem-batcher", daemon=True)
        self._thread.start()

    def submit(self, works: Sequence[Work]) -> None:
        """Queue the notes of a request: all of them, or none.

        Raises
        ------
        ServiceError
            If the queue is full, those before them would take too long, or the batcher is closed.

        """
        characters = sum(len(work.text) for work in works)
        with self._changed:
            if self._closing:
                raise ServiceError("not-ready", "the service is stopping", "Ask again in a minute")
            before = self._characters + self._in_batch
            seconds = before * self._seconds_per_character
            is_full = (
                len(self._queue) + len(works) > self._limits.queue_notes
                or self._characters + characters > self._limits.queue_characters
            )
            if is_full or (before and seconds > self._limits.wait_seconds):
                self._measures.notes.labels("refused").inc(len(works))
                raise ServiceError(
                    "overloaded",
                    "more notes wait for the model than it can code in time",
                    "Ask again after the seconds in the header Retry-After",
                    {"Retry-After": str(min(60, max(1, math.ceil(seconds))))},
                )
            self._queue.extend(works)
            self._count(characters)
            self._changed.notify()

    def drop(self, works: Sequence[Work]) -> None:
        """Forget notes whose result nobody waits for: those that still wait leave the queue."""
        with self._changed:
            gone = {id(work) for work in works if not work.coding.done() or work.coding.cancelled()}
            for work in works:
                work.dropped = id(work) in gone
            left = [work for work in self._queue if id(work) in gone]
            if left:
                self._queue = deque(work for work in self._queue if id(work) not in gone)
                self._count(-sum(len(work.text) for work in left))
        if gone:
            self._measures.notes.labels("dropped").inc(len(gone))

    def close(self, timeout: float | None = None) -> None:
        """Accept no more notes, code those that wait, and end the thread."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(timeout)

    def _count(self, characters: int) -> None:
        self._characters += characters
        self._measures.queue_notes.set(len(self._queue))
        self._measures.queue_characters.set(self._characters)

    def _work(self) -> None:
        returned = time.monotonic()
        while batch := self._next():
            started = time.monotonic()
            self._code(batch)
            taken = time.monotonic() - started
            self._measures.batch_notes.observe(len(batch))
            self._measures.batch_seconds.observe(taken)
            self._learn(taken)
            if time.monotonic() - returned > SECONDS_BETWEEN:
                return_unused_memory()
                returned = time.monotonic()

    def _next(self) -> list[Work]:
        """Return the next notes, at least one, in the order in which they came; none once closed."""
        with self._changed:
            while not self._queue and not self._closing:
                self._changed.wait()
            batch: list[Work] = []
            self._in_batch = 0
            while self._queue and len(batch) < self._limits.batch_notes:
                characters = len(self._queue[0].text)
                if batch and self._in_batch + characters > self._limits.batch_characters:
                    break
                batch.append(self._queue.popleft())
                self._in_batch += characters
            self._count(-self._in_batch)
            return batch

    def _learn(self, seconds: float) -> None:
        with self._changed:
            last = seconds / max(1, self._in_batch)
            self._in_batch = 0
            known = self._seconds_per_character
            self._seconds_per_character = last if known == 0 else known + _FOLLOW * (last - known)

    def _code(self, batch: Sequence[Work]) -> None:
        """Give every note its coding. If scoring them together fails, each is scored alone."""
        wanted = [work for work in batch if not work.dropped]
        waiting = deque(wanted)
        try:
            scored = self._coder.system.score([work.text for work in wanted])
            for work, scores in zip(wanted, scored, strict=True):
                self._finish(work, scores)
                waiting.popleft()
        # Whatever a model raises concerns one of these notes, and must not end the thread.
        except Exception as problem:  # noqa: BLE001
            if len(wanted) == 1:
                _set(waiting[0], problem)
                return
            for work in waiting:
                self._code([work])

    def _finish(self, work: Work, scores: NoteScores) -> None:
        if work.dropped:
            return
        try:
            _set(work, self._coder.coding_of(work.text, scores, top=work.top, evidence=work.evidence))
        except Exception as problem:  # noqa: BLE001 - as above
            _set(work, problem)


def _set(work: Work, result: Coding | Exception) -> None:
    """Set the result of a note, unless its client has stopped waiting."""
    if not work.coding.set_running_or_notify_cancel():
        return
    if isinstance(result, Exception):
        work.coding.set_exception(result)
    else:
        work.coding.set_result(result)
