"""Numbers as text: percentages, counts, and a dash for a missing value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["ABSENT", "four_digits", "mean_and_deviation", "percent", "training_notes", "whole"]

ABSENT = "\N{EN DASH}"
"""Stands in a table for a missing value."""


def percent(share: float | None, unit: str = "") -> str:
    """Format a share (0 to 1) in percent with one decimal."""
    return ABSENT if share is None else f"{100 * share:.1f}{unit}"


def four_digits(number: float | None) -> str:
    """Format a number with four significant digits."""
    return ABSENT if number is None else f"{number:.4g}"


def mean_and_deviation(summary: Mapping[str, Any]) -> str:
    """Format the mean of shares in percent with one decimal, with the standard deviation if it has one."""
    deviation = "" if summary["sd"] is None else f" \N{PLUS-MINUS SIGN} {100 * summary['sd']:.1f}"
    return f"{100 * summary['mean']:.1f}{deviation}"


def whole(number: float | None) -> str:
    """Format a count with thousands separators; a small fractional number keeps one decimal."""
    if number is None:
        return ABSENT
    return f"{number:,.0f}" if number >= 100 or number == int(number) else f"{number:.1f}"


def training_notes(bucket: Mapping[str, Any]) -> str:
    """Format the range of training notes of a label-frequency bucket: ``0``, ``1–5``, ``over 500``."""  # noqa: RUF002
    low, high = bucket["low"], bucket["high"]
    if high is None:
        return f"over {low - 1}"
    return f"{low}" if low == high else f"{low}\N{EN DASH}{high}"
