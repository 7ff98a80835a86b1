"""A synthetic hospital: admissions, notes, codes, and the evidence for every code.

Four concerns are kept apart: what happens in the hospital (``hospital``, ``diagnoses``, ``coding``), what
its physicians write about it (``plan``, ``note``, ``opening_sections``, ``closing_sections``,
``ward_notes``), what goes wrong in its archive (``mishaps``), and the layout of its files (``mimic3``,
``mimic4``, ``mdace``). Common conditions with their names, medications and findings are curated in the YAML
tables here; the long tail is any billable ICD-10-CM code under its title. All output is labelled synthetic
and states its limits.
"""

from __future__ import annotations

from clem_icd.synthetic.layouts import LAYOUTS
from clem_icd.synthetic.summaries import USUAL_WORDS, summary_lengths, summary_texts
from clem_icd.synthetic.synthesize import SynthesisSummary, synthesize

__all__ = [
    "LAYOUTS",
    "USUAL_WORDS",
    "SynthesisSummary",
    "summary_lengths",
    "summary_texts",
    "synthesize",
]
