"""Reads long clinical notes and assigns ICD codes.

>>> from clem_icd import Coder
>>> Coder.load("runs/demo/model").code(text)  # doctest: +SKIP
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clem_icd.corpus import Corpus
    from clem_icd.errors import ClemError
    from clem_icd.icd import Code, CodeSystem
    from clem_icd.prediction import Coder, Coding, Suggestion
    from clem_icd.scores import Scores

__all__ = ["ClemError", "Code", "CodeSystem", "Coder", "Coding", "Corpus", "Scores", "Suggestion"]

_HOMES = {
    "ClemError": "clem_icd.errors",
    "Code": "clem_icd.icd",
    "CodeSystem": "clem_icd.icd",
    "Coder": "clem_icd.prediction",
    "Coding": "clem_icd.prediction",
    "Corpus": "clem_icd.corpus",
    "Scores": "clem_icd.scores",
    "Suggestion": "clem_icd.prediction",
}


def __getattr__(name: str) -> Any:
    # Imported when asked for, since torch takes seconds and `Code` does not need it.
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
