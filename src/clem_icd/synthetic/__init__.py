"""A hospital that does not exist: its admissions, its notes, its codes, and where each code is written.

What happens in it (``hospital``, ``diagnoses``, ``coding``), what its physicians write about that (``plan``,
``admitting``, ``discharging``, ``note``, ``wards``), what goes wrong with that in its archive (``mishaps``)
and how its files look (``mimic3``, ``mimic4``, ``mdace``) are apart. Common conditions, their names,
medications and findings are curated in the YAML tables here; the long tail is any billable ICD-10-CM code by
its title. All it makes is labelled synthetic, and says what it cannot show.
"""

from __future__ import annotations

from clem_icd.synthetic.layouts import LAYOUTS
from clem_icd.synthetic.synthesize import SynthesisSummary, synthesize

__all__ = ["LAYOUTS", "SynthesisSummary", "synthesize"]
