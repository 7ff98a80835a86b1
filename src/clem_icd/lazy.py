"""Lazy public names of a package: they load on first use, because importing torch takes seconds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazy_names(room: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """Return the ``__getattr__`` of a package with lazy public names (PEP 562).

    Parameters
    ----------
    room
        The ``__name__`` of the package.
    homes
        The module that defines each public name, relative to the package: ``{"Coder": "coder"}``.

    Raises
    ------
    AttributeError
        By the returned function, if the package has no such name.

    """

    def get(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {room!r} has no attribute {name!r}")
        return getattr(import_module(f"{room}.{homes[name]}"), name)

    return get
