"""What people really have is read, or refused with its cause, as ``docs/explanation/inputs.md`` says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from wild.inputs import INPUTS
from wild.making import Input, Place
from wild.outcomes import outcome
from wild.page import PAGE, new_place, row

ALL = [one for inputs in INPUTS.values() for one in inputs]


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Place]:
    return new_place(tmp_path_factory.mktemp("wild"))


@pytest.fixture(scope="module")
def page() -> list[str]:
    return PAGE.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.name)
def test_input_has_the_outcome_on_the_page(one: Input, new: Callable[[], Place], page: list[str]) -> None:
    [expected] = [line for line in page if line.startswith(f"| {one.name} |")]

    assert row(one, outcome(one, new())) == expected, "if this is right, run make docs"
    assert "**" not in expected  # an exception


def test_page_lists_exactly_these_inputs(page: list[str]) -> None:
    names = Counter(one.name for one in ALL)
    listed = [line.split(" | ")[0].removeprefix("| ") for line in page if line.startswith("| ")]

    assert set(names.values()) == {1}
    assert [name for name in listed if name != "input"] == list(names)
