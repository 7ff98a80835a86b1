from __future__ import annotations

import inspect

from clem_icd import errors
from clem_icd.errors import ClemError, SourceError


def test_a_message_is_one_line_with_location_and_remedy() -> None:
    error = SourceError("has no column hadm_id", path="raw/notes.csv", row=7, remedy="Add\nit")
    assert str(error) == "raw/notes.csv, row 7: has no column hadm_id. Add it."


def test_a_message_without_a_path_is_only_the_finding() -> None:
    assert str(ClemError("the disk is full")) == "the disk is full."


def test_the_docstring_draws_every_error_class() -> None:
    classes = {
        name
        for name, value in vars(errors).items()
        if inspect.isclass(value) and issubclass(value, ClemError)
    }
    assert errors.__doc__ is not None
    drawn = {word for word in errors.__doc__.split() if word in classes}
    assert drawn == classes == set(errors.__all__)
    assert errors.__all__ == sorted(errors.__all__)


def test_a_remedy_may_be_a_question() -> None:
    assert (
        str(ClemError("there is no key 'a'", remedy="Did you mean b?"))
        == "there is no key 'a'. Did you mean b?"
    )
