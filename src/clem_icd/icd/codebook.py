"""The titles of codes: the packages' own, and over them the user's."""

from __future__ import annotations

import functools
from collections.abc import Mapping

from clem_icd.icd.code import Code, normal_form
from clem_icd.icd.packaged import packaged_titles
from clem_icd.icd.systems import CodeSystem

__all__ = ["Codebook", "default_codebook"]


class Codebook:
    """The titles of codes, by code and code system.

    A code that the codebook does not know is still a code: it has no title, and that is all.

    Parameters
    ----------
    titles
        The user's own titles. They win over the packages', which are read for one system at a time, when a
        code of that system is first looked up.

    """

    def __init__(self, titles: Mapping[Code, str] | None = None) -> None:
        self._own = dict(titles or {})

    def title(self, code: str, system: CodeSystem) -> str | None:
        """Return the title of a code, written with its dot or without; None if there is none."""
        value = normal_form(code, system)
        own = self._own.get(Code(value, system))
        return packaged_titles(system).get(value) if own is None else own

    def is_known(self, code: str, system: CodeSystem) -> bool:
        """Tell whether the codebook has a title for a code."""
        return self.title(code, system) is not None

    def extended(self, rows: Mapping[Code, str]) -> Codebook:
        """Return a codebook that has these titles as well, and prefers them. This one stays as it is."""
        return Codebook({**self._own, **rows})


@functools.cache
def default_codebook() -> Codebook:
    """Return the codebook of the packages' titles alone."""
    return Codebook()
