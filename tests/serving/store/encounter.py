"""One encounter with three suggestions, for the tests of the store."""

from __future__ import annotations

from sqlalchemy import Connection

from clem_icd.icd import Code, CodeSystem
from clem_icd.serving.store.encounters import Document, Mark, Origin, Suggested, add_encounter, suggest

HYPERTENSION = Code("I10", CodeSystem.ICD10CM)
DIABETES = Code("E11.9", CodeSystem.ICD10CM)
PNEUMONIA = Code("J18.9", CodeSystem.ICD10CM)
ASTHMA = Code("J45.909", CodeSystem.ICD10CM)

TEXT = "Known hypertension 😀 and diabetes. No pneumonia."

ORIGIN = Origin("demo", "0" * 64, "when its probability exceeds 0.5", 0.5, "attention", "2026")


def new_encounter(connection: Connection, name: str = "A1", *, actor: str = "import") -> str:
    encounter = add_encounter(connection, name, [Document("n1", TEXT, "Discharge summary")], actor=actor)
    suggested = [
        Suggested(HYPERTENSION, "Essential (primary) hypertension", 0.9, True, (Mark(0, 6, 18, 0.8),)),
        Suggested(DIABETES, None, 0.7, True, (Mark(0, 25, 33, 0.6),)),
        Suggested(PNEUMONIA, "Pneumonia, unspecified organism", 0.2, False),
    ]
    suggest(connection, encounter, suggested, ORIGIN, actor=actor)
    return encounter
