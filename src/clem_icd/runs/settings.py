"""``key=value`` settings on top of the fields of a recipe, each addressed by its dotted path."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar

import yaml
from pydantic import BaseModel

from clem_icd.errors import RecipeError
from clem_icd.fields import Choices, InvalidFieldError, key_paths, validated, value_at

R = TypeVar("R", bound=BaseModel)


class RecipeReader(Generic[R]):
    """Reads one kind of recipe: applies settings, validates, and explains what does not fit.

    Parameters
    ----------
    model
        The class of the recipe.
    groups
        The choices among its fields, by dotted key; the fields of a choice depend on its kind.
    page
        The documentation page of the keys.
    hints
        Remedies for keys that do not exist, by key or by the group before the first dot.

    """

    def __init__(
        self,
        model: type[R],
        *,
        groups: Mapping[str, Choices[Any]],
        page: str,
        hints: Mapping[str, str] | None = None,
    ) -> None:
        self._model = model
        self._groups = groups
        self._page = page
        self._hints = dict(hints or {})

    def read(self, fields: Mapping[str, Any], settings: Sequence[str] = (), path: str | None = None) -> R:
        """Return the recipe of some fields with ``key=value`` settings on top.

        Parameters
        ----------
        fields
            The fields of the recipe; choices may be in their short form.
        settings
            The settings, with YAML values.
        path
            The file or name of the recipe, for errors.

        Raises
        ------
        RecipeError
            If a setting is not KEY=VALUE, a key is unknown, or a value is not valid YAML or does not fit.

        """
        applied = self._applied(fields, settings, path)
        try:
            return validated(self._model, applied, self._groups)
        except InvalidFieldError as problem:
            if problem.unknown:
                raise self._unknown_key(problem.key, applied, path) from None
            raise RecipeError(str(problem), path=path, remedy=f"See {self._page}") from None

    def with_defaults(self, stored: dict[str, Any]) -> dict[str, Any]:
        """Return the fields of a stored recipe, with defaults for fields added since.

        A recipe that this release cannot read is returned unchanged.
        """
        try:
            return self._model.model_validate(stored).model_dump(mode="json")
        except ValueError:
            return stored

    def _applied(
        self, fields: Mapping[str, Any], settings: Sequence[str], path: str | None
    ) -> dict[str, Any]:
        applied = dict(fields)
        for name in self._groups:
            expanded = self._expanded(name, value_at(applied, name), path)
            if "." not in name or expanded is not None:
                _assign(applied, name, expanded)
        for setting in settings:
            key, separator, text = setting.partition("=")
            if not separator:
                raise RecipeError(
                    f"expected KEY=VALUE, got {setting!r}", remedy="Write for example training.epochs=3"
                )
            if key not in self._known(applied):
                raise self._unknown_key(key, applied, None)
            self._apply(applied, key, text)
        return applied

    def _apply(self, fields: dict[str, Any], key: str, text: str) -> None:
        group, field = self._in_group(key)
        value = value_of_setting(text, key)
        if key in self._groups:
            # A folder may be called 2024, which YAML reads as a number.
            text_or_group = text if isinstance(value, int | float) else value
            _assign(fields, key, self._expanded(key, text_or_group, None))
        elif group in self._groups and field == "kind":
            chosen = {**(value_at(fields, group) or {}), "kind": value}
            _assign(fields, group, self._expanded(group, chosen, None))
        else:
            _assign(fields, key, value)

    def _expanded(self, name: str, value: Any, path: str | None) -> dict[str, Any] | None:
        try:
            return self._groups[name].expand(value)
        except ValueError as problem:
            raise RecipeError(str(problem), path=path, remedy=f"See {self._page}") from None

    def _known(self, fields: Mapping[str, Any]) -> list[str]:
        return list(dict.fromkeys(self._paths(fields)))

    def _paths(self, fields: Mapping[str, Any]) -> Iterator[str]:
        for key in key_paths(self._model):
            if self._in_group(key)[0] not in self._groups:
                yield key
        for name, choices in self._groups.items():
            yield name
            chosen = value_at(fields, name)
            if chosen is None:
                yield f"{name}.kind"
            else:
                yield from (f"{name}.{field}" for field in choices.fields_of(chosen["kind"]))

    def _in_group(self, key: str) -> tuple[str, str]:
        """Return the choice that a key belongs to and its field there; else what the first dot separates."""
        for name in self._groups:
            if key == name or key.startswith(f"{name}."):
                return name, key[len(name) + 1 :]
        group, _, field = key.partition(".")
        return group, field

    def _unknown_key(self, key: str, fields: Mapping[str, Any], path: str | None) -> RecipeError:
        """Return the error for an unknown key: the kinds that have it, or the keys that do exist."""
        group, field = self._in_group(key)
        for hinted in (key, group):
            if hinted in self._hints:
                return RecipeError(f"there is no key {key!r}", path=path, remedy=self._hints[hinted])
        if group in self._groups and (owners := self._groups[group].kinds_with(field)):
            chosen = (value_at(fields, group) or {}).get("kind")
            found = f"{key} does not apply to {group} {chosen!r}"
            if not chosen:
                found = f"{key} needs {group}.kind, which has to come before it"
            return RecipeError(found, path=path, remedy=f"It is a field of {group} {' and '.join(owners)}")
        known = self._known(fields)
        meant = _with_known_group(key, known)
        close = _close_keys(meant, known)
        remedy = f"Did you mean {' or '.join(close)}?" if close else self._keys_in_words(meant, known, fields)
        return RecipeError(f"there is no key {key!r}", path=path, remedy=remedy)

    def _keys_in_words(self, key: str, known: Sequence[str], fields: Mapping[str, Any]) -> str:
        """Return the keys beside an unknown one, as a sentence without the final stop."""
        group = _group_of(key, known)
        names = [_name(path) for path in known if path.rpartition(".")[0] == group]
        if group not in self._groups:
            place = f" of {group}" if group else ""
            return f"The keys{place} are {', '.join(names)}"
        chosen = value_at(fields, group)
        if chosen is None:
            return f"Set {group}.kind before it: {' or '.join(self._groups[group].kinds)}"
        return f"The keys of {group} {chosen['kind']!r} are {', '.join(names)}"


def _with_known_group(key: str, known: Sequence[str]) -> str:
    """Return a key whose first part is replaced by the known group with the closest name, if any is close."""
    first, dot, rest = key.partition(".")
    groups = dict.fromkeys(path.partition(".")[0] for path in known if "." in path)
    close = difflib.get_close_matches(first, groups, n=1)
    return f"{close[0]}.{rest}" if dot and close else key


def _group_of(key: str, known: Sequence[str]) -> str:
    """Return the innermost known group that a key is in; empty for none."""
    group = key.rpartition(".")[0]
    while group and not any(path.startswith(f"{group}.") for path in known):
        group = group.rpartition(".")[0]
    return group


def _close_keys(key: str, known: Sequence[str]) -> list[str]:
    """Return the known keys that an unknown one may stand for.

    They have its name, in its own group if possible, or else a similar path within its group. If its group is
    unknown, they may also have a similar name in any group.
    """
    group, name = _group_of(key, known), _name(key)
    prefix = f"{group}." if group else ""
    inside = {path.removeprefix(prefix): path for path in known if path.startswith(prefix)}
    close = (
        [path for path in inside.values() if _name(path) == name]
        or [path for path in known if _name(path) == name]
        or _closest(key.removeprefix(prefix), inside)
    )
    if close or group:
        return close
    return _closest(name, {_name(path): path for path in known})


def _closest(name: str, paths: Mapping[str, str]) -> list[str]:
    return [paths[one] for one in difflib.get_close_matches(name, paths, n=1)]


def _name(key: str) -> str:
    return key.rpartition(".")[2]


def value_of_setting(text: str, key: str) -> Any:
    """Return the value of a setting, read as YAML.

    Raises
    ------
    RecipeError
        If it is not valid YAML.

    """
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
