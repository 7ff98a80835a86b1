"""Rooms whose public names load only when they are used: importing torch takes seconds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazy_names(room: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """Return the ``__getattr__`` of a room (PEP 562).

    Parameters
    ----------
    room
        The ``__name__`` of the room's package.
    homes
        The module that defines each public name, relative to the room: ``{"Coder": "coder"}``.

    Raises
    ------
    AttributeError
        When the room has no such name.

    """

    def get(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {room!r} has no attribute {name!r}")
        return getattr(import_module(f"{room}.{homes[name]}"), name)

    return get
