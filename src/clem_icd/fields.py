"""Groups of validated fields, and choices between several kinds of a group.

A recipe is a tree of such groups. A `Choice` is a group with a ``kind``; each kind has its own fields, and a
field of another kind is refused. Kinds are registered by name in a `Choices`, so a new kind is one class and
one line.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Any, Generic, Self, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError


class Fields(BaseModel):
    """A group of fields: unknown ones are refused, and none can be changed afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Choice(Fields):
    """One kind of a group; a subclass sets ``kind`` to a single literal."""

    kind: str


C = TypeVar("C", bound=Choice)
M = TypeVar("M", bound=BaseModel)


class Choices(Generic[C]):
    """The registered kinds of one group.

    Parameters
    ----------
    group
        The key of the group in a recipe, such as ``head``.
    default
        The kind used when none is named; None if it must be named.
    open_kind, open_field
        The kind and the field for a text that is not the name of a kind: ``encoder: clem-small`` is short
        for ``{kind: pretrained, name: clem-small}``.

    """

    def __init__(
        self,
        group: str,
        *,
        default: str | None = None,
        open_kind: str | None = None,
        open_field: str | None = None,
    ) -> None:
        self.group = group
        self._default = default
        self._open_kind = open_kind
        self._open_field = open_field
        self._classes: dict[str, type[C]] = {}

    def register(self, choice: type[C]) -> type[C]:
        """Add a kind; usable as a decorator.

        Raises
        ------
        ValueError
            If another class has registered the same kind.

        """
        kind = choice.model_fields["kind"].default
        if self._classes.setdefault(kind, choice) is not choice:
            raise ValueError(f"two classes claim {self.group} {kind!r}")
        return choice

    @property
    def kinds(self) -> tuple[str, ...]:
        """The names of the registered kinds, in order of registration."""
        return tuple(self._classes)

    def expand(self, value: Any) -> dict[str, Any] | None:
        """Return a group as a mapping with its kind; a text is a short form, and None the default kind.

        Raises
        ------
        ValueError
            If the kind is unknown.

        """
        if value is None:
            return None if self._default is None else {"kind": self._default}
        if isinstance(value, str):
            if value not in self._classes and self._open_kind is not None and self._open_field is not None:
                return {"kind": self._open_kind, self._open_field: value}
            value = {"kind": value}
        if not isinstance(value, Mapping):
            raise ValueError(f"{self.group} is {value!r}, expected a kind or a group of fields")
        value = {**value}
        if "kind" not in value and self._open_field in value:
            value["kind"] = self._open_kind
        kind = value.get("kind", self._default)
        if kind is None:
            raise ValueError(f"{self.group} has no kind; {self._kinds_in_words()}")
        if not isinstance(kind, str) or kind not in self._classes:
            raise ValueError(self._unknown_kind(kind))
        return {**value, "kind": kind}

    def fields_of(self, kind: str) -> tuple[str, ...]:
        """Return the names of the fields of a kind."""
        return tuple(self._classes[kind].model_fields)

    def kinds_with(self, field: str) -> list[str]:
        """Return the kinds that have a field."""
        return [kind for kind in self.kinds if field in self.fields_of(kind)]

    def parse(self, value: Any) -> C | None:
        """Return the choice described by a value from a recipe or a file.

        Raises
        ------
        ValueError
            If the kind is unknown or, as pydantic's ``ValidationError``, a field is invalid.

        """
        if isinstance(value, Choice):
            if type(value) is not self._classes.get(value.kind):
                name = type(value).__name__
                raise ValueError(f"{name} is not a registered {self.group}; {self._kinds_in_words()}")
            return value
        expanded = self.expand(value)
        return None if expanded is None else self._classes[expanded["kind"]].model_validate(expanded)

    def _unknown_kind(self, kind: Any) -> str:
        near = difflib.get_close_matches(str(kind), self.kinds, n=1)
        meant = f"did you mean {near[0]}?" if near else self._kinds_in_words()
        return f"there is no {self.group} {kind!r}; {meant}"

    def _kinds_in_words(self) -> str:
        if not self.kinds:
            return "this release has none, leave it null"
        return f"expected one of {', '.join(self.kinds)}"


class InvalidFieldError(ValueError):
    """A field that does not fit: its dotted key, and the reason without the value.

    Attributes
    ----------
    key
        The dotted path of the field; empty for a rule over several fields.
    reason
        What is wrong, in one sentence without the final stop.
    unknown
        Whether there is no such field.

    """

    def __init__(self, key: str, reason: str, *, unknown: bool = False) -> None:
        self.key = key
        self.reason = reason
        self.unknown = unknown
        super().__init__(f"{key}: {reason}" if key else reason)

    @classmethod
    def of(cls, problem: ValidationError, prefix: str = "") -> Self:
        """Return the first problem that pydantic found, in the group ``prefix``."""
        first = problem.errors(include_url=False, include_input=False)[0]
        key = ".".join(str(part) for part in (*([prefix] if prefix else []), *first["loc"]))
        reason = first["msg"].removeprefix("Value error, ").removesuffix(".")
        return cls(key, reason, unknown=first["type"] == "extra_forbidden")


def validated(model: type[M], fields: Mapping[str, Any], groups: Mapping[str, Choices[Any]]) -> M:
    """Return a model of some fields.

    Parameters
    ----------
    model
        The class.
    fields
        Its fields; a choice may be in its short form.
    groups
        The choices among the fields, by dotted key. They are validated first, for a precise key in the error.

    Raises
    ------
    InvalidFieldError
        For the first field that does not fit.

    """
    for name, choices in groups.items():
        try:
            choices.parse(value_at(fields, name))
        except ValidationError as problem:
            raise InvalidFieldError.of(problem, name) from None
        except ValueError as problem:
            raise InvalidFieldError("", str(problem)) from None
    try:
        return model.model_validate(fields)
    except ValidationError as problem:
        raise InvalidFieldError.of(problem) from None


def value_at(fields: Mapping[str, Any], key: str) -> Any:
    """Return the value at a dotted key of nested groups, None if one of them is missing or is no mapping."""
    value: Any = fields
    for part in key.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def key_paths(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Yield the dotted path of every field; a group, which may be null, comes before its fields."""
    for name, field in model.model_fields.items():
        yield prefix + name
        is_optional = get_origin(field.annotation) in (Union, UnionType)
        for group in get_args(field.annotation) if is_optional else (field.annotation,):
            if isinstance(group, type) and issubclass(group, BaseModel):
                yield from key_paths(group, f"{prefix}{name}.")
