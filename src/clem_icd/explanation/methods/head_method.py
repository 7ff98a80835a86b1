"""The interface of methods that need a certain head."""

from __future__ import annotations

from typing import cast

from clem_icd.errors import ClemError, ModelError
from clem_icd.explanation.methods.method import Method
from clem_icd.explanation.methods.neural_method import NeuralMethod
from clem_icd.modeling import ModelInfo, System
from clem_icd.modeling.neural import NeuralSystem


class HeadMethod(NeuralMethod):
    """A method that explains neural systems with certain heads."""

    def require(self, system: System, info: ModelInfo) -> None:
        """Refuse any other system, and name the methods that explain it."""
        super().require(system, info)
        reason = self.objection(cast(NeuralSystem, system))
        if reason is not None:
            raise ModelError(
                f"method {self.kind} {reason}", remedy=f"Choose from {', '.join(_methods_for(system, info))}"
            )

    def objection(self, system: NeuralSystem) -> str | None:
        """Return why the method cannot explain a system, as a sentence that lacks its subject, or None."""
        raise NotImplementedError


def _methods_for(system: System, info: ModelInfo) -> list[str]:
    # Imported here: the registry imports the methods.
    from clem_icd.explanation import METHODS

    methods = (METHODS.parse(kind) for kind in METHODS.kinds)
    return [method.kind for method in methods if method is not None and _explains(method, system, info)]


def _explains(method: Method, system: System, info: ModelInfo) -> bool:
    # Not by `require`, which would make this list again.
    if isinstance(method, HeadMethod):
        return isinstance(system, NeuralSystem) and method.objection(system) is None
    try:
        method.require(system, info)
    except ClemError:
        return False
    return True
