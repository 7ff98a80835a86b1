"""What is known of the codes of a code space before any note is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from clem_icd.icd import Code, category, default_codebook
from clem_icd.modeling.lexicon.arrays import Floats, Ints

__all__ = ["CodeSpace"]


@dataclass(frozen=True, eq=False)
class CodeSpace:
    """Facts about codes.

    Attributes
    ----------
    categories, chapters
        The number of each code's category, and of its first character [codes].
    characters
        The length of each code [codes].
    vagueness
        1 if its title says "unspecified", plus 2 if it says "other", plus 4 if it has none [codes].

    """

    categories: Ints
    chapters: Ints
    characters: Floats
    vagueness: Floats

    @classmethod
    def of(cls, codes: Sequence[Code]) -> CodeSpace:
        """Return what is known of some codes."""
        categories = [f"{code.system} {category(code.value, code.system)}" for code in codes]
        chapters = [f"{code.system} {code.value[:1]}" for code in codes]
        return cls(
            np.unique(categories, return_inverse=True)[1].astype(np.int64),
            np.unique(chapters, return_inverse=True)[1].astype(np.int64),
            np.array([len(code.value) for code in codes], dtype=np.float32),
            np.array([_vagueness(code) for code in codes], dtype=np.float32),
        )


def _vagueness(code: Code) -> int:
    title = default_codebook().title(code.value, code.system)
    if title is None:
        return 4
    words = title.lower()
    return ("unspecified" in words) + 2 * ("other " in words)
