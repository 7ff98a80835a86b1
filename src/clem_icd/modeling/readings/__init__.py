"""Readings: how an encoder gets a note. A new kind is a module here and a line below."""

from clem_icd.fields import Choices
from clem_icd.modeling.readings.reading import Reading, ReadNote
from clem_icd.modeling.readings.whole import WholeReading

__all__ = ["READINGS", "ReadNote", "Reading", "WholeReading"]

READINGS: Choices[Reading] = Choices("reading", default="whole")
READINGS.register(WholeReading)
