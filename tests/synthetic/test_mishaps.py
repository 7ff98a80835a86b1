from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clem_icd.icd import CodeSystem
from clem_icd.synthetic import miscoded, misfiled, mishaps
from clem_icd.synthetic.chart import Chart, CodeRow, Document
from clem_icd.synthetic.charting import summary_chart
from clem_icd.synthetic.hospital import Admission, admissions
from clem_icd.synthetic.mishaps import MISHAPS, Mishap, suffered
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
def test_every_kind_befalls_somebody_among_200(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: Counter[str] = Counter()

    def counting(mishap: Mishap) -> Mishap:
        def count(chart: Chart, _: Random) -> Chart:
            seen[mishap.__name__] += 1
            return chart

        count.__name__ = mishap.__name__
        return count

    monkeypatch.setattr(mishaps, "MISHAPS", {counting(one): every for one, every in MISHAPS.items()})
    for stay in admissions(200, seed=seed, words=60):
        suffered(Chart(stay, (), ()), frozenset())
    assert seen.keys() == {one.__name__ for one in MISHAPS}
    assert all(seen[one.__name__] in (200 // every, 200 // every + 1) for one, every in MISHAPS.items())


def test_kinds_that_a_layout_cannot_hold_do_not_happen() -> None:
    for stay in admissions(150, seed=4, words=60):
        assert not any(document.is_error for document in summary_chart(stay).documents)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), chosen=st.lists(st.sampled_from(list(MISHAPS)), max_size=6, unique=True))
def test_whatever_happens_the_evidence_stands_where_it_says(seed: int, chosen: list[Mishap]) -> None:
    [stay] = admissions(1, seed=seed, words=100)
    chart = _clean(stay)
    for mishap in MISHAPS:
        if mishap in chosen:
            chart = mishap(chart, Random(seed))
    chart = chart.without_idle_evidence()
    for document in chart.documents:
        for one in document.evidence:
            assert document.text[one.begin : one.end] == one.surface
            assert one.surface.strip()
            assert one.code in chart.codes


def test_the_documentation_tells_how_often_each_kind_comes() -> None:
    text = (ROOT / "docs/reference/synthetic-hospital.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| .* \| (\d+) \| (?:all|mimic3, mdace|mimic4) \|$", text, re.MULTILINE)
    assert sorted(map(int, told)) == sorted(MISHAPS.values())


def _after(mishap: Mishap, stay: Admission | None = None) -> tuple[Chart, Chart]:
    before = _clean(stay or _stay())
    return before, mishap(before, Random(0))


def test_notes_are_filed_twice_or_under_no_admission() -> None:
    before, twice = _after(misfiled.repeated_note)
    assert [one.text for one in twice.documents] == [before.documents[0].text] * 2
    before, unlinked = _after(misfiled.unlinked_note)
    assert [one.linked for one in unlinked.documents] == [True, False]


def test_a_second_note_has_other_words_and_the_same_codes() -> None:
    _, chart = _after(misfiled.second_note)
    first, second = chart.documents
    assert first.text != second.text
    assert {one.code for one in first.evidence} == {one.code for one in second.evidence} == chart.codes


def test_notes_lose_their_text_or_are_missing() -> None:
    before, blank = _after(misfiled.blank_addition)
    assert [one.text for one in blank.documents] == [before.documents[0].text, ""]
    _, emptied = _after(misfiled.emptied_note)
    assert [(one.text, one.evidence) for one in emptied.documents] == [("", ())]
    _, unwritten = _after(misfiled.unwritten_summary)
    assert unwritten.documents == ()


def test_codes_are_missing_or_doubled() -> None:
    before, missing = _after(miscoded.missing_code)
    assert Counter(missing.rows) - Counter(before.rows) == Counter([CodeRow.empty(10)])
    assert missing.codes == before.codes
    _, only = _after(miscoded.only_a_missing_code)
    assert [row.written for row in only.rows] == [""]
    assert only.codes == set()
    before, twice = _after(miscoded.code_listed_twice)
    assert twice.rows[-1] in before.rows
    assert len(twice.rows) == len(before.rows) + 1
    assert _after(miscoded.uncoded)[1].rows == ()


def test_codes_are_oddly_written_and_still_the_same() -> None:
    before, padded = _after(miscoded.padded_code)
    assert sum(row.written != row.written.strip() for row in padded.rows) == 1
    assert padded.codes == before.codes
    dotted = [miscoded.dotted_code(before, Random(seed)) for seed in range(20)]
    assert {sum("." in row.written for row in one.rows) for one in dotted} >= {1}
    assert all(one.codes == before.codes for one in dotted)


def test_procedures_stand_alone_where_there_are_some() -> None:
    _, chart = _after(miscoded.procedures_alone, _stay(procedures=True))
    assert {code.system for code in chart.codes} == {CodeSystem.ICD10PCS}
    idle = chart.without_idle_evidence()
    assert {one.code for document in idle.documents for one in document.evidence} == chart.codes
    without = replace(_clean(_stay()), rows=(CodeRow.empty(10),))
    assert miscoded.procedures_alone(without, Random(0)) == without


def test_mixed_versions_have_evidence_in_both() -> None:
    before, mixed = _after(miscoded.mixed_versions, _stay(procedures=True))
    added = {row.code for row in mixed.rows[len(before.rows) :]}
    assert {row.icd_version for row in mixed.rows} == {9, 10}
    assert {code.system for code in added if code} == {CodeSystem.ICD9CM, CodeSystem.ICD9PCS}
    [document] = mixed.documents
    assert added <= {one.code for one in document.evidence}
    assert {one.begin for one in document.evidence} == {one.begin for one in before.documents[0].evidence}
