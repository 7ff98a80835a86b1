"""Checking the name and the version of the format of a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clem_icd.errors import ClemError


def require_format(
    document: Mapping[str, Any],
    name: str,
    version: int | str,
    error: type[ClemError],
    path: Path,
    remedy: str,
) -> None:
    """Refuse a document of another format, or of another version of it.

    Parameters
    ----------
    document
        What the file holds, with the keys ``format`` and ``format_version``.
    name, version
        The format that is expected.
    error, path, remedy
        The class of the error, the file, and what the user can do.

    Raises
    ------
    ClemError
        Of the class ``error``.

    """
    found = document.get("format"), document.get("format_version")
    if found != (name, version):
        raise error(
            f"has format {found[0]!r} version {found[1]!r}, expected {name!r} version {version}",
            path=path,
            remedy=remedy,
        )
