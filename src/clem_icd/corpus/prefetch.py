"""Prefetching: a thread produces the next value while the caller works on the current one."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def prefetched(values: Iterable[T]) -> Generator[T, None, None]:
    """Yield the values, producing one ahead in a thread.

    This pays off where both sides release Python's lock: decompressing, parsing, writing files.
    """
    source = iter(values)
    end = object()
    with ThreadPoolExecutor(1) as worker:
        pending = worker.submit(next, source, end)
        while (value := pending.result()) is not end:
            pending = worker.submit(next, source, end)
            yield value  # type: ignore[misc]
