"""``key=value`` settings on top of fields that are checked one by one, by the dotted path of each."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from clem_icd.errors import RecipeError


class Fields(BaseModel):
    """A group of fields, of which none is unknown and none is changed afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def key_paths(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Yield the dotted path of every field, groups before what is in them."""
    for name, field in model.model_fields.items():
        yield prefix + name
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from key_paths(field.annotation, f"{prefix}{name}.")


def apply_settings(
    fields: dict[str, Any],
    settings: Sequence[str],
    known: Sequence[str],
    hints: Mapping[str, str] | None = None,
) -> None:
    """Change fields by ``key=value`` texts, whose values are YAML.

    Raises
    ------
    RecipeError
        If a setting is no key=value, its key is not among those known, or its value is no YAML.

    """
    for setting in settings:
        key, separator, value = setting.partition("=")
        if not separator:
            raise RecipeError(f"{setting!r} is no key=value", remedy="For example: training.epochs=3")
        if key not in known:
            raise unknown_key(key, known, None, hints)
        _assign(fields, key, _value(value, key))


def refusal(
    problem: ValidationError,
    known: Sequence[str],
    *,
    path: str | None,
    page: str,
    skip: int = 0,
    hints: Mapping[str, str] | None = None,
) -> RecipeError:
    """Return the first thing that is wrong as one of our errors, without the value that was given.

    ``page`` is the documentation of the keys, ``skip`` how many parts of a key pydantic puts before ours.
    """
    first = problem.errors(include_url=False, include_input=False)[0]
    key = ".".join(str(part) for part in first["loc"][skip:])
    if first["type"] == "extra_forbidden":
        return unknown_key(key, known, path, hints)
    message = first["msg"].removeprefix("Value error, ").removesuffix(".")
    return RecipeError(f"{key}: {message}" if key else message, path=path, remedy=f"See {page}")


def unknown_key(
    key: str, known: Iterable[str], path: str | None, hints: Mapping[str, str] | None = None
) -> RecipeError:
    """Return the error for a key that is not known, with the one that may have been meant."""
    known = list(known)
    if hints and key in hints:
        return RecipeError(f"there is no key {key!r}", path=path, remedy=hints[key])
    last = key.rsplit(".", 1)[-1]
    close = [path for path in known if path.rsplit(".", 1)[-1] == last]
    close = close or difflib.get_close_matches(key, known, n=1)
    if not close:
        by_name = {path.rsplit(".", 1)[-1]: path for path in known}
        close = [by_name[name] for name in difflib.get_close_matches(last, by_name, n=1)]
    hint = f"Did you mean {close[0]}?" if close else f"The keys are {', '.join(known)}"
    return RecipeError(f"there is no key {key!r}", path=path, remedy=hint)


def _value(text: str, key: str) -> Any:
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as problem:
        raise RecipeError(f"the value of {key} is not valid YAML") from problem
    # YAML 1.1 reads 1e-5 as text, people mean a number.
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    return value


def _assign(fields: dict[str, Any], key: str, value: Any) -> None:
    *parents, last = key.split(".")
    for parent in parents:
        fields = fields.setdefault(parent, {})
        if not isinstance(fields, dict):
            raise RecipeError(f"{parent} is a value and a group of keys at once", remedy=f"Set {key} only")
    fields[last] = value
