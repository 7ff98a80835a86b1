"""The coefficients of the linear baseline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, cast

from clem_icd.errors import ModelError
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

    def require(self, system: System, info: ModelInfo) -> None:
        """Refuse a system that is not linear."""
        if not isinstance(system, LinearSystem):
            raise ModelError(
                f"method {self.kind} explains linear systems, and this one is {info.system}",
                remedy="Leave out the method, to use the default one of the system",
            )

    def weigh(self, system: System, info: ModelInfo, text: str, labels: Sequence[int]) -> TokenWeights:
        """Return what each word of the vectorizer adds to the logits of some labels."""
        offsets, weights = cast(LinearSystem, system).contributions(text, labels)
        return TokenWeights(offsets, weights, len(text))
