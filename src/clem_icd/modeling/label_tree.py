"""The tree of a label space: chapters, blocks, categories and codes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from clem_icd.icd import Code, block, category, chapter

LEVELS = ("chapter", "block", "category", "code")
"""The levels of a tree, from the root."""


@dataclass(frozen=True)
class LabelTree:
    """The nodes of each level, and their parents.

    Every label has one node per level, so a code that is its own category has a node as each. Codes without a
    block are in a block of all such codes of their chapter, and codes without a chapter in a chapter of all
    such codes of their code system.

    Attributes
    ----------
    parents
        For blocks, categories and codes, the position of each node's parent among the nodes of the level
        above. Codes are in label order.

    """

    parents: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, codes: Iterable[Code]) -> Self:
        """Return the tree of a label space."""
        positions: list[dict[tuple[str, ...], int]] = [{} for _ in LEVELS[:-1]]
        parents: list[list[int]] = [[] for _ in LEVELS[1:]]
        for code in codes:
            path = _path(code)
            for depth, known in enumerate(positions):
                node = path[: depth + 2]
                if node not in known:
                    known[node] = len(known)
                    if depth > 0:
                        parents[depth - 1].append(positions[depth - 1][path[: depth + 1]])
            parents[-1].append(positions[-1][path])
        return cls(tuple(map(tuple, parents)))

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of nodes of each level, from the chapters."""
        # Every chapter has a block.
        return (max(self.parents[0]) + 1, *map(len, self.parents))

    def frequencies(self, of_codes: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return the share of notes with each node, from the chapters on [nodes].

        It follows from the codes as if they occurred independently of each other.

        Parameters
        ----------
        of_codes
            The share of notes with each label [labels].

        """
        levels = [of_codes]
        for size, parents in zip(reversed(self.sizes[:-1]), reversed(self.parents), strict=True):
            absent = np.ones(size)
            np.multiply.at(absent, list(parents), 1 - levels[0])
            levels.insert(0, 1 - absent)
        return np.concatenate(levels)


def has_hierarchy(codes: Sequence[Code]) -> bool:
    """Return whether any code is in a chapter."""
    return any(chapter(code.value, code.system) is not None for code in codes)


def _path(code: Code) -> tuple[str, ...]:
    """Return code system, chapter, block and category of a code; empty where it has none."""
    value, system = code.value, code.system
    return (system.value, chapter(value, system) or "", block(value, system) or "", category(value, system))
