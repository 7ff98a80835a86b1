"""The method by which a system is explained if none is named."""

from __future__ import annotations

from collections.abc import Iterator

from clem_icd.errors import ModelError
from clem_icd.explanation.methods.method import Method
from clem_icd.explanation.methods.own import OwnSpans
from clem_icd.modeling import ModelInfo, System
from clem_icd.modeling.system import Explaining

_BY_HEAD = {
    "pooled": "decomposition-x-saliency",
    "label-attention": "contributions",
    "label-cross-attention": "contributions",
    "label-tree-attention": "contributions",
}
_BY_SYSTEM = {"linear": "coefficients", "neural": "input-x-gradient"}
"""The names of methods, by the kind of a neural system's head, and by the kind of a system."""


def default_method(system: System, info: ModelInfo) -> Method:
    """Return the method that explains a system if none is named.

    It is the first of its kind of head and of its kind of system that suits it: a pooled head that reads one
    token, for instance, cannot be decomposed.

    Raises
    ------
    ModelError
        If no method explains the system.

    """
    if isinstance(system, Explaining):
        return OwnSpans()
    for method in _candidates(info):
        if method.objection(system, info) is None:
            return method
    raise ModelError(
        f"no method explains a {info.system} system, expected a neural or linear one, or a lexicon",
        remedy="Use a neural, linear or lexicon model, or run without --evidence",
    )


def _candidates(info: ModelInfo) -> Iterator[Method]:
    # Imported here: a search in titles needs no torch.
    from clem_icd.explanation.methods.registry import METHODS

    head = None if info.architecture is None else info.architecture["head"]["kind"]
    for name in (_BY_HEAD.get(head or ""), _BY_SYSTEM.get(info.system)):
        if name is not None and (method := METHODS.parse(name)) is not None:
            yield method
