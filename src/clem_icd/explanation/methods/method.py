"""The interface of explanation methods."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from clem_icd.errors import ModelError
from clem_icd.explanation.spans import SpanRule, spans_of
from clem_icd.explanation.token_weights import TokenWeights
from clem_icd.extras import is_installed, require_installed
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
    package
        The optional package that it needs, if any.

    """

    default_rule: ClassVar[SpanRule | None] = SpanRule()
    needs_gradients: ClassVar[bool] = False
    package: ClassVar[str | None] = None

    def require(self, system: System, info: ModelInfo) -> None:
        """Refuse a system that the method cannot explain, and name the methods that can.

        It is called before any note is read.

        Raises
        ------
        ModelError
            If it cannot.
        MissingExtraError
            If a package is not installed that it needs.

        """
        reason = self.objection(system, info)
        if reason is not None:
            raise ModelError(
                f"method {self.kind} {reason}", remedy=f"Choose from {', '.join(_methods_for(system, info))}"
            )
        if self.package is not None:
            require_installed(self.package, f"The method {self.kind}")

    def objection(self, system: System, info: ModelInfo) -> str | None:
        """Return why the method cannot explain a system, as a sentence that lacks its subject, or None."""
        return None

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


def _methods_for(system: System, info: ModelInfo) -> list[str]:
    """Return the names of the methods that can explain a system, as far as their packages are installed."""
    # Imported here: the registry imports the methods.
    from clem_icd.explanation import METHODS

    methods = [method for kind in METHODS.kinds if (method := METHODS.parse(kind)) is not None]
    installed = [one for one in methods if one.package is None or is_installed(one.package)]
    return [method.kind for method in installed if method.objection(system, info) is None]
