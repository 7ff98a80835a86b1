"""From the notes of a request to their codings: whoever asks, over `/v1` or as FHIR."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Literal

from starlette.requests import Request

from clem_icd.errors import ClemError, NoteError
from clem_icd.prediction import Coding
from clem_icd.serving.batching import Work
from clem_icd.serving.journal import log
from clem_icd.serving.problems import (
    INTERNAL,
    REPORT_IT,
    ClientGoneError,
    ErrorFields,
    ServiceError,
    internal_error,
)
from clem_icd.serving.service import Service
from clem_icd.texts import plain_text, remarks_on

# They take about a millisecond. A thread takes longer to begin while the model works.
_QUICK_CHARACTERS = 20_000

Wrapped = Literal["refuse", "keep"]


@dataclass(frozen=True, slots=True)
class CodedNote:
    """The coding of one note, or why there is none.

    Attributes
    ----------
    result
        The suggestions; an error if the note cannot be read, or coding it failed.
    wrappings, remarks
        What is odd about the note: the format that it is still wrapped in, and its characters.

    """

    result: Coding | ErrorFields
    wrappings: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Prepared:
    work: Work | ErrorFields
    wrappings: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


async def code_notes(
    service: Service,
    request: Request,
    texts: Sequence[str],
    *,
    top: int,
    evidence: bool,
    wrapped: Wrapped = "refuse",
) -> list[CodedNote]:
    """Return the coding of every note of a request, or its error [notes].

    Parameters
    ----------
    service
        Its model codes the notes.
    request
        Watched: if the client leaves, its notes leave the queue.
    texts
        The notes.
    top, evidence, wrapped
        As for `Coder.code_all`.

    Raises
    ------
    ServiceError
        If the service is not ready, overloaded or too slow, if no method explains the model, or if coding
        failed for every note.
    ClientGoneError
        If the client leaves first.

    """
    batcher = service.batcher
    if evidence and service.served.evidence_method is None:
        raise ServiceError(
            "invalid-request",
            f"no method explains this model, which is a {service.served.coder.info.system} system",
            "Leave out the evidence",
        )
    prepare = partial(_prepare, texts, service.limits.note_characters, top, evidence, wrapped)
    is_quick = sum(map(len, texts)) <= _QUICK_CHARACTERS
    prepared = prepare() if is_quick else await asyncio.to_thread(prepare)
    works = [one.work for one in prepared if isinstance(one.work, Work)]
    if works:
        batcher.submit(works)
        try:
            await _all_done(request, works, service.limits.deadline_seconds)
        finally:
            batcher.drop(works)
    outcomes = [_outcome(one, request) for one in prepared]
    coded = [one for one in outcomes if isinstance(one, CodedNote)]
    _count(service, coded)
    for one in outcomes:
        if isinstance(one, ServiceError):
            raise one
    if all(_has_failed(one) for one in coded):
        raise internal_error()
    return coded


def _prepare(
    texts: Sequence[str], longest: int, top: int, evidence: bool, wrapped: Wrapped
) -> list[_Prepared]:
    return [_prepare_one(text, longest, top, evidence, wrapped) for text in texts]


def _prepare_one(text: str, longest: int, top: int, evidence: bool, wrapped: Wrapped) -> _Prepared:
    try:
        if len(text) > longest:
            raise NoteError(
                f"the note is {len(text):,} characters long, expected at most {longest:,}",
                remedy="Split it into its notes",
            )
        plain = plain_text(text, wrapped=wrapped)
    except NoteError as problem:
        return _Prepared(_fields("unreadable-note", problem))
    return _Prepared(Work(plain.text, top, evidence), plain.wrappings, remarks_on(plain.text))


async def _all_done(request: Request, works: Sequence[Work], seconds: float) -> None:
    """Wait until every note has its coding, or an error of its own, or until the client has left.

    One future for all: a loop with hundreds of other requests takes long for each further step.
    """
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[bool] = loop.create_future()
    waiting = deque(works)

    def end(is_coded: bool) -> None:
        if not ended.done():
            ended.set_result(is_coded)

    def left(task: asyncio.Task[None]) -> None:
        if task.cancelled():
            return
        problem = task.exception()
        if problem is None:
            end(False)
        elif not ended.done():
            ended.set_exception(problem)

    def one_done(_: object) -> None:
        # In the thread of the batcher.
        waiting.pop()
        if not waiting:
            with suppress(RuntimeError):  # the loop ended meanwhile: nobody waits
                loop.call_soon_threadsafe(end, True)

    for work in works:
        work.coding.add_done_callback(one_done)
    leaving = asyncio.ensure_future(_gone(request))
    leaving.add_done_callback(left)
    try:
        async with asyncio.timeout(seconds):
            is_coded = await ended
    except TimeoutError:
        raise ServiceError(
            "deadline",
            f"the notes were not coded within {seconds:g} seconds",
            "Send fewer or shorter notes per request, or leave out the evidence",
        ) from None
    finally:
        leaving.cancel()
    if not is_coded:
        raise ClientGoneError


async def _gone(request: Request) -> None:
    # The body has been read, so that nothing else can come.
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _outcome(one: _Prepared, request: Request) -> CodedNote | ServiceError:
    """Return what became of a note, or the refusal of the whole request."""
    if isinstance(one.work, ErrorFields):
        return CodedNote(one.work)
    problem = one.work.coding.exception()
    if problem is None:
        return CodedNote(one.work.coding.result(), one.wrappings, one.remarks)
    if isinstance(problem, ServiceError):
        return problem
    log(
        logging.ERROR,
        "note failed",
        request_id=request.state.request_id,
        exception=type(problem).__name__,
    )
    return CodedNote(_fields(INTERNAL, problem), one.wrappings, one.remarks)


def _fields(code: str, problem: BaseException) -> ErrorFields:
    """Return what to say of a problem. The message of a foreign exception may quote the note."""
    if isinstance(problem, ClemError):
        return ErrorFields(code=code, message=problem.found, remedy=problem.remedy)
    return ErrorFields(code=code, message="coding this note failed", remedy=REPORT_IT)


def _has_failed(one: CodedNote) -> bool:
    """Return whether coding a readable note failed, which is a defect here or of the model."""
    return isinstance(one.result, ErrorFields) and one.result.code == INTERNAL


def _count(service: Service, coded: Sequence[CodedNote]) -> None:
    measures = service.measures
    for one in coded:
        if isinstance(one.result, ErrorFields):
            measures.notes.labels("failed" if _has_failed(one) else "unreadable").inc()
            continue
        measures.notes.labels("coded").inc()
        measures.tokens.inc(one.result.tokens_read or 0)
        for suggestion in one.result.suggestions:
            measures.codes.labels("yes" if suggestion.decided else "no").inc()
