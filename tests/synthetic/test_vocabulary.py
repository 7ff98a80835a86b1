from __future__ import annotations

import pytest

from clem_icd.icd import CodeSystem, clinical_forms, default_codebook, leaf_codes
from clem_icd.synthetic.coding import code_problems, icd9_code
from clem_icd.synthetic.language import language
from clem_icd.synthetic.long_tail import rare_concept
from clem_icd.synthetic.vocabulary import Concept, vocabulary


def _by_code() -> dict[str, Concept]:
    return {concept.code: concept for concept in (*vocabulary().conditions, *vocabulary().procedures)}


def test_every_curated_code_exists() -> None:
    billable = set(leaf_codes())
    conditions = [concept.code for concept in vocabulary().conditions]
    assert len(conditions) == len(set(conditions)) >= 120
    assert [code for code in conditions if code not in billable] == []
    assert [rule.becomes for rule in vocabulary().combinations if rule.becomes not in billable] == []
    for procedure in vocabulary().procedures:
        assert default_codebook().is_known(procedure.code, CodeSystem.ICD10PCS)
        assert procedure.icd9 is not None
        assert default_codebook().is_known(procedure.icd9, CodeSystem.ICD9PCS)


def test_companions_are_listed_before_the_concepts_that_need_them() -> None:
    seen: set[str] = set()
    for concept in (*vocabulary().conditions, *vocabulary().procedures):
        assert {name for name, _ in concept.companions} <= seen, concept.code
        seen |= {concept.code, concept.group}


def test_specific_names_are_unique_to_a_condition() -> None:
    owners: dict[str, set[str]] = {}
    for concept in vocabulary().conditions:
        for form in concept.forms:
            owners.setdefault(form.source.lower(), set()).add(concept.code)
    assert {form: codes for form, codes in owners.items() if len(codes) > 1} == {}


def test_references_of_conditions_exist() -> None:
    clusters = dict(language().clusters)
    for concept in vocabulary().conditions:
        assert {name for name, _ in concept.clusters} <= set(clusters)
        assert set(concept.labs or ()) <= set(language().analytes)
        for way in concept.alone:
            assert getattr(concept, way), (concept.code, way)


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        (["I10"], ["I10"]),
        (["I10", "I50.22"], ["I11.0", "I50.22"]),
        (["I10", "N18.30"], ["I12.9", "N18.30"]),
        (["I10", "N18.6"], ["I12.0", "N18.6"]),
        (["I50.32", "I10", "N18.4"], ["I50.32", "I13.0", "N18.4"]),
        (["I10", "I50.9", "N18.6"], ["I13.2", "I50.9", "N18.6"]),
        (["E11.9", "N18.9"], ["E11.22", "N18.9"]),
        (["J44.9", "J18.9"], ["J44.0", "J18.9"]),
    ],
)
def test_combination_codes_of_the_guidelines(codes: list[str], expected: list[str]) -> None:
    concepts = [_by_code()[code] for code in codes]
    assert [code.value for _, code in code_problems(concepts, 10)] == expected


def test_icd9_admissions_are_coded_only_in_icd9() -> None:
    concepts = [_by_code()[code] for code in ("I10", "U07.1", "0BH17EZ", "5A1935Z", "5A1945Z")]
    coded = code_problems(concepts, 9)
    # COVID-19 has no ICD-9 code; the two ventilations share one, which is listed once.
    assert [(code.value, code.system) for _, code in coded] == [
        ("401.9", CodeSystem.ICD9CM),
        ("96.04", CodeSystem.ICD9PCS),
        ("96.71", CodeSystem.ICD9PCS),
    ]
    assert icd9_code(_by_code()["U07.1"]) is None


def test_rare_codes_are_written_in_clinical_shorthand() -> None:
    forms = clinical_forms("S52.501A")
    assert forms[0].startswith("unspecified fracture of the lower end of right radius")
    assert any("fx of the lower end of R radius" in form for form in forms)
    assert rare_concept("S52.501A").kind == "acute"
    assert rare_concept("N70.01").sex == "F"


def test_inclusion_terms_are_among_the_names() -> None:
    assert any("jungle yellow fever" in form for form in clinical_forms("A95.0"))
