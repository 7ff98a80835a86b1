"""The registered methods. A new kind is one module beside this one, and one line here."""

from clem_icd.explanation.methods.input_x_gradient import InputTimesGradient
from clem_icd.explanation.methods.method import Method
from clem_icd.explanation.methods.own import OwnSpans
from clem_icd.fields import Choices

METHODS: Choices[Method] = Choices("method")
METHODS.register(OwnSpans)
METHODS.register(InputTimesGradient)
