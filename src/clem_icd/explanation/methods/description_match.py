"""The words that a note shares with the title of a code, a baseline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from clem_icd.explanation.methods.baseline import Baseline
from clem_icd.explanation.spans import SpanRule
from clem_icd.modeling import ModelInfo, System
from clem_icd.modeling.lexicon.language import Language
from clem_icd.modeling.lexicon.words import read_words


class DescriptionMatch(Baseline):
    """Weight 1 for each word of the note whose stem is in the title of the code, and 0 for all others.

    Words are lower-cased and reduced to stems. Function words and numbers never match. A code without a title
    has no weights.

    Attributes
    ----------
    language
        The language of notes and titles, for stems and function words; None for that of the system if it has
        one, and otherwise English.

    """

    default_rule: ClassVar[SpanRule | None] = SpanRule(cut=0)
    kind: Literal["description-match"] = "description-match"
    language: Language | None = None

    def objection(self, system: System, info: ModelInfo) -> str | None:
        """Refuse a system of which no code has a title."""
        if any(info.titles):
            return None
        return f"needs titles, and none of the {len(info.labels):,} codes has one"

    def word_weights(
        self,
        system: System,
        info: ModelInfo,
        text: str,
        words: npt.NDArray[np.int64],
        labels: Sequence[int],
    ) -> npt.NDArray[np.float32]:
        """Return the weights [labels, words]."""
        language: Language = getattr(system, "language", "en") if self.language is None else self.language
        stems, ends = _stems(text, language)
        # A word may contain several stems, as "heart-failure" does.
        of_stem = np.searchsorted(words[:, 0], ends) - 1
        inside = (of_stem >= 0) & (ends <= words[of_stem, 1]) if len(words) else np.zeros(len(ends), bool)
        weights = np.zeros((len(labels), len(words)), dtype=np.float32)
        for row, label in enumerate(labels):
            title, _ = _stems(info.titles[label] or "", language)
            weights[row, of_stem[inside & np.isin(stems, title)]] = 1
        return weights


def _stems(text: str, language: Language) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
    """Return the stems of the content words of a text, without numbers, and where they end [stems]."""
    found = read_words(text, language)
    alphabetic = np.array([not text[begin].isdigit() for begin in found.begins.tolist()], dtype=bool)
    return found.stems[alphabetic], found.ends[alphabetic]
