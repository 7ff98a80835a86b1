"""Text templates with random choices: ``furosemide {20|40} mg PO {DAILY|BID}``.

``{a|b}`` stands for one of the alternatives; ``{2-9}`` and ``{0.8-1.2}`` stand for a number in that range,
with as many decimals as the bounds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random
from typing import TypeVar

__all__ = ["Frame", "Phrase", "number", "pick"]

T = TypeVar("T")

_SLOT = "@"
_CHOICE = re.compile(r"\{([^{}]*)\}")
_RANGE = re.compile(r"(\d[\d,]*(?:\.\d+)?)-(\d[\d,]*(?:\.\d+)?)")


def pick(rng: Random, options: Sequence[T]) -> T:
    """Draw one of the options; several times faster than ``Random.choice``."""
    return options[int(rng.random() * len(options))]


def number(rng: Random, low: float, high: float, decimals: int) -> str:
    """Draw a number in ``[low, high]`` and format it with ``decimals`` decimals."""
    if decimals == 0:
        return str(int(low) + int(rng.random() * (int(high) - int(low) + 1)))
    return f"{low + rng.random() * (high - low):.{decimals}f}"


class Phrase:
    """A text template.

    Parameters
    ----------
    source
        The template, with choices in braces.

    """

    __slots__ = ("_parts", "source")

    def __init__(self, source: str) -> None:
        self.source = source
        pieces = _CHOICE.split(source)
        self._parts = [piece if at % 2 == 0 else _choice(piece) for at, piece in enumerate(pieces) if piece]

    def render(self, rng: Random) -> str:
        """Draw one of the texts that this phrase stands for."""
        # A list, not a generator: "".join would make a list of it anyway, and notes spend most time here.
        return "".join([part if isinstance(part, str) else part(rng) for part in self._parts])


class Frame:
    """A text template around a slot ``@``.

    Parameters
    ----------
    source
        The template, with one ``@``.

    """

    __slots__ = ("after", "before")

    def __init__(self, source: str) -> None:
        before, _, after = source.partition(_SLOT)
        self.before = Phrase(before)
        self.after = Phrase(after)


def _choice(body: str) -> Callable[[Random], str]:
    bounds = _RANGE.fullmatch(body)
    if bounds is None or "|" in body:
        options = tuple(body.split("|"))
        return lambda rng: pick(rng, options)
    low, high = bounds.groups()
    decimals = len(low.partition(".")[2])
    return lambda rng: number(rng, float(low), float(high), decimals)
