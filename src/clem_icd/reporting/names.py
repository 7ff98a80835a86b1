"""Distinct names for systems that would otherwise look alike."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["distinct_names"]


def distinct_names(names: Sequence[str]) -> list[str]:
    """Number repeated names from the second occurrence on: ``run``, ``run (2)``."""
    distinct: list[str] = []
    for name in names:
        number, candidate = 1, name
        while candidate in distinct:
            number += 1
            candidate = f"{name} ({number})"
        distinct.append(candidate)
    return distinct
