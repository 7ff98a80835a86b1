"""The decorator that turns a function into a verb."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any

import click
import pytest
import typer
from typer.testing import CliRunner

from clem_icd.cli.terminal import Terminal
from clem_icd.cli.verb import changed_options, verb
from clem_icd.errors import InputError


@dataclass(frozen=True)
class Size:
    """An option group."""

    width: Annotated[int, typer.Option(help="Width in cells.")]
    height: Annotated[int, typer.Option(min=1, help="Height in cells.")] = 3
    edge_marks: Annotated[list[str], typer.Option(help="Mark on the edge.")] = field(default_factory=list)


received: list[Any] = []


@verb(interrupted="Draw again.")
def draw(
    terminal: Terminal,
    name: Annotated[str, typer.Argument(help="Name of the picture.")],
    size: Size,
    colour: Annotated[str, typer.Option(help="Colour of the ink.")] = "black",
) -> None:
    """Draw a picture.

    Example: `draw cat`
    """
    if name == "dog":
        raise InputError("cannot be drawn", path=name)
    if name == "ctrl-c":
        raise KeyboardInterrupt
    received.append((name, size, colour))
    terminal.say("drawing")
    terminal.result({"name": name}, lambda console: console.print(name))


app = typer.Typer(rich_markup_mode=None)
app.command()(draw)


def invoke(*arguments: str) -> Any:
    return CliRunner().invoke(app, list(arguments))


def test_the_function_receives_its_groups_and_an_open_terminal() -> None:
    received.clear()
    found = invoke("cat", "--width", "2", "--colour", "red")
    assert (found.exit_code, found.stdout, found.stderr) == (0, "cat\n", "drawing\n")
    assert received == [("cat", Size(2, 3), "red")]


def test_help_lists_options_in_order_with_the_common_ones_last() -> None:
    found = click.unstyle(invoke("--help").stdout)
    positions = [
        found.index(text)
        for text in ("Draw a picture.", "Example: `draw cat`", "--width", "--height", "--colour", "--json")
    ]
    assert positions == sorted(positions)
    assert "Height in cells." in found
    assert [option for option in ("--json", "--quiet", "-q", "--debug") if option not in found] == []
    assert "terminal" not in found


def test_common_options_reach_the_terminal() -> None:
    found = invoke("cat", "--width", "2", "--json", "-q")
    assert (found.stdout, found.stderr) == ('{"name": "cat"}\n', "")


def test_a_field_without_a_default_is_required_and_limits_hold() -> None:
    assert "Missing option '--width'" in invoke("cat").stderr
    assert invoke("cat", "--width", "2", "--height", "0").exit_code == 2


def test_a_field_with_a_default_factory_is_optional() -> None:
    received.clear()
    assert invoke("cat", "--width", "2").exit_code == 0
    assert invoke("cat", "--width", "2", "--edge-marks", "x", "--edge-marks", "y").exit_code == 0
    assert [size.edge_marks for _, size, _ in received] == [[], ["x", "y"]]


def test_changed_options_are_those_that_differ_from_their_defaults() -> None:
    assert changed_options(Size(2)) == ["--width"]
    assert changed_options(Size(2, 3, ["x"])) == ["--width", "--edge-marks"]


def test_errors_become_one_line_unless_debug() -> None:
    refused = invoke("dog", "--width", "2")
    assert (refused.exit_code, refused.stderr) == (2, "clem: dog: cannot be drawn.\n")
    assert isinstance(invoke("dog", "--width", "2", "--debug").exception, InputError)


def test_an_interruption_prints_the_message_of_the_verb() -> None:
    found = invoke("ctrl-c", "--width", "2")
    assert (found.exit_code, found.stderr) == (130, "clem: interrupted. Draw again.\n")


def test_options_of_the_same_name_are_refused_at_once() -> None:
    def twice(terminal: Terminal, width: int, size: Size) -> None:
        """Two widths."""

    twice.__annotations__.update(terminal=Terminal, width=int, size=Size)
    with pytest.raises(ValueError, match="duplicate parameter name"):
        verb()(twice)
