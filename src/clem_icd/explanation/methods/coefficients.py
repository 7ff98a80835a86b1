"""The coefficients of the linear baseline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, cast

from clem_icd.explanation.methods.method import Method
from clem_icd.explanation.token_weights import TokenWeights
from clem_icd.modeling import LinearSystem, ModelInfo, System


class Coefficients(Method):
    """What each word adds to the logit of a linear system: coefficient times TF-IDF value.

    A feature that occurs several times, or that is a run of words, adds equal parts at each occurrence and at
    each of its words. The weights are exact: with the bias, they sum to the logit. They are less than zero
    where a word speaks against the code.
    """

    kind: Literal["coefficients"] = "coefficients"

    def objection(self, system: System, info: ModelInfo) -> str | None:
        """Refuse a system that is not linear."""
        if isinstance(system, LinearSystem):
            return None
        return f"explains linear systems, and this one is {info.system}"

    def weigh(self, system: System, info: ModelInfo, text: str, labels: Sequence[int]) -> TokenWeights:
        """Return what each word of the vectorizer adds to the logits of some labels."""
        offsets, weights = cast(LinearSystem, system).contributions(text, labels)
        return TokenWeights(offsets, weights, len(text))
