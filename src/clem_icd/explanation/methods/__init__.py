"""Explanation methods. A new kind is one module here and one line below."""

from clem_icd.explanation.methods.input_x_gradient import InputTimesGradient
from clem_icd.explanation.methods.method import Method
from clem_icd.fields import Choices

__all__ = ["METHODS", "InputTimesGradient", "Method"]

METHODS: Choices[Method] = Choices("method", default="input-x-gradient")
METHODS.register(InputTimesGradient)
