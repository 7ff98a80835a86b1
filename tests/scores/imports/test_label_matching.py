"""Codes as files write them: dots, zeros and code systems."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clem_icd.errors import ScoresError
from clem_icd.icd import Code, CodeSystem, undot
from clem_icd.scores.imports.external import ExternalCode
from clem_icd.scores.imports.label_matching import (
    CamlFinder,
    LabelFinder,
    label_finder,
    match_codes,
    refuse_unknown,
)

CM, PCS, ICD10 = CodeSystem.ICD9CM, CodeSystem.ICD9PCS, CodeSystem.ICD10CM
LABELS = (
    Code("00.66", PCS),
    Code("250.00", CM),
    Code("37.23", PCS),
    Code("372.3", CM),
    Code("48.6", PCS),
    Code("486", CM),
)
TEN = (Code("E11.9", ICD10), Code("I10", ICD10))
TEN_2023 = (Code("E11.9", ICD10), Code("I10.", ICD10))


def find(texts: list[str], labels: tuple[Code, ...] = LABELS, system: CodeSystem | None = None) -> list[str]:
    codes = [ExternalCode(text, system) for text in texts]
    match = match_codes(codes, labels, label_finder(codes, labels))
    return [labels[place].value if place >= 0 else "" for place in match.labels]


def test_codes_with_dots_match_exactly() -> None:
    assert find(["37.23", "372.3", "486", "250.00"]) == ["37.23", "372.3", "486", "250.00"]
    # A dot in another place, or a missing zero, makes another code.
    assert find(["3.723", "250.0", "0.066"]) == ["", "", ""]
    assert find(["e11.9", " i10".strip()], TEN) == ["E11.9", "I10"]


def test_codes_without_dots_match_regardless_of_dots() -> None:
    assert find(["25000", "0066"]) == ["250.00", "00.66"]
    assert find(["E119", "I10"], TEN) == ["E11.9", "I10"]


@pytest.mark.parametrize("texts", [["3723", "25000"], ["486"]])
def test_code_in_two_systems_is_refused_with_a_hint_to_name_the_system(texts: list[str]) -> None:
    with pytest.raises(
        ScoresError, match=r"1 of its codes .* exist in two code systems: icd9.* and icd9.*"
    ) as caught:
        find(texts)
    assert "'system'" in str(caught.value.remedy)


@pytest.mark.parametrize(("system", "expected"), [(CM, ["372.3", "486"]), (PCS, ["37.23", "48.6"])])
def test_named_system_disambiguates(system: CodeSystem, expected: list[str]) -> None:
    assert find(["3723", "486"], system=system) == expected
    assert find(["37.23"], system=CM) == [""]


@pytest.mark.parametrize("labels", [TEN, TEN_2023])
def test_final_dot_of_edin_2023_matches_in_both_directions(labels: tuple[Code, ...]) -> None:
    for text in ("I10", "I10."):
        assert find([text, "E11.9"], labels) == [labels[1].value, "E11.9"]


def test_procedures_that_caml_turned_into_numbers_are_recovered_if_unique() -> None:
    labels = (*LABELS, Code("39.50", PCS), Code("03.31", PCS), Code("33.10", PCS))
    caml = CamlFinder(labels)

    def found(text: str) -> list[str]:
        return [labels[place].value for place in caml.find(ExternalCode(text))]

    assert (found("66."), found("66.0"), found("39.5")) == (["00.66"], ["00.66"], ["39.50"])
    assert (found("37.23"), found("486"), found("250.00")) == (["37.23"], ["486"], ["250.00"])
    # 0331 became 331, then 33.1; 33.10 became 33.1: ambiguous.
    assert found("33.1") == []
    assert found("99.99") == []


def test_unknown_codes_are_counted_with_examples() -> None:
    codes = [ExternalCode(text) for text in ("486", "V99.9", "x" * 50)]
    match = match_codes(codes, LABELS, label_finder(codes, LABELS))
    assert [code.text for code in match.unknown] == ["V99.9", "x" * 50]
    with pytest.raises(
        ScoresError, match=r"2 of its codes \(such as 'V99.9', a text of 50 characters\) are not labels"
    ):
        refuse_unknown(match, LABELS, "icd9")
    refuse_unknown(match_codes(codes[:1], LABELS, label_finder(codes, LABELS)), LABELS, "icd9")


@st.composite
def label_spaces(draw: st.DrawFn) -> tuple[Code, ...]:
    digits = st.text("0123456789", min_size=4, max_size=4)
    codes = {Code(f"{text[:2]}.{text[2:]}", PCS) for text in draw(st.lists(digits, max_size=20))}
    codes |= {Code(f"{text[:3]}.{text[3:]}", CM) for text in draw(st.lists(digits, max_size=20))}
    return tuple(sorted(codes))


@settings(max_examples=50, deadline=None)
@given(labels=label_spaces(), dots=st.booleans())
def test_every_label_matches_itself_if_its_system_is_named(labels: tuple[Code, ...], dots: bool) -> None:
    codes = [ExternalCode(one.value if dots else undot(one.value), one.system) for one in labels]
    match = match_codes(codes, labels, label_finder(codes, labels))
    assert match.labels.tolist() == list(range(len(labels)))
    assert match.unknown == ()


@settings(max_examples=50, deadline=None)
@given(labels=label_spaces())
def test_code_never_matches_another_code(labels: tuple[Code, ...]) -> None:
    dotless = LabelFinder(labels, dotted=False)
    dotted = LabelFinder(labels, dotted=True)
    for place, label in enumerate(labels):
        assert dotted.find(ExternalCode(label.value)) == [place]
        same = [other for other, one in enumerate(labels) if undot(one.value) == undot(label.value)]
        assert dotless.find(ExternalCode(undot(label.value))) == same
