"""Published ways to prepare MIMIC, one module per pipeline, reproduced to the row, the text and the code.

A pipeline takes frames and returns frames, without texts. ``notes`` has one row per raw note: ``number`` in
the text store, ``row`` in the raw file, ``note_id``, ``subject``, ``admission``, ``missing`` (whether its
text is), and for MIMIC-III ``description``, ``chart_date`` and ``chart_time``. ``codes`` has one row per raw
code: ``subject``, ``admission``, ``text``, ``kind`` (diagnosis or procedure) and ``version`` (9 or 10). The
result is documents as `clem_icd.sources.document_tables` takes them. Each pipeline decides when to assign
splits, since some count codes before that and some after.
"""

from __future__ import annotations

from clem_icd.sources.mimic.pipelines.caml import CAML
from clem_icd.sources.mimic.pipelines.edin2023 import EDIN2023
from clem_icd.sources.mimic.pipelines.edin2024 import EDIN2024
from clem_icd.sources.mimic.pipelines.rules import Assign, Pipeline, Prepare, Rules

PIPELINES = {pipeline.name: pipeline for pipeline in (EDIN2024, EDIN2023, CAML)}

__all__ = ["PIPELINES", "Assign", "Pipeline", "Prepare", "Rules"]
