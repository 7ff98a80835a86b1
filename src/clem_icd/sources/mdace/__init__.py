"""MDACE: notes of MIMIC-III in which professional coders marked the evidence for every code.

`inputs` finds the raw files, and `files` the annotations among them; `annotations` reads these, and
`clinical_notes` picks the annotated notes out of NOTEEVENTS. `selection` decides which notes belong to a set
(`sets`), `documents` builds their texts and spans, and `code_map` maps the annotated codes to codes used in
MIMIC. One set also includes the other discharge summaries of MIMIC-III (`unannotated`). `preparing` puts
these together.
"""
