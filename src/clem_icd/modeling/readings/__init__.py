"""Readings pass a note to an encoder. A new kind is one module here and one line below."""

from clem_icd.fields import Choices
from clem_icd.modeling.readings.reading import Reading, ReadNote
from clem_icd.modeling.readings.segments import SegmentsReading
from clem_icd.modeling.readings.whole import WholeReading

__all__ = ["READINGS", "ReadNote", "Reading", "SegmentsReading", "WholeReading"]

READINGS: Choices[Reading] = Choices("reading", default="whole")
READINGS.register(WholeReading)
READINGS.register(SegmentsReading)
