"""Turning a function into a verb, with the common options, option groups, and an open terminal."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from inspect import Parameter
from typing import Annotated, Any, get_type_hints

import typer

from clem_icd.cli.terminal import NOTHING_HALF_WRITTEN, open_terminal

__all__ = ["changed_options", "help_text", "verb"]


@dataclass(frozen=True, slots=True)
class _Common:
    """The options of every verb."""

    json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print only the result and errors.")] = False
    debug: Annotated[bool, typer.Option("--debug", help="Show a traceback if an error occurs.")] = False


def verb(*, interrupted: str = NOTHING_HALF_WRITTEN) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return a decorator that turns a function into a verb, for typer to read.

    The first parameter of the function is the `Terminal`, opened by the decorator. A parameter annotated with
    a dataclass is an option group: every field becomes an option, and the function receives the dataclass.
    ``--json``, ``--quiet`` and ``--debug`` come last.

    Parameters
    ----------
    interrupted
        A sentence to print after Ctrl-C.

    """

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        _, *declared = inspect.signature(function, eval_str=True).parameters.values()
        groups = {one.name: one.annotation for one in declared if is_dataclass(one.annotation)}

        def command(**values: Any) -> None:
            common = _take(_Common, values)
            grouped = {name: _take(group, values) for name, group in groups.items()}
            with open_terminal(
                json=common.json, quiet=common.quiet, debug=common.debug, interrupted=interrupted
            ) as terminal:
                function(terminal, **values, **grouped)

        options = list(_options([*declared, Parameter("_", Parameter.KEYWORD_ONLY, annotation=_Common)]))
        command.__name__ = function.__name__
        command.__module__ = function.__module__
        command.__doc__ = help_text(function.__doc__ or "")
        command.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined]
        command.__annotations__ = {one.name: one.annotation for one in options}
        return command

    return decorate


def help_text(text: str) -> str:
    r"""Return a help text whose example is not wrapped, so that it can be copied.

    click's mark for such a paragraph is \b.
    """
    return re.sub(r"^( *)(Example: )", "\\1\b\n\\1\\2", text, flags=re.MULTILINE)


def changed_options(group: Any) -> list[str]:
    """Return the options of a group that differ from their defaults, in order, as a user types them."""
    return [
        f"--{field.name.replace('_', '-')}"
        for field in fields(group)
        if getattr(group, field.name) != _default(field)
    ]


def _options(parameters: Iterable[Parameter]) -> Iterator[Parameter]:
    """Yield the parameters with every group replaced by its fields."""
    for one in parameters:
        if is_dataclass(one.annotation):
            hints = get_type_hints(one.annotation, include_extras=True)
            for field in fields(one.annotation):
                yield Parameter(
                    field.name, Parameter.KEYWORD_ONLY, default=_default(field), annotation=hints[field.name]
                )
        else:
            # By keyword, so that an option without a default may follow one with a default.
            yield one.replace(kind=Parameter.KEYWORD_ONLY)


def _default(field: Field[Any]) -> Any:
    if field.default_factory is not MISSING:
        return field.default_factory()
    return Parameter.empty if field.default is MISSING else field.default


def _take(group: Any, values: dict[str, Any]) -> Any:
    """Move the fields of a group out of the values of all options."""
    return group(**{field.name: values.pop(field.name) for field in fields(group)})
