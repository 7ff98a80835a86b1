"""Working ahead: what comes next is made while the last is worked on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def one_ahead(values: Iterable[T]) -> Iterator[T]:
    """Yield the values, each next one made in a thread meanwhile.

    It gains where both sides leave Python's lock alone: decompressing, parsing, writing files.
    """
    source = iter(values)
    end = object()
    with ThreadPoolExecutor(1) as worker:
        pending = worker.submit(next, source, end)
        while (value := pending.result()) is not end:
            pending = worker.submit(next, source, end)
            yield value  # type: ignore[misc]
