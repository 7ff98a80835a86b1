"""Warnings on codes: each kind where it belongs, and nowhere else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from clem_icd.icd import Code, CodeSystem
from clem_icd.serving.screen.warnings import warnings_of
from clem_icd.serving.store.encounters import Document
from clem_icd.serving.store.reading import CodeState, Encounter

CM = CodeSystem.ICD10CM


def state(value: str, verdict: str = "accepted", system: CodeSystem = CM, **said: Any) -> CodeState:
    usual: dict[str, Any] = {"probability": 0.9, "decided": True, "marks": (), "version": 1, "title": None}
    names = ("reason", "replaced_by", "present_on_admission", "comment", "judged_by", "judged_at")
    return CodeState(Code(value, system), verdict=verdict, **{**dict.fromkeys(names), **usual, **said})


def encounter(*codes: CodeState) -> Encounter:
    standing = [
        Code(one.replaced_by or one.code.value, one.code.system)
        for one in codes
        if one.verdict in ("accepted", "replaced")
    ]
    document = Document("n", "text")
    return Encounter("1", "A", "open", None, "", "", (document,), codes, tuple(standing), 0, None)


def kinds(*codes: CodeState) -> list[set[str]]:
    """Return the kinds of warnings of each code, without the general ones."""
    return [{one["kind"] for one in found} - {"use-additional"} for found in warnings_of(encounter(*codes))]


def texts(*codes: CodeState) -> str:
    return " | ".join(one["text"] for found in warnings_of(encounter(*codes)) for one in found)


def test_a_category_cannot_be_billed() -> None:
    category, code = kinds(state("I50"), state("I50.22"))
    assert "not-billable" in category
    assert "not-billable" not in code
    assert kinds(state("250.0", system=CodeSystem.ICD9CM)) == [{"not-billable"}]
    assert kinds(state("I50", "rejected")) == [set()]
    assert "not-billable" in kinds(state("I50.22", "replaced", replaced_by="I50"))[0]


def test_two_standing_codes_that_exclude_each_other_both_say_so() -> None:
    assert kinds(state("E11.9"), state("E10.9")) == [{"excludes1"}, {"excludes1"}]
    assert "Not together with E10.9: E11 excludes type 1 diabetes mellitus (E10.-)" in texts(
        state("E11.9"), state("E10.9")
    )
    for other in (state("E10.9", "open"), state("E10.9", "rejected"), state("I10")):
        assert kinds(state("E11.9"), other)[0] == set()


def test_a_code_that_replaces_another_one_counts_in_its_place() -> None:
    assert kinds(state("E11.9"), state("I10", "replaced", replaced_by="E10.9")) == [{"excludes1"}] * 2
    assert kinds(state("E11.9"), state("E10.9", "replaced", replaced_by="I10")) == [set(), set()]


def test_a_manifestation_asks_for_its_cause_before_it() -> None:
    cause, manifestation = state("E85.4"), state("I43")
    assert kinds(manifestation) == [{"code-first"}]
    assert kinds(cause, manifestation)[1] == set()
    assert kinds(manifestation, cause)[0] == {"code-first"}
    assert "E85.4 comes first" in texts(manifestation, cause)
    assert kinds(state("I43", "open", decided=False)) == [set()]


def test_an_additional_code_is_asked_for_until_it_stands() -> None:
    def asks(*codes: CodeState) -> bool:
        return "stage of chronic kidney disease" in texts(*codes)

    assert asks(state("E11.22"))
    assert not asks(state("E11.22"), state("N18.4"))
    assert asks(state("E11.22"), state("N18.4", "rejected"))


@pytest.mark.parametrize(
    ("other", "warned"),
    [
        (state("I50.22"), True),
        (state("I50.22", "open"), True),
        (state("I50.22", "open", decided=False, probability=0.3), True),
        (state("I50.22", "open", decided=False, probability=0.01), False),
        (state("I50.22", "rejected"), False),
        (state("I10"), False),
        (state("I50.9"), False),
    ],
)
def test_an_unspecified_code_points_to_a_more_specific_one(other: CodeState, warned: bool) -> None:
    assert ("unspecified" in kinds(state("I50.9"), other)[0]) is warned
    assert "unspecified" not in kinds(other, state("I50.9"))[0]


def test_codes_of_icd9_have_no_rules_but_that() -> None:
    assert kinds(state("250.00", system=CodeSystem.ICD9CM), state("250.01", system=CodeSystem.ICD9CM)) == [
        set(),
        set(),
    ]


def test_warnings_on_a_full_encounter_take_a_moment() -> None:
    import time

    values = ["E11.22", "E10.9", "I50.9", "I50.22", "N18.4", "J44.1", "I43", "I10", "R65.20", "A41.9"] * 3
    full = encounter(*(state(value) for value in values))
    warnings_of(full)
    began = time.perf_counter()
    warnings_of(replace(full))
    assert time.perf_counter() - began < 0.3  # some 5 ms on an idle machine
