from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clem_icd.icd import CodeSystem
from clem_icd.synthetic import code_mishaps, mishaps, note_mishaps
from clem_icd.synthetic.chart import Chart, CodeRow, Document
from clem_icd.synthetic.charting import summary_chart
from clem_icd.synthetic.hospital import Admission, admissions
from clem_icd.synthetic.mishaps import MISHAPS, Mishap, with_mishaps
from clem_icd.synthetic.note import write_note
from support import ROOT


def _clean(stay: Admission) -> Chart:
    note = write_note(stay)
    summary = Document("Discharge summary", "Report", note.text, note.evidence, stay.discharged)
    return Chart(stay, (summary,), tuple(CodeRow.of(problem.code) for problem in stay.problems))


def _stay(seed: int = 1, *, procedures: bool = False) -> Admission:
    systems = (CodeSystem.ICD10PCS,) if procedures else (CodeSystem.ICD10CM,)
    return next(
        stay
        for stay in admissions(400, seed=seed, words=100)
        if stay.icd_version == 10 and any(problem.code.system in systems for problem in stay.problems)
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_mishap_occurs_among_200_admissions(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: Counter[str] = Counter()

    def counting(mishap: Mishap) -> Mishap:
        def count(chart: Chart, _: Random) -> Chart:
            seen[mishap.__name__] += 1
            return chart

        count.__name__ = mishap.__name__
        return count

    counted = {counting(mishap): interval for mishap, interval in MISHAPS.items()}
    monkeypatch.setattr(mishaps, "MISHAPS", counted)
    for stay in admissions(200, seed=seed, words=60):
        with_mishaps(Chart(stay, (), ()), frozenset())
    assert seen.keys() == {mishap.__name__ for mishap in MISHAPS}
    for mishap, interval in MISHAPS.items():
        assert seen[mishap.__name__] in (200 // interval, 200 // interval + 1)


def test_mishaps_that_a_layout_cannot_represent_do_not_occur() -> None:
    for stay in admissions(150, seed=4, words=60):
        assert not any(document.is_error for document in summary_chart(stay).documents)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), chosen=st.lists(st.sampled_from(list(MISHAPS)), max_size=6, unique=True))
def test_evidence_offsets_survive_any_combination_of_mishaps(seed: int, chosen: list[Mishap]) -> None:
    [stay] = admissions(1, seed=seed, words=100)
    chart = _clean(stay)
    for mishap in MISHAPS:
        if mishap in chosen:
            chart = mishap(chart, Random(seed))
    chart = chart.without_unassigned_evidence()
    for document in chart.documents:
        for one in document.evidence:
            assert document.text[one.begin : one.end] == one.surface
            assert one.surface.strip()
            assert one.code in chart.codes


def test_documented_intervals_match_the_mishaps() -> None:
    text = (ROOT / "docs/reference/synthetic-hospital.md").read_text(encoding="utf-8")
    documented = re.findall(r"^\| .* \| (\d+) \| (?:all|mimic3, mdace|mimic4) \|$", text, re.MULTILINE)
    assert sorted(map(int, documented)) == sorted(MISHAPS.values())


def _after(mishap: Mishap, stay: Admission | None = None) -> tuple[Chart, Chart]:
    before = _clean(stay or _stay())
    return before, mishap(before, Random(0))


def test_notes_are_filed_twice_or_without_an_admission() -> None:
    before, twice = _after(note_mishaps.repeated_note)
    assert [one.text for one in twice.documents] == [before.documents[0].text] * 2
    before, unlinked = _after(note_mishaps.unlinked_note)
    assert [one.linked for one in unlinked.documents] == [True, False]


def test_a_second_note_differs_in_text_but_not_in_codes() -> None:
    _, chart = _after(note_mishaps.second_note)
    first, second = chart.documents
    assert first.text != second.text
    assert {one.code for one in first.evidence} == {one.code for one in second.evidence} == chart.codes


def test_notes_are_emptied_or_missing() -> None:
    before, blank = _after(note_mishaps.blank_addition)
    assert [one.text for one in blank.documents] == [before.documents[0].text, ""]
    _, emptied = _after(note_mishaps.emptied_note)
    assert [(one.text, one.evidence) for one in emptied.documents] == [("", ())]
    _, unwritten = _after(note_mishaps.unwritten_summary)
    assert unwritten.documents == ()


def test_codes_are_missing_or_duplicated() -> None:
    before, missing = _after(code_mishaps.missing_code)
    assert Counter(missing.rows) - Counter(before.rows) == Counter([CodeRow.empty(10)])
    assert missing.codes == before.codes
    _, only = _after(code_mishaps.only_a_missing_code)
    assert [row.written for row in only.rows] == [""]
    assert only.codes == set()
    before, twice = _after(code_mishaps.code_listed_twice)
    assert twice.rows[-1] in before.rows
    assert len(twice.rows) == len(before.rows) + 1
    assert _after(code_mishaps.uncoded)[1].rows == ()


def test_odd_formatting_does_not_change_the_code() -> None:
    before, padded = _after(code_mishaps.padded_code)
    assert sum(row.written != row.written.strip() for row in padded.rows) == 1
    assert padded.codes == before.codes
    dotted = [code_mishaps.dotted_code(before, Random(seed)) for seed in range(20)]
    assert {sum("." in row.written for row in one.rows) for one in dotted} >= {1}
    assert all(one.codes == before.codes for one in dotted)


def test_diagnoses_are_dropped_only_if_there_are_procedures() -> None:
    _, chart = _after(code_mishaps.procedures_alone, _stay(procedures=True))
    assert {code.system for code in chart.codes} == {CodeSystem.ICD10PCS}
    pruned = chart.without_unassigned_evidence()
    assert {one.code for document in pruned.documents for one in document.evidence} == chart.codes
    without = replace(_clean(_stay()), rows=(CodeRow.empty(10),))
    assert code_mishaps.procedures_alone(without, Random(0)) == without


def test_mixed_versions_have_evidence_in_both() -> None:
    before, mixed = _after(code_mishaps.mixed_versions, _stay(procedures=True))
    added = {row.code for row in mixed.rows[len(before.rows) :]}
    assert {row.icd_version for row in mixed.rows} == {9, 10}
    assert {code.system for code in added if code} == {CodeSystem.ICD9CM, CodeSystem.ICD9PCS}
    [document] = mixed.documents
    assert added <= {one.code for one in document.evidence}
    assert {one.begin for one in document.evidence} == {one.begin for one in before.documents[0].evidence}
