"""Explaining the codes of a note."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from clem_icd.errors import InputError
from clem_icd.explanation.defaults import default_method
from clem_icd.explanation.extent import end_of_reading
from clem_icd.explanation.methods.method import Method
from clem_icd.explanation.spans import SpanRule
from clem_icd.explanation.stored import stored_method, stored_rule
from clem_icd.explanation.token_weights import TokenWeights
from clem_icd.fields import Choices, InvalidFieldError
from clem_icd.icd import Code
from clem_icd.modeling import ModelInfo, System
from clem_icd.modeling.system import Span


@dataclass(frozen=True, eq=False)
class Explanation:
    """What supports a code of a note.

    Attributes
    ----------
    code
        The code.
    offsets
        Begin and end of each token that was read, as in `TokenWeights` [tokens, 2].
    weights
        The weight of each token, as the method defines it [tokens].

    """

    code: Code
    offsets: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float32]


class Explainer:
    """Says which words of a note support a code, by one method and one rule.

    Parameters
    ----------
    system, info
        The result of `load_model`.
    method
        A method, or the name of a method with its default settings. By default the method that the model
        stores, or else the one that suits the system best.
    rule
        From weights to spans. By default the rule that the model stores for the method, or else that of the
        method.
    cut
        Replaces the cut of the rule.

    Attributes
    ----------
    system
        As it was given. A method that needs gradients looks into the same system in single precision, loaded
        again if it was loaded in reduced precision.
    chosen
        How the rule was chosen, as a sentence without its full stop.

    Raises
    ------
    InputError
        If the method is unknown, or the cut is out of range or does not apply.
    ModelError
        If the method cannot explain the system, or the model stores one that this release does not know.

    """

    def __init__(
        self,
        system: System,
        info: ModelInfo,
        method: Method | str | None = None,
        rule: SpanRule | None = None,
        *,
        cut: float | None = None,
    ) -> None:
        self.system = system
        self.info = info
        if method is None:
            self.method = stored_method(info) or default_method(system, info)
        else:
            self.method = parse_method(method)
        self.method.require(system, info)
        self._explained = _with_gradients(system) if self.method.needs_gradients else system
        self.rule, self.chosen = (rule, "given") if rule is not None else _rule(info, self.method)
        if cut is not None:
            self.rule, self.chosen = _with_cut(self.rule, cut, self.method), "given"
        self._place = {code: position for position, code in enumerate(info.labels)}

    @property
    def name(self) -> str:
        """What found the evidence: the method, or the kind of a system that knows its own spans."""
        return self.info.system if self.method.kind == "own" else self.method.kind

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a reader of the evidence has to know, to be shown beside it."""
        return self.method.remarks(self._explained, self.info)

    @property
    def about(self) -> dict[str, Any]:
        """The method, its rule and how that was chosen, as JSON; no rule if the system knows its spans."""
        rule = None if self.method.default_rule is None else self.rule.model_dump(mode="json")
        return {
            "method": self.name,
            "rule": rule,
            "chosen": None if rule is None else self.chosen,
        }

    def weigh(self, text: str, labels: Sequence[int]) -> TokenWeights:
        """Return how much each token of a note supports some labels, given by their places."""
        return self.method.weigh(self._explained, self.info, text, labels)

    def spans(self, text: str, labels: Sequence[int]) -> list[tuple[Span, ...]]:
        """Return the spans of some labels, given by their places; a label may have none [labels]."""
        return self.method.spans(self._explained, self.info, text, labels, self.rule)

    def end_of_reading(self, text: str) -> int:
        """Return the end of the part of a note that the system reads, in characters.

        What follows is not explained.
        """
        return end_of_reading(self.system, self.info, text)

    def explain(self, text: str, codes: Sequence[Code]) -> list[Explanation]:
        """Explain codes of a note [codes].

        Raises
        ------
        InputError
            If a code is not in the label space.

        """
        found = self.weigh(text, self.places_of(codes))
        return [Explanation(code, found.offsets, own) for code, own in zip(codes, found.weights, strict=True)]

    def scores(self, code: Code) -> bool:
        """Return whether a code is in the label space."""
        return code in self._place

    def places_of(self, codes: Sequence[Code]) -> list[int]:
        """Return the places of codes in the label space [codes].

        Raises
        ------
        InputError
            If a code is not in it.

        """
        unknown = [code for code in codes if code not in self._place]
        if unknown:
            raise InputError(
                f"{unknown[0].value} ({unknown[0].system.value}) is not one of the model's "
                f"{len(self._place):,} codes",
                remedy="Choose a code that the model scores",
            )
        return [self._place[code] for code in codes]


def _with_gradients(system: System) -> System:
    """Return a system in single precision."""
    # Imported here: a search in titles needs no torch.
    from clem_icd.modeling.neural import NeuralSystem

    return system.exact() if isinstance(system, NeuralSystem) else system


def _rule(info: ModelInfo, method: Method) -> tuple[SpanRule, str]:
    """Return the rule for a method where none is given, and how it was chosen."""
    stored = stored_rule(info, method)
    if stored is not None:
        return stored
    return method.default_rule or SpanRule(), f"the default of {method.kind}"


def _with_cut(rule: SpanRule, cut: float, method: Method) -> SpanRule:
    if method.default_rule is None:
        raise InputError(
            f"a cut of {cut} is given, and method {method.kind} takes spans as they are",
            remedy="Leave out the cut, or name another method",
        )
    try:
        return SpanRule.model_validate({**rule.model_dump(), "cut": cut})
    except ValidationError as problem:
        raise InputError(str(InvalidFieldError.of(problem)), remedy="Pass a share between 0 and 1") from None


def parse_method(method: Method | str | dict[str, Any]) -> Method:
    """Return a method by its name, or by its ``kind`` and settings.

    Raises
    ------
    InputError
        If the method or a setting is unknown.

    """
    from clem_icd.explanation.methods.registry import METHODS

    remedy = f"The methods are {', '.join(METHODS.kinds)}"
    try:
        found = METHODS.parse(method)
    except ValidationError as problem:
        raise _invalid_setting(METHODS, method, InvalidFieldError.of(problem)) from None
    except ValueError as problem:
        raise InputError(str(problem), remedy=remedy) from None
    if found is None:
        raise InputError("no method is given", remedy=remedy)
    return found


def _invalid_setting(methods: Choices[Method], method: Any, problem: InvalidFieldError) -> InputError:
    """Return the error for a setting of a method that does not exist, or does not fit."""
    kind = (methods.expand(method) or {})["kind"]
    page = "docs/reference/explanation-methods.md"
    if not problem.unknown:
        return InputError(f"method {kind}: {problem}", remedy=f"Its settings are in {page}")
    settings = [field for field in methods.fields_of(kind) if field != "kind"]
    remedy = f"Its settings are {', '.join(settings)}; see {page}" if settings else "It has no settings"
    return InputError(f"method {kind} has no setting {problem.key!r}", remedy=remedy)
