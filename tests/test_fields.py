from __future__ import annotations

from typing import Literal

import pytest
from pydantic import Field, ValidationError

from clem_icd.fields import Choice, Choices, Fields, key_paths


class Shape(Choice):
    colour: str = "red"


class Circle(Shape):
    kind: Literal["circle"] = "circle"
    radius: float = Field(default=1.0, gt=0)


class Square(Shape):
    kind: Literal["square"] = "square"
    side: float


@pytest.fixture
def shapes() -> Choices[Shape]:
    choices: Choices[Shape] = Choices("shape", default="circle", open_kind="square", open_field="colour")
    choices.register(Circle)
    choices.register(Square)
    return choices


def test_a_choice_is_parsed_from_none_a_name_or_a_group(shapes: Choices[Shape]) -> None:
    assert shapes.parse(None) == shapes.parse("circle") == shapes.parse({}) == Circle()
    assert shapes.parse({"kind": "square", "side": 2}) == Square(side=2)
    assert shapes.parse(Circle(radius=3)) == Circle(radius=3)


def test_other_text_becomes_the_open_field_of_the_open_kind(shapes: Choices[Shape]) -> None:
    assert shapes.expand("blue") == {"kind": "square", "colour": "blue"}


def test_a_field_of_another_kind_is_refused(shapes: Choices[Shape]) -> None:
    with pytest.raises(ValidationError, match="side"):
        shapes.parse({"kind": "circle", "side": 2})
    assert shapes.kinds_with("side") == ["square"]
    assert shapes.kinds_with("colour") == ["circle", "square"]


def test_an_unknown_kind_suggests_the_closest_one(shapes: Choices[Shape]) -> None:
    with pytest.raises(ValueError, match="there is no shape 'sqare'; did you mean square"):
        shapes.parse({"kind": "sqare"})
    with pytest.raises(ValueError, match="there is no shape 'x'; expected one of circle, square"):
        shapes.parse({"kind": "x"})


@pytest.mark.parametrize("value", [3, ["circle"], True])
def test_a_value_that_is_neither_a_name_nor_a_group_is_refused(shapes: Choices[Shape], value: object) -> None:
    with pytest.raises(ValueError, match="expected a kind or a group of fields"):
        shapes.parse(value)


def test_a_group_without_kinds_must_be_left_out() -> None:
    none: Choices[Shape] = Choices("shape")
    assert none.parse(None) is None
    with pytest.raises(ValueError, match="this release has none"):
        none.parse("circle")


def test_registering_two_classes_for_a_kind_is_refused(shapes: Choices[Shape]) -> None:
    class OtherCircle(Shape):
        kind: Literal["circle"] = "circle"

    with pytest.raises(ValueError, match="two classes claim shape 'circle'"):
        shapes.register(OtherCircle)
    assert shapes.register(Circle) is Circle


def test_a_choice_of_another_group_or_class_is_refused(shapes: Choices[Shape]) -> None:
    class OtherCircle(Shape):
        kind: Literal["circle"] = "circle"

    class Colour(Choice):
        kind: Literal["red"] = "red"

    for other in (OtherCircle(), Colour()):
        with pytest.raises(ValueError, match=f"{type(other).__name__} is not a registered shape"):
            shapes.parse(other)


class Frame(Fields):
    width: int = 1


class Picture(Fields):
    title: str | None = None
    frame: Frame = Frame()
    second: Frame | None = None
    others: list[Frame] = Field(default_factory=list)


def test_the_fields_of_a_group_have_paths_even_if_it_may_be_null() -> None:
    assert list(key_paths(Picture)) == ["title", "frame", "frame.width", "second", "second.width", "others"]
