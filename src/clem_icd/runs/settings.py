"""``key=value`` settings on top of the fields of a recipe, each addressed by its dotted path."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from clem_icd.errors import RecipeError
from clem_icd.fields import Choices, key_paths

Groups = Mapping[str, Choices[Any]]


class RecipeKeys:
    """The keys of one kind of recipe: applying settings to them, and errors about them.

    Parameters
    ----------
    model
        The class of the recipe.
    groups
        The choices among its fields, by key; the fields of a choice depend on its kind.
    page
        The documentation page of the keys.
    hints
        Remedies for keys that do not exist, by key.

    """

    def __init__(
        self,
        model: type[BaseModel],
        *,
        groups: Groups,
        page: str,
        hints: Mapping[str, str] | None = None,
    ) -> None:
        self._model = model
        self._groups = groups
        self._page = page
        self._hints = dict(hints or {})

    def apply(
        self, fields: dict[str, Any], settings: Sequence[str], path: str | None = None
    ) -> dict[str, Any]:
        """Return the fields with ``key=value`` settings applied and short forms of choices expanded.

        Parameters
        ----------
        fields
            The fields of the recipe; they are not modified.
        settings
            The settings, with YAML values.
        path
            The file or name of the recipe, for errors.

        Raises
        ------
        RecipeError
            If a setting is not KEY=VALUE, its key is unknown, or its value is not valid YAML.

        """
        fields = dict(fields)
        for name in self._groups:
            fields[name] = self._expanded(name, fields.get(name), path)
        for setting in settings:
            key, separator, text = setting.partition("=")
            if not separator:
                raise RecipeError(
                    f"expected KEY=VALUE, got {setting!r}", remedy="Write for example training.epochs=3"
                )
            if key not in self._known(fields):
                raise self._unknown_key(key, fields, None)
            value = _value(text, key)
            _assign(fields, key, self._expanded(key, value, None) if key in self._groups else value)
        return fields

    def refusal(
        self, problem: ValidationError, fields: dict[str, Any], *, path: str | None = None, prefix: str = ""
    ) -> RecipeError:
        """Return the first problem that pydantic found as a `RecipeError`, without the invalid value.

        Parameters
        ----------
        problem
            The error of pydantic.
        fields
            The fields that were validated.
        path
            The file or name of the recipe.
        prefix
            The key of the group that was validated; empty for the whole recipe.

        """
        first = problem.errors(include_url=False, include_input=False)[0]
        key = ".".join(str(part) for part in ((prefix,) if prefix else ()) + tuple(first["loc"]))
        if first["type"] == "extra_forbidden":
            return self._unknown_key(key, fields, path)
        message = first["msg"].removeprefix("Value error, ").removesuffix(".")
        return RecipeError(f"{key}: {message}" if key else message, path=path, remedy=f"See {self._page}")

    def _expanded(self, name: str, value: Any, path: str | None) -> dict[str, Any] | None:
        try:
            return self._groups[name].expand(value)
        except ValueError as problem:
            raise RecipeError(str(problem), path=path, remedy=f"See {self._page}") from None

    def _known(self, fields: Mapping[str, Any]) -> list[str]:
        return list(self._paths(fields))

    def _paths(self, fields: Mapping[str, Any]) -> Iterator[str]:
        for key in key_paths(self._model):
            group, _, _ = key.partition(".")
            if group not in self._groups:
                yield key
        for name, choices in self._groups.items():
            yield name
            if fields.get(name) is not None:
                yield from (f"{name}.{field}" for field in choices.fields_of(fields[name]["kind"]))

    def _unknown_key(self, key: str, fields: Mapping[str, Any], path: str | None) -> RecipeError:
        """Return the error for an unknown key: the kinds that have it, or the key that was probably meant."""
        group, _, field = key.partition(".")
        if key in self._hints:
            return RecipeError(f"there is no key {key!r}", path=path, remedy=self._hints[key])
        if group in self._groups and (owners := self._groups[group].kinds_with(field)):
            chosen = (fields.get(group) or {}).get("kind")
            return RecipeError(
                f"{key} does not apply to {group} {chosen!r}",
                path=path,
                remedy=f"It is a field of {group} {' and '.join(owners)}",
            )
        return unknown_key(key, self._known(fields), path)


def unknown_key(key: str, known: Iterable[str], path: str | None) -> RecipeError:
    """Return the error for an unknown key; it suggests the key that was probably meant."""
    known = list(known)
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
        inner = fields.get(parent) or {}
        if not isinstance(inner, dict):
            raise RecipeError(
                f"{parent} is set both as a value and as a group of keys", remedy=f"Set only {key}"
            )
        # A copy, so that the caller's fields are not modified.
        fields[parent] = dict(inner)
        fields = fields[parent]
    fields[last] = value
