"""The method and the rule that a model stores: how its evidence is found if nothing else is asked for."""

from __future__ import annotations

from dataclasses import replace

from pydantic import ValidationError

from clem_icd.errors import ModelError
from clem_icd.explanation.methods.method import Method
from clem_icd.explanation.spans import SpanRule
from clem_icd.fields import InvalidFieldError
from clem_icd.modeling import ModelInfo

__all__ = ["stored_method", "stored_rule", "with_evidence"]


def with_evidence(info: ModelInfo, method: Method, rule: SpanRule, chosen: str) -> ModelInfo:
    """Return the description of a model that stores a method and a rule.

    Parameters
    ----------
    chosen
        How the rule was chosen, as a sentence without its full stop.

    """
    stored = {"method": method.model_dump(mode="json"), "rule": rule.model_dump(mode="json")}
    return replace(info, evidence={**stored, "chosen": chosen})


def stored_method(info: ModelInfo) -> Method | None:
    """Return the method that a model stores, if any.

    Raises
    ------
    ModelError
        If this release does not know the method.

    """
    if info.evidence is None:
        return None
    from clem_icd.explanation.methods.registry import METHODS

    try:
        return METHODS.parse(info.evidence["method"])
    except ValidationError as problem:
        raise _unsupported(InvalidFieldError.of(problem, "evidence.method")) from None
    except ValueError as problem:
        raise _unsupported(problem) from None


def stored_rule(info: ModelInfo, method: Method) -> tuple[SpanRule, str] | None:
    """Return the rule that a model stores for a method, and how it was chosen; None if it has none.

    Raises
    ------
    ModelError
        If the rule is not one.

    """
    # Compared by name first, so that a method that is unknown here prevents no other.
    if info.evidence is None or info.evidence["method"].get("kind") != method.kind:
        return None
    if stored_method(info) != method:
        return None
    try:
        return SpanRule.model_validate(info.evidence["rule"]), info.evidence["chosen"]
    except ValidationError as problem:
        raise _unsupported(InvalidFieldError.of(problem, "evidence.rule")) from None


def _unsupported(problem: Exception) -> ModelError:
    return ModelError(
        f"clem.json describes evidence that this release does not support: {problem}",
        remedy="Name a method, or copy the folder again",
    )
