"""The method and the rule by which a system is explained if none is named."""

from __future__ import annotations

from clem_icd.errors import ModelError
from clem_icd.explanation.methods.method import Method
from clem_icd.explanation.methods.own import OwnSpans
from clem_icd.modeling import ModelInfo, System
from clem_icd.modeling.system import Explaining


def default_method(system: System, info: ModelInfo) -> Method:
    """Return the method that explains a system if none is named.

    Raises
    ------
    ModelError
        If no method explains the system.

    """
    if isinstance(system, Explaining):
        return OwnSpans()
    if info.system == "neural":
        # Imported here: a search in titles needs no torch.
        from clem_icd.explanation.methods.input_x_gradient import InputTimesGradient

        return InputTimesGradient()
    raise ModelError(
        f"no method explains a {info.system} system, expected a neural one or a lexicon",
        remedy="Leave out the evidence",
    )
