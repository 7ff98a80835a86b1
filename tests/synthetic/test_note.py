from __future__ import annotations

from statistics import median

from hypothesis import given, settings
from hypothesis import strategies as st

from clem_icd.icd import Code, CodeSystem
from clem_icd.synthetic.coding import icd9_code
from clem_icd.synthetic.hospital import Admission, admissions
from clem_icd.synthetic.language import language
from clem_icd.synthetic.note import BANNER, Note, write_note
from clem_icd.synthetic.vocabulary import Concept, vocabulary

Hospital = list[tuple[Admission, Note]]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), words=st.sampled_from([60, 120, 400, 1400]))
def test_every_code_has_evidence(seed: int, words: int) -> None:
    for stay in admissions(3, seed=seed, words=words):
        note = write_note(stay)
        assert {one.code for one in note.evidence} == {problem.code for problem in stay.problems}
        for one in (*note.evidence, *note.distractors):
            assert 0 <= one.begin < one.end <= len(note.text)
            assert note.text[one.begin : one.end] == one.surface
            assert one.surface == one.surface.strip()


def test_evidence_uses_the_vocabulary_of_its_condition(short_stays: Hospital) -> None:
    for stay, note in short_stays:
        by_code = {problem.code: problem.concept for problem in stay.problems}
        for one in note.evidence:
            assert any(_could_be(one.surface, text) for text in _traces(by_code[one.code])), one.surface


def _traces(concept: Concept) -> list[str]:
    phrases = (*concept.forms, *concept.loose, *concept.meds, *concept.signs)
    return [phrase.source for phrase in phrases] + [f"{name}-" for name in concept.labs or ()]


def _could_be(surface: str, source: str) -> bool:
    """Return whether a surface starts with the fixed beginning of a template."""
    return surface.lower().startswith(source.partition("{")[0].lower())


def test_distractors_never_mention_conditions_of_the_patient(
    usual_stays: Hospital, short_stays: Hospital
) -> None:
    senses = set()
    for stay, note in usual_stays + short_stays:
        codes = {problem.code for problem in stay.problems}
        groups = {problem.concept.group for problem in stay.problems}
        concepts = {_code(concept, stay): concept for concept in vocabulary().conditions}
        for one in note.distractors:
            senses.add(one.sense)
            assert one.code not in codes
            assert one.code not in concepts or concepts[one.code].group not in groups
    assert senses == {"denied", "family", "past", "allergy"}


def test_no_allergy_to_a_drug_that_the_patient_takes(usual_stays: Hospital) -> None:
    for _, note in usual_stays:
        lines = [line.partition(". ")[2] for line in note.text.split("\n") if line[:1].isdigit()]
        taken = {line.split(" ")[0].lower() for line in lines if line}
        refused = {one.surface.split(" ")[0].lower() for one in note.distractors if one.sense == "allergy"}
        assert not refused & taken


def _code(concept: Concept, stay: Admission) -> Code | None:
    return Code(concept.code, CodeSystem.ICD10CM) if stay.icd_version == 10 else icd9_code(concept)


def test_denied_conditions_share_their_wording_with_evidence(usual_stays: Hospital) -> None:
    evident = {one.surface for _, note in usual_stays for one in note.evidence}
    denied = [one.surface for _, note in usual_stays for one in note.distractors if one.sense == "denied"]
    assert sum(surface in evident for surface in denied) > len(denied) / 2
    assert len(denied) > len(usual_stays)


def test_some_codes_are_only_implied(usual_stays: Hospital) -> None:
    implied = 0
    for stay, note in usual_stays:
        for problem in stay.problems:
            names = [
                form.source.partition("{")[0].lower()
                for form in (*problem.concept.forms, *problem.concept.loose)
            ]
            surfaces = [one.surface.lower() for one in note.evidence if one.code == problem.code]
            implied += not any(surface.startswith(name) for surface in surfaces for name in names)
    assert implied > len(usual_stays) / 4


def test_note_lengths_match_the_requested_median(usual_stays: Hospital, short_stays: Hospital) -> None:
    lengths = [len(note.text.split()) for _, note in usual_stays]
    assert abs(median(lengths) / 1400 - 1) < 0.15
    assert 0.003 <= sum(length > 5500 for length in lengths) / len(lengths) <= 0.04
    assert abs(median(len(note.text.split()) for _, note in short_stays) / 150 - 1) < 0.15


def test_every_note_begins_with_the_banner(usual_stays: Hospital, short_stays: Hospital) -> None:
    assert all(note.text.startswith(BANNER + "\n") for _, note in usual_stays + short_stays)


def test_sections_come_in_the_usual_order(usual_stays: Hospital) -> None:
    stay, note = next(pair for pair in usual_stays if pair[0].words > 1000)
    places = [note.text.find(f"\n{heading}") for heading in language().headings.values()]
    assert -1 not in places
    assert places == sorted(places)
    assert f"Service: {stay.service}" in note.text


def test_notes_contain_no_template_markup_or_control_characters(usual_stays: Hospital) -> None:
    texts = [note.text for _, note in usual_stays]
    assert not any(mark in text for text in texts for mark in ("{", "}", "@", "\r", "\0"))
    assert sum(not text.isascii() for text in texts) > len(texts) / 10
    assert any("___" in text for text in texts)
