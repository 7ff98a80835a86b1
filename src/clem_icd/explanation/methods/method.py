"""The interface of explanation methods."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from clem_icd.explanation.spans import SpanRule, spans_of
from clem_icd.explanation.token_weights import TokenWeights
from clem_icd.fields import Choice
from clem_icd.modeling import ModelInfo, System
from clem_icd.modeling.system import Span


class Method(Choice):
    """Computes how much each token of a note supports a label; its fields are the settings of the method.

    Attributes
    ----------
    default_rule
        From weights to spans, where nothing was tuned; None for a method that gives spans without a rule.
    needs_gradients
        Whether it needs gradients through the encoder, which a system in reduced precision does not have.

    """

    default_rule: ClassVar[SpanRule | None] = SpanRule()
    needs_gradients: ClassVar[bool] = False

    def require(self, system: System, info: ModelInfo) -> None:
        """Refuse a system that the method cannot explain; called before any note is read.

        Raises
        ------
        ModelError
            If it cannot.

        """

    def remarks(self, system: System, info: ModelInfo) -> tuple[str, ...]:
        """Return what a reader of the evidence has to know, as sentences."""
        return ()

    def weigh(self, system: System, info: ModelInfo, text: str, labels: Sequence[int]) -> TokenWeights:
        """Return the weight of every token of a note for some labels.

        Parameters
        ----------
        system, info
            A system that `require` accepts.
        text
            The raw note.
        labels
            Positions in the label space [labels].

        """
        raise NotImplementedError

    def spans(
        self, system: System, info: ModelInfo, text: str, labels: Sequence[int], rule: SpanRule
    ) -> list[tuple[Span, ...]]:
        """Return the spans of each label: what stands out among the words, by a rule [labels].

        Parameters
        ----------
        system, info, text, labels
            As for `weigh`.
        rule
            From weights to spans.

        """
        return spans_of(text, self.weigh(system, info, text, labels), rule)
