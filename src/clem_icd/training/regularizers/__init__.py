"""Regularizers: what training adds to its loss so that evidence gets better.

A new kind is one module here and one line below.
"""

from clem_icd.fields import Choices
from clem_icd.training.regularizers.input_gradient import InputGradient
from clem_icd.training.regularizers.regularizer import Penalty, Regularizer
from clem_icd.training.regularizers.supervised_attention import SupervisedAttention
from clem_icd.training.regularizers.token_masking import TokenMasking

__all__ = [
    "REGULARIZERS",
    "InputGradient",
    "Penalty",
    "Regularizer",
    "SupervisedAttention",
    "TokenMasking",
]

REGULARIZERS: Choices[Regularizer] = Choices("training.regularizer")
REGULARIZERS.register(SupervisedAttention)
REGULARIZERS.register(InputGradient)
REGULARIZERS.register(TokenMasking)
