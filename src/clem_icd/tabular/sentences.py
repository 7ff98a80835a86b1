"""Counts in sentences: how much was read, left out or changed."""

from __future__ import annotations

from collections.abc import Mapping


def counted(count: int, one: str, many: str) -> str:
    """Return a sentence with its count: "1 note is empty", "1,204 notes are empty"."""
    return f"{count:,} {one if count == 1 else many}"


def count_sentences(counts: Mapping[str, int], words: Mapping[str, tuple[str, str]]) -> list[str]:
    """Return a sentence for every count that is not zero, worded by its key for one and for many."""
    return [counted(counts[key], *both) for key, both in words.items() if counts[key]]


def repeated_headers(count: int) -> str:
    """Return what is said of records of a table that only repeat its header."""
    one, many = "record repeats the header and was", "records repeat the header and were"
    return f"{counted(count, one, many)} left out"
