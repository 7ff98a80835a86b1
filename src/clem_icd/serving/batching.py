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
from typing import Literal

from clem_icd.modeling import NoteScores
from clem_icd.prediction import Coder, Coding
from clem_icd.serving.limits import Limits
from clem_icd.serving.measures import Measures
from clem_icd.serving.memory import SECONDS_BETWEEN, return_unused_memory
from clem_icd.serving.problems import ServiceError

# The weight of earlier batches in the pace, which so follows a change within a few batches.
_KEPT = 0.5

# Times the limit on waiting: a request that has waited for so long is refused if the queue is still too long.
_LATE = 1.5

# A short note takes as long as one of so many characters.
_LEAST_COST = 2_000

# A model reads about so many characters per token, and nothing beyond its context.
_CHARACTERS_PER_TOKEN = 5

_REHEARSALS = 2
_REHEARSED = "Admitted with shortness of breath. History of hypertension. No fever, no chest pain. " * 20


@dataclass(eq=False)
class Work:
    """A note that is to be coded.

    Attributes
    ----------
    text
        The plain text.
    top, evidence
        As for `Coder.code`.
    cost
        The number of characters that stand for the time it takes.
    coding
        The result, once there is one, or what went wrong with this note.
    dropped
        Whether nobody waits for the result any more.
    request, queued
        All notes of its request, and when they were queued.

    """

    text: str
    top: int
    evidence: bool
    cost: int = 0
    coding: Future[Coding] = field(default_factory=Future)
    dropped: bool = False
    request: Sequence[Work] = ()
    queued: float = 0.0


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
    rehearsed
        How many seconds the coder takes for a short note, as `rehearse` measures it; 0 if that is not known
        before the first batch.

    """

    def __init__(self, coder: Coder, limits: Limits, measures: Measures, rehearsed: float = 0.0) -> None:
        self._coder = coder
        self._limits = limits
        self._measures = measures
        self._queue: deque[Work] = deque()
        tokens = coder.info.max_tokens
        self._most_cost = math.inf if tokens is None else max(_LEAST_COST, _CHARACTERS_PER_TOKEN * tokens)
        self._characters = 0
        self._cost = 0
        self._in_batch = 0
        self._begun = 0.0
        self._timed = (float(_LEAST_COST), rehearsed)
        self._closing = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._work, name="clem-batcher", daemon=True)
        self._thread.start()

    def check_room(self) -> None:
        """Refuse a request before its body is read, if its notes could not be queued.

        Raises
        ------
        ServiceError
            As `submit` does.

        """
        with self._changed:
            self._check(1, 1)

    def submit(self, works: Sequence[Work]) -> None:
        """Queue the notes of a request: all of them, or none.

        Raises
        ------
        ServiceError
            If the queue is full, those before them would take too long, or the batcher is closed.

        """
        characters = sum(len(work.text) for work in works)
        with self._changed:
            self._check(len(works), characters)
            for work in works:
                work.request, work.queued = works, time.monotonic()
                work.cost = int(min(max(len(work.text), _LEAST_COST), self._most_cost))
            self._queue.extend(works)
            self._count(works)
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
                self._count(left, -1)
        if gone:
            self._measures.notes.labels("dropped").inc(len(gone))

    def close(self, timeout: float | None = None) -> None:
        """Accept no more notes, code those that wait, and end the thread."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(timeout)

    def _check(self, notes: int, characters: int) -> None:
        if self._closing:
            raise ServiceError("not-ready", "the service is stopping", "Ask again in a minute")
        limits = self._limits
        seconds = (self._cost + self._in_batch) * self._pace()
        is_full = (
            len(self._queue) + notes > limits.queue_notes
            or self._characters + characters > limits.queue_characters
        )
        # Behind a batch alone it is next, however long that takes.
        if is_full or (self._queue and seconds > limits.wait_seconds):
            raise self._refusal(notes, seconds)

    def _refusal(self, notes: int, seconds: float) -> ServiceError:
        self._measures.notes.labels("refused").inc(notes)
        return ServiceError(
            "overloaded",
            "more notes wait for the model than it can code in time",
            "Ask again after the seconds in the header Retry-After",
            {"Retry-After": str(min(60, max(1, math.ceil(seconds))))},
        )

    def _pace(self) -> float:
        """Return the seconds per cost of the last batches, or of the present one if it is slower already."""
        cost, seconds = self._timed
        pace = seconds / cost
        if not self._in_batch:
            return pace
        return max(pace, (time.monotonic() - self._begun) / self._in_batch)

    def _count(self, works: Sequence[Work], sign: Literal[1, -1] = 1) -> None:
        """Count notes that came, or that left."""
        self._characters += sign * sum(len(work.text) for work in works)
        self._cost += sign * sum(work.cost for work in works)
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
            self._in_batch = 0
            self._refuse_late()
            while not self._queue and not self._closing:
                self._changed.wait()
            batch: list[Work] = []
            limits, pace = self._limits, self._pace()
            most = limits.batch_seconds / pace if pace else math.inf
            characters = 0
            while self._queue and len(batch) < limits.batch_notes:
                first = self._queue[0]
                characters += len(first.text)
                too_much = characters > limits.batch_characters or self._in_batch + first.cost > most
                if batch and too_much:
                    break
                batch.append(self._queue.popleft())
                self._in_batch += first.cost
            self._count(batch, -1)
            self._begun = time.monotonic()
            return batch

    def _refuse_late(self) -> None:
        """Refuse requests that wait for longer than expected, because the model became slower meanwhile.

        A queue that is short enough is coded, however long it has waited. A request of which a note has been
        coded is finished.
        """
        if self._closing:
            return
        wait = self._limits.wait_seconds
        latest = time.monotonic() - _LATE * wait
        while self._queue and (first := self._queue[0]) is first.request[0] and first.queued < latest:
            seconds = self._cost * self._pace()
            if seconds <= wait:
                return
            refusal = self._refusal(len(first.request), seconds)
            refused = []
            while self._queue and self._queue[0].request is first.request:
                refused.append(self._queue.popleft())
            self._count(refused, -1)
            for work in refused:
                _set(work, refusal)

    def _learn(self, seconds: float) -> None:
        with self._changed:
            cost, before = self._timed
            # By cost: a batch of one short note says little about the time of long ones.
            self._timed = (_KEPT * cost + self._in_batch, _KEPT * before + seconds)
            self._in_batch = 0

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


def rehearse(coder: Coder) -> float:
    """Code a short text, so that the first client does not wait for what is loaded on first use.

    Returns
    -------
    float
        How many seconds the coder took, the second time.

    Raises
    ------
    ClemError
        If the coder cannot code it.

    """
    seconds = 0.0
    for _ in range(_REHEARSALS):
        begun = time.monotonic()
        coder.code(_REHEARSED, evidence=coder.explainer is not None)
        seconds = time.monotonic() - begun
    return seconds
