"""matplotlib, loaded when something is drawn: importing it takes a third of a second."""

from __future__ import annotations

from typing import Any

from clem_icd.extras import optional

__all__ = ["matplotlib"]


def matplotlib(module: str = "") -> Any:
    """Return matplotlib, or one of its modules.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.

    """
    return optional(f"matplotlib.{module}" if module else "matplotlib", "Drawing figures")
