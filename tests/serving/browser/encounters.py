"""Encounters for the tests in a browser, with suggestions whose evidence is found in the text."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from clem_icd.icd import Code, CodeSystem, default_codebook
from clem_icd.serving.store.encounters import Document, Mark, Origin, Suggested, add_encounter, suggest

ORIGIN = Origin("toy/model", "0" * 64, "when its probability exceeds 0.5", 0.5, "attention", "2026")

SUMMARY = """Discharge Summary

Chief complaint: Shortness of breath.

History of Present Illness:
The patient is a 71-year-old woman with hypertension and type 2 diabetes who was admitted with
acute on chronic systolic heart failure. Chest x-ray showed no pneumonia.

Past Medical History:
1. Hypertension
2. Atrial fibrillation, on apixaban
3. History of breast cancer

Family History: Father had a myocardial infarction.

Hospital Course: She was diuresed with furosemide. Creatinine rose to 1.9 from acute kidney injury.

Discharge Diagnosis: Heart failure. Possible sleep apnea.
"""

LETTER = """Cardiology consultation

Assessment: Atrial fibrillation with rapid ventricular response, now rate controlled.
Plan: Continue apixaban. Heart failure is improving.
"""

# Code, probability, and the words that support it; a code is decided above 0.5.
CODES = (
    ("I50.23", 0.97, ("acute on chronic systolic heart failure", "Heart failure")),
    ("I10", 0.93, ("hypertension", "Hypertension")),
    ("I48.91", 0.88, ("Atrial fibrillation",)),
    ("N17.9", 0.74, ("acute kidney injury",)),
    ("E11.9", 0.66, ("type 2 diabetes",)),
    ("J18.9", 0.41, ("pneumonia",)),
    ("G47.30", 0.33, ("sleep apnea",)),
    ("I21.9", 0.12, ("myocardial infarction",)),
)

HOSTILE = (
    "<script>window.hacked = 1</script>",
    '<img src=x onerror="window.hacked = 2">',
    "</mark></div><svg onload=window.hacked=3>",
    '"><iframe srcdoc="<script>parent.hacked = 4</script>"></iframe>',
    "{{ 7 * 7 }} ${7*7} <!-- --> ]]> &lt;b&gt; &#x3c;script&#x3e;",
    "javascript:window.hacked=5 <a href='javascript:window.hacked=6'>click</a>",
    "\u202eevil\u202c \u2028 \u2029 \x07 \x1b[31m \r\n <style>*{display:none}</style>",
    "<meta http-equiv=refresh content='0;url=http://example.com/'>",
    "<link rel=stylesheet href=http://example.com/x.css> <img src=http://example.com/x.png>",
)


def new_encounter(
    connection: Connection,
    name: str,
    documents: Sequence[Document] = (
        Document("n1", SUMMARY, "Discharge summary"),
        Document("n2", LETTER, "Consultation"),
    ),
    codes: Sequence[tuple[str, float, tuple[str, ...]]] = CODES,
) -> str:
    """Add an encounter with suggestions; return its id."""
    encounter = add_encounter(connection, name, documents, actor="import")
    suggested = []
    for value, probability, words in codes:
        code = Code(value, CodeSystem.ICD10CM)
        marks = [
            Mark(place, begin, begin + len(word), 0.5)
            for place, document in enumerate(documents)
            for word in words
            for begin in _all(document.text, word)
        ]
        title = default_codebook().title(value, code.system)
        suggested.append(Suggested(code, title, probability, probability > 0.5, tuple(marks)))
    suggest(connection, encounter, suggested, ORIGIN, actor="import")
    return encounter


def _all(text: str, word: str) -> list[int]:
    found, at = [], text.find(word)
    while at >= 0:
        found.append(at)
        at = text.find(word, at + 1)
    return found
