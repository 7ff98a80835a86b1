"""``key=value`` settings on top of validated fields, each addressed by its dotted path."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from clem_icd.errors import RecipeError


class Fields(BaseModel):
    """A group of fields: unknown ones are refused, and none can be changed afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def key_paths(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Yield the dotted path of every field; a group comes before its members."""
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
    """Apply ``key=value`` settings with YAML values to nested fields, in place.

    Raises
    ------
    RecipeError
        If a setting is not ``key=value``, its key is unknown, or its value is not valid YAML.

    """
    for setting in settings:
        key, separator, value = setting.partition("=")
        if not separator:
            raise RecipeError(
                f"expected KEY=VALUE, got {setting!r}", remedy="Write for example training.epochs=3"
            )
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
    """Return the first problem that pydantic found as a `RecipeError`, without the value that was passed.

    Parameters
    ----------
    page
        The documentation page of the keys.
    skip
        The number of parts that pydantic puts before each key.

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
    """Return the error for an unknown key; it suggests the key that was probably meant."""
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
    # YAML 1.1 reads 1e-5 as text, but a number is meant.
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
            raise RecipeError(
                f"{parent} is set both as a value and as a group of keys", remedy=f"Set only {key}"
            )
    fields[last] = value
