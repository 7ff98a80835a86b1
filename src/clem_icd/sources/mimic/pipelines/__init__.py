"""How others prepare the same files: one module a published pipeline, to the row, the text and the code.

A pipeline gets frames and gives frames; no text is in them. ``notes`` has a row a raw note (``number`` in
the text file, ``row`` in the raw file, ``note_id``, ``subject``, ``admission``, ``missing``: whether its text
is; of MIMIC-III also ``description``, ``chart_date``, ``chart_time``), ``codes`` a row a raw code
(``subject``, ``admission``, ``text``, ``kind``: diagnosis or procedure, ``version``: 9 or 10). What comes
out are documents, as `clem_icd.sources.documents` wants them. Each pipeline decides itself when the splits
are assigned, since some count codes before that and some after.
"""

from __future__ import annotations

from clem_icd.sources.mimic.pipelines.caml import CAML
from clem_icd.sources.mimic.pipelines.edin2023 import EDIN2023
from clem_icd.sources.mimic.pipelines.edin2024 import EDIN2024
from clem_icd.sources.mimic.pipelines.pipeline import Assign, Pipeline, Prepare, Rules

PIPELINES = {pipeline.name: pipeline for pipeline in (EDIN2024, EDIN2023, CAML)}

__all__ = ["PIPELINES", "Assign", "Pipeline", "Prepare", "Rules"]
