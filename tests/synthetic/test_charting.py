from __future__ import annotations

from collections import Counter

from clem_icd.synthetic.chart import ADDENDUM, SUMMARY, Chart
from clem_icd.synthetic.charting import complete_chart
from clem_icd.synthetic.hospital import admissions
from clem_icd.synthetic.note import BANNER
from clem_icd.synthetic.ward_notes import note_kinds


def _charts(count: int, other_notes: float) -> list[Chart]:
    stays = admissions(count, seed=9, words=100, icd9_share=1.0)
    return [complete_chart(stay, other_notes) for stay in stays]


def test_number_of_other_notes_matches_the_requested_mean() -> None:
    for mean in (0.0, 0.5, 6.0):
        charts = _charts(150, mean)
        others = sum(document.category != SUMMARY for chart in charts for document in chart.documents)
        assert abs(others / 150 - mean) <= 0.2 * mean


def test_categories_occur_in_their_configured_shares() -> None:
    kinds = note_kinds()
    assert abs(sum(kind.share for kind in kinds.values()) - 1) < 0.001
    counts = Counter(one.category for chart in _charts(250, 8) for one in chart.documents)
    total = counts.total() - counts[SUMMARY]
    for category in ("Nursing/other", "Radiology", "ECG", "Physician "):
        assert abs(counts[category] / total - kinds[category].share) < 0.04


def test_required_categories_are_present_and_linked() -> None:
    for stay in admissions(40, seed=2, words=100, icd9_share=1.0):
        chart = complete_chart(stay, 0, ("Radiology", "Physician "))
        others = [(one.category, one.linked) for one in chart.documents if one.category != SUMMARY]
        assert sorted(others) == [("Physician ", True), ("Radiology", True)]


def test_addenda_are_early_late_and_sometimes_timed() -> None:
    charts = _charts(500, 0)
    addenda = [
        (at, one)
        for chart in charts
        for at, one in enumerate(chart.documents)
        if one.description == ADDENDUM and one.text
    ]
    assert 20 < len(addenda) < 70
    assert {at == 0 for at, _ in addenda} == {one.timed for _, one in addenda} == {True, False}
    assert max(one.delay for _, one in addenda) > 10
    # The last evidence of some addenda ends with the text itself.
    assert any(one.evidence and one.evidence[-1].end == len(one.text) for _, one in addenda)


def test_every_note_has_the_banner_and_correct_evidence() -> None:
    named: Counter[str] = Counter()
    for chart in _charts(150, 5):
        for document in chart.documents:
            assert not document.text or document.text.startswith(BANNER)
            assert "___" not in document.text
            for one in document.evidence:
                named[document.category] += 1
                assert document.text[one.begin : one.end] == one.surface
                assert one.code in chart.codes
    assert {"Physician ", "Radiology", "ECG"} <= named.keys()
