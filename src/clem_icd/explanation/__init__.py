"""Evidence for the codes of a neural system: how much each stretch of a note speaks for a code.

A method gives every token that was read a weight for each code; `explain` puts the weights where the tokens
are in the raw text. A method is one file in ``methods`` and says on which architectures it works.
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
