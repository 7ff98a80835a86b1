"""Reads long clinical notes and assigns ICD codes.

>>> from clem_icd import Coder
>>> Coder.load("runs/demo/model").code(text)  # doctest: +SKIP
"""

import os
from typing import TYPE_CHECKING

from clem_icd.lazy import lazy_names

if TYPE_CHECKING:
    from clem_icd.corpus import Corpus
    from clem_icd.errors import ClemError
    from clem_icd.icd import Code, CodeSystem
    from clem_icd.prediction import Coder, Coding, Suggestion
    from clem_icd.scores import Scores

# On a busy machine, OpenMP threads that spin while they wait slow down everything, our own training included.
# OpenMP reads this once, when torch loads it. A value that is set already is left alone.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

__all__ = ["ClemError", "Code", "CodeSystem", "Coder", "Coding", "Corpus", "Scores", "Suggestion"]

__getattr__ = lazy_names(
    __name__,
    {
        "ClemError": "errors",
        "Code": "icd",
        "CodeSystem": "icd",
        "Coder": "prediction",
        "Coding": "prediction",
        "Corpus": "corpus",
        "Scores": "scores",
        "Suggestion": "prediction",
    },
)
