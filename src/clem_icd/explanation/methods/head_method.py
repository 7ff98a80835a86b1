"""The interface of methods that need a certain head."""

from __future__ import annotations

from typing import cast

from clem_icd.explanation.methods.neural_method import NeuralMethod
from clem_icd.modeling import ModelInfo, System
from clem_icd.modeling.neural import NeuralSystem


class HeadMethod(NeuralMethod):
    """A method that explains neural systems with certain heads."""

    def objection(self, system: System, info: ModelInfo) -> str | None:
        """Refuse a system that is not neural, or has another head."""
        return super().objection(system, info) or self.objection_to_head(cast(NeuralSystem, system))

    def objection_to_head(self, system: NeuralSystem) -> str | None:
        """Return why the method cannot explain a system with this head, as `objection` does."""
        raise NotImplementedError
