from __future__ import annotations

from collections import Counter
from itertools import pairwise
from statistics import median

from clem_icd.icd import CodeSystem
from clem_icd.synthetic.hospital import Admission, admissions
from clem_icd.synthetic.note import Note

Hospital = list[tuple[Admission, Note]]


def test_a_larger_count_continues_the_same_admissions() -> None:
    assert list(admissions(60, seed=3, words=300))[:25] == list(admissions(25, seed=3, words=300))


def test_seeds_give_different_hospitals() -> None:
    one, other = (list(admissions(20, seed=seed, words=300)) for seed in (1, 2))
    assert [stay.problems for stay in one] != [stay.problems for stay in other]


def test_chronic_conditions_recur_in_later_stays() -> None:
    stays = list(admissions(400, seed=4, words=1400))
    counts = Counter(stay.subject_id for stay in stays)
    assert set(counts.values()) == {1, 2, 3, 4}
    kept = total = 0
    for earlier, later in pairwise(stays):
        if earlier.subject_id == later.subject_id:
            assert earlier.discharged < later.admitted
            assert earlier.icd_version == later.icd_version
            lasting = {p.concept.group for p in earlier.problems if p.concept.kind == "chronic"}
            total += len(lasting)
            kept += len(lasting & {p.concept.group for p in later.problems})
    assert kept / total > 0.4


def test_groups_and_codes_are_unique_within_an_admission(usual_stays: Hospital) -> None:
    for stay, _ in usual_stays:
        groups = [p.concept.group for p in stay.problems if p.concept.kind != "procedure"]
        assert len(groups) == len(set(groups))
        codes = [problem.code for problem in stay.problems]
        assert len(codes) == len(set(codes))


def test_median_number_of_codes_per_admission(usual_stays: Hospital, short_stays: Hospital) -> None:
    assert 8 <= median(len(stay.problems) for stay, _ in usual_stays) <= 14
    assert 4 <= median(len(stay.problems) for stay, _ in short_stays) <= 8


def test_the_distribution_of_codes_has_a_head_and_a_tail(short_stays: Hospital) -> None:
    counts = Counter(problem.code for stay, _ in short_stays for problem in stay.problems)
    assert sum(count >= 10 for count in counts.values()) >= 50
    assert sum(count <= 2 for count in counts.values()) > len(counts) / 2
    assert counts.most_common(1)[0][1] > len(short_stays) / 20


def test_about_one_admission_in_ten_is_coded_in_icd9() -> None:
    stays = list(admissions(1000, seed=8, words=120))
    assert 0.07 < sum(stay.icd_version == 9 for stay in stays) / len(stays) < 0.13
    old = {CodeSystem.ICD9CM, CodeSystem.ICD9PCS}
    for stay in stays:
        assert all((problem.code.system in old) is (stay.icd_version == 9) for problem in stay.problems)


def test_conditions_match_the_sex_of_the_patient(usual_stays: Hospital, short_stays: Hospital) -> None:
    concepts = [
        (problem.concept.sex, stay.sex) for stay, _ in usual_stays + short_stays for problem in stay.problems
    ]
    assert {("F", "F"), ("M", "M")} <= set(concepts)
    assert all(wanted in (None, sex) for wanted, sex in concepts)
