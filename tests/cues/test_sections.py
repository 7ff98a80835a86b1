from __future__ import annotations

import pytest

from clem_icd.cues import cues_in, sections_in
from clem_icd.synthetic.hospital import admissions
from clem_icd.synthetic.language import language
from clem_icd.synthetic.note import write_note

SUMMARY = {
    "complaint": "complaint", "procedure": "procedures", "hpi": "present_illness", "history": "history",
    "social": "social", "family": "family", "exam": "exam", "results": "results", "course": "course",
    "home_meds": "medications_on_admission", "meds": "medications", "disposition": "disposition",
    "diagnosis": "diagnosis", "condition": "condition", "instructions": "instructions",
    "followup": "followup",
}  # fmt: skip

ENGLISH = """\
Name: ___
Allergies: NKDA

CHIEF COMPLAINT: chest pain
History of present illness:
Denies fever. Note: taken from chart.
## Past Medical History
- HTN: on lisinopril
Family History:
Mother: DM
Father:
CAD
LABS ON ADMISSION:
Na 140
PLEURAL EFFUSION: tapped twice
Neck Pain:
better
ASSESSMENT & PLAN
1. HTN: continue
"""

SPANISH = """\
Motivo de consulta: dolor
ANTECEDENTES PERSONALES
HTA
Antecedentes familiares:
Madre: asma
Exploracion fisica: normal
Juicio clínico:
Neumonía
Tratamiento al alta: amoxicilina
"""


def titles(text: str, language: str) -> list[tuple[str, str, str]]:
    """Return kind, heading and text of each section."""
    return [
        (one.kind, text[one.title_begin : one.title_end], text[one.begin : one.end].strip())
        for one in sections_in(text, language)
    ]


def test_english_sections() -> None:
    assert titles(ENGLISH, "en") == [
        ("header", "Name", "___"),
        ("allergies", "Allergies", "NKDA"),
        ("complaint", "CHIEF COMPLAINT", "chest pain"),
        ("present_illness", "History of present illness", "Denies fever. Note: taken from chart."),
        ("history", "Past Medical History", "- HTN: on lisinopril"),
        ("family", "Family History", "Mother: DM\nFather:\nCAD"),
        ("results", "LABS ON ADMISSION", "Na 140"),
        ("other", "PLEURAL EFFUSION", "tapped twice"),
        ("other", "Neck Pain", "better"),
        ("plan", "ASSESSMENT & PLAN", "1. HTN: continue"),
    ]


def test_spanish_sections() -> None:
    assert titles(SPANISH, "es") == [
        ("complaint", "Motivo de consulta", "dolor"),
        ("history", "ANTECEDENTES PERSONALES", "HTA"),
        ("family", "Antecedentes familiares", "Madre: asma"),
        ("exam", "Exploracion fisica", "normal"),
        ("diagnosis", "Juicio clínico", "Neumonía"),
        ("medications", "Tratamiento al alta", "amoxicilina"),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "the family history: unknown",
        "Family history is unknown",
        "diagnosis",
        "12:30 BP 120/80",
        "Patient was seen by Dr. Smith in the clinic on the day before this admission: stable",
        "PE",
        "A: b",
        "Father:",
        "# Pneumonia: treated",
        "CAP. # FEN: regular diet",
    ],
)
def test_lines_that_are_no_heading(line: str) -> None:
    assert sections_in(line, "en") == []


@pytest.mark.parametrize("line", ["FH: CAD", "fh: CAD", "  Family History : CAD", "**Family History:** CAD"])
def test_ways_to_write_a_heading(line: str) -> None:
    [section] = sections_in(line, "en")
    assert section.kind == "family"
    assert "family" in cues_in(line, "en").at(line.index("CAD"), line.index("CAD") + 3)


@pytest.mark.parametrize("end", ["\r\n", " \u2028\n", "** \t\n", "\u00a0"])
def test_a_heading_ends_with_its_last_word(end: str) -> None:
    [section] = sections_in(f"Past Medical History{end}", "en")
    assert (section.title_begin, section.title_end) == (0, len("Past Medical History"))


@pytest.mark.parametrize("words", [200, 1400])
def test_every_section_of_a_synthetic_summary_is_found(words: int) -> None:
    headings = (*language().headings.items(), *language().brief_headings.items())
    expected = {title.rstrip(":"): SUMMARY[name] for name, title in headings}
    for stay in admissions(4, seed=11, words=words):
        text = write_note(stay).text
        found = {text[one.title_begin : one.title_end]: one.kind for one in sections_in(text, "en")}
        written = {title: kind for title, kind in expected.items() if f"\n{title}:" in text}
        assert len(written) > 3
        assert {title: found.get(title) for title in written} == written
