"""Evidence for the codes of a neural system: how much each token of a note supports a code.

A method computes a weight per code for every token that was read; `explain` maps the tokens back to the raw
text. A method is one file in ``methods``.
"""

from typing import TYPE_CHECKING

from clem_icd.lazy import lazy_names

if TYPE_CHECKING:
    from clem_icd.explanation.explaining import Explanation, explain
    from clem_icd.explanation.methods import METHODS, Method

__all__ = ["METHODS", "Explanation", "Method", "explain"]

__getattr__ = lazy_names(
    __name__,
    {"METHODS": "methods", "Explanation": "explaining", "Method": "methods", "explain": "explaining"},
)
