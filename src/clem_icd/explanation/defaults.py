"""The method by which a system is explained if none is named."""

from __future__ import annotations

from clem_icd.errors import ModelError
from clem_icd.explanation.methods.method import Method
from clem_icd.explanation.methods.own import OwnSpans
from clem_icd.modeling import ModelInfo, System
from clem_icd.modeling.system import Explaining

_BY_HEAD = {
    "pooled": "head-decomposition",
    "label-attention": "attention",
    "label-cross-attention": "attention",
    "label-tree-attention": "attention",
}
_OTHER_HEADS = "input-x-gradient"
_BY_SYSTEM = {"linear": "coefficients"}
"""The names of methods, by the kind of a neural system's head, and by the kind of other systems."""


def default_method(system: System, info: ModelInfo) -> Method:
    """Return the method that explains a system if none is named.

    Raises
    ------
    ModelError
        If no method explains the system.

    """
    if isinstance(system, Explaining):
        return OwnSpans()
    # Imported here: a search in titles needs no torch.
    from clem_icd.explanation.methods.registry import METHODS

    name = _name(info)
    if name not in METHODS.kinds and info.system == "neural":
        name = _OTHER_HEADS
    method = METHODS.parse(name) if name in METHODS.kinds else None
    if method is None:
        raise ModelError(
            f"no method explains a {info.system} system, expected a neural one or a lexicon",
            remedy="Leave out the evidence",
        )
    return method


def _name(info: ModelInfo) -> str | None:
    if info.architecture is None:
        return _BY_SYSTEM.get(info.system)
    return _BY_HEAD.get(info.architecture["head"]["kind"], _OTHER_HEADS)
