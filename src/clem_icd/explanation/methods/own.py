"""The spans that a system knows itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal, cast

import numpy as np

from clem_icd.explanation.methods.method import Method
from clem_icd.explanation.spans import SpanRule
from clem_icd.explanation.token_weights import TokenWeights
from clem_icd.explanation.words import words_of
from clem_icd.modeling import ModelInfo, System
from clem_icd.modeling.system import Explaining, Span


class OwnSpans(Method):
    """The words from which the system took the code: a lexicon, a dictionary, or a search in titles."""

    kind: Literal["own"] = "own"
    default_rule: ClassVar[SpanRule | None] = None

    def objection(self, system: System, info: ModelInfo) -> str | None:
        """Refuse a system that does not know its spans."""
        if isinstance(system, Explaining):
            return None
        return f"needs a system that takes codes from words, and this one is {info.system}"

    def weigh(self, system: System, info: ModelInfo, text: str, labels: Sequence[int]) -> TokenWeights:
        """Return weights in which each word of a span has the weight of the span."""
        offsets = words_of(text)
        weights = np.zeros((len(labels), len(offsets)), dtype=np.float32)
        for row, spans in enumerate(cast(Explaining, system).spans(text, labels)):
            for begin, end, weight in spans:
                inside = (offsets[:, 0] < end) & (offsets[:, 1] > begin)
                weights[row, inside] = np.maximum(weights[row, inside], weight)
        return TokenWeights(offsets, weights, len(text))

    def spans(
        self, system: System, info: ModelInfo, text: str, labels: Sequence[int], rule: SpanRule
    ) -> list[tuple[Span, ...]]:
        """Return the spans as the system gives them, whatever the rule [labels]."""
        return cast(Explaining, system).spans(text, labels)
