"""Generate the parts of the documentation that restate the code: commands and metric definitions.

``make docs`` writes them; ``tests/test_docs.py`` fails while one of them is out of date.
"""

from __future__ import annotations

import inspect
import re
from collections import Counter
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple, get_args, get_origin

import typer

from clem_icd.cli import app
from clem_icd.evaluation import DEFINITIONS

DOCS = Path(__file__).parent

_EXAMPLE = re.compile(r"Example: `(clem [^`]+)`")
_HELP = ("`--help`, `-h`", "Show the help of the command and exit.")


class Command(NamedTuple):
    """A command or subcommand, under its full name."""

    name: str
    click: Any


class Row(NamedTuple):
    """An argument or option, as a row of a table."""

    name: str
    value: str
    default: str
    meaning: str


def commands(command: Any = None, name: str = "clem") -> Iterator[Command]:
    """Yield every command and subcommand, each group before its members."""
    command = typer.main.get_command(app) if command is None else command
    yield Command(name, command)
    for child_name, child in getattr(command, "commands", {}).items():
        yield from commands(child, f"{name} {child_name}")


def command_reference() -> str:
    """Return the body of the command-line reference as Markdown."""
    every = list(commands())[1:]
    verbs = [one for one in every if not hasattr(one.click, "commands")]
    common = _common_rows([_rows(one.click) for one in verbs])
    parts = [_overview(verbs), _common_section(common)]
    parts += [_section(one, common) for one in every]
    return "\n\n".join(parts) + "\n"


def metric_definitions() -> str:
    """Return the table of all metric definitions as Markdown."""
    header = ("name", "title", "definition", "labels", "notes", "source")
    rows = [
        (f"`{name}`", one.title, one.definition, one.labels, one.notes, one.source)
        for name, one in DEFINITIONS.items()
    ]
    return _table(header, rows) + "\n"


GENERATED: dict[tuple[str, str], Callable[[], str]] = {
    ("reference/cli.md", "commands"): command_reference,
    ("reference/metrics.md", "definitions"): metric_definitions,
}
"""Page and name of every generated part, and the function that returns its Markdown."""


def with_part(text: str, part: str, body: str) -> str:
    """Return a page with the part between its two marks replaced.

    Raises
    ------
    ValueError
        If the page does not have exactly one pair of these marks.

    """
    marks = re.compile(rf"(<!-- {part}: begin[^\n]*-->\n).*?(<!-- {part}: end -->)", re.DOTALL)
    replaced, count = marks.subn(lambda match: f"{match[1]}\n{body}\n{match[2]}", text)
    if count != 1:
        raise ValueError(f"expected one part {part!r}, found {count}")
    return replaced


def main() -> None:
    """Write every generated part into its page."""
    for (page, part), make in GENERATED.items():
        path = DOCS / page
        path.write_text(with_part(path.read_text(encoding="utf-8"), part, make()), encoding="utf-8")


def _overview(verbs: list[Command]) -> str:
    rows = [(f"[`{one.name}`](#{one.name.replace(' ', '-')})", _purpose(one.click)) for one in verbs]
    return _table(("command", "purpose"), rows)


def _common_section(common: list[Row]) -> str:
    lead = "## Common options\n\nEach command lists the ones it has, and `--help` works everywhere.\n\n"
    return lead + _table(("option", "meaning"), [*((one.name, one.meaning) for one in common), _HELP])


def _section(command: Command, common: list[Row]) -> str:
    example, paragraphs = _help(command.click)
    parts = [f"## {command.name}", *paragraphs]
    if example:
        parts.append(f"```sh\n{example}\n```")
    if hasattr(command.click, "commands"):
        members = ", ".join(
            f"[`{name}`](#{command.name.replace(' ', '-')}-{name})" for name in _names(command)
        )
        return "\n\n".join([*parts, f"Subcommands: {members}."])
    rows = _rows(command.click)
    own = [row for row in rows if row not in common]
    shared = [row.name.partition(", ")[0] for row in rows if row in common]
    if own:
        parts.append(_table(("argument or option", "value", "default", "meaning"), own))
    return "\n\n".join([*parts, f"Common options: {', '.join(shared)}."])


def _names(command: Command) -> list[str]:
    return list(command.click.commands)


def _purpose(command: Any) -> str:
    _, paragraphs = _help(command)
    return paragraphs[0]


def _help(command: Any) -> tuple[str | None, list[str]]:
    """Return the example of a command, and the paragraphs of its help without it."""
    text = inspect.cleandoc((command.help or "").replace("\b\n", "")).partition("\f")[0]
    found = _EXAMPLE.search(text)
    text = _EXAMPLE.sub("", text)
    paragraphs = [" ".join(one.split()) for one in re.split(r"\n\s*\n", text)]
    return " ".join(found[1].split()) if found else None, [one for one in paragraphs if one]


def _common_rows(tables: list[list[Row]]) -> list[Row]:
    """Return the rows that are the same in at least half of the tables, in their order there."""
    counts = Counter(row for table in tables for row in table)
    return [row for row, count in counts.items() if 2 * count >= len(tables)]


def _rows(command: Any) -> list[Row]:
    """Return the arguments and options of a command, less ``--help``, which every command has."""
    return [_row(one) for one in command.params if not getattr(one, "hidden", False)]


def _row(parameter: Any) -> Row:
    is_argument = parameter.param_type_name == "argument"
    if is_argument:
        name = f"`{parameter.metavar or parameter.name.upper()}`"
    else:
        name = ", ".join(f"`{one}`" for one in sorted(parameter.opts, key=len, reverse=True))
    meaning = " ".join((getattr(parameter, "help", None) or "").split())
    return Row(name, _value(parameter), _default(parameter), meaning)


def _value(parameter: Any) -> str:
    if getattr(parameter, "is_flag", False):
        return "flag"
    kind = parameter.type_descriptor.annotation
    text = _kind(get_args(kind)[0] if get_origin(kind) is list else kind, parameter.min, parameter.max)
    repeats = getattr(parameter, "multiple", False) or parameter.nargs == -1
    return f"{text}; repeats" if repeats else text


def _kind(kind: Any, low: float | None, high: float | None) -> str:
    """Describe a type: its choices, or its noun with its bounds."""
    choices = [one.value for one in kind] if isinstance(kind, type(Enum)) else get_args(kind)
    if choices:
        return " or ".join(", ".join(f"`{one}`" for one in choices).rsplit(", ", 1))
    noun = {int: "integer", float: "number", str: "text", Path: "path"}[kind]
    if low is not None and high is not None:
        return f"{noun} from {low} to {high}"
    if low is not None:
        return f"{noun}, at least {low}"
    return noun if high is None else f"{noun}, at most {high}"


def _default(parameter: Any) -> str:
    if parameter.required:
        return "required"
    default = parameter.default
    is_plain = isinstance(default, str | int | float) and not isinstance(default, bool)
    return f"`{getattr(default, 'value', default)}`" if is_plain else ""


def _table(header: tuple[str, ...], rows: list[Any]) -> str:
    lines = [header, ("---",) * len(header), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in row)} |" for row in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    main()
