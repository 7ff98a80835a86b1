"""Titles of codes: those of the installed packages, overridden by the user's."""

from __future__ import annotations

import functools
from collections.abc import Mapping

from clem_icd.icd.code import Code, normal_form
from clem_icd.icd.packaged import categories_above, packaged_categories, packaged_titles
from clem_icd.icd.systems import CodeSystem

__all__ = ["Codebook", "default_codebook"]


class Codebook:
    """Titles by code and code system.

    A code that the codebook does not know is still a code; it only has no title.

    Parameters
    ----------
    titles
        The user's titles, which take precedence over those of the installed packages. The latter are read
        per system, when a code of that system is first looked up.

    """

    def __init__(self, titles: Mapping[Code, str] | None = None) -> None:
        self._own = dict(titles or {})
        self._own_lists: dict[CodeSystem, frozenset[str]] = {}

    def title(self, code: str, system: CodeSystem) -> str | None:
        """Return the title of a code, given with or without its dot, or None."""
        value = normal_form(code, system)
        own = self._own.get(Code(value, system))
        return packaged_titles(system).get(value) if own is None else own

    def is_known(self, code: str, system: CodeSystem) -> bool:
        """Return whether the codebook has a title for a code."""
        return self.title(code, system) is not None

    def exists(self, code: str, system: CodeSystem) -> bool | None:
        """Return whether a code exists in its system, given with or without its dot.

        A code exists if it has a title, or if it is a category above codes that have one: the list of
        ICD-9-CM has ``250.00``, but neither ``250.0`` nor ``250``. The result is None if there is no list of
        the system's codes, as for CPT and ICD-10 without the user's titles.
        """
        value = normal_form(code, system)
        if self.is_known(value, system) or value in packaged_categories(system):
            return True
        own = self._own_list(system)
        return value in own if own or packaged_titles(system) else None

    def _own_list(self, system: CodeSystem) -> frozenset[str]:
        """Return the user's codes of a system and the categories above them; computed once."""
        if system not in self._own_lists:
            codes = [code.value for code in self._own if code.system is system]
            self._own_lists[system] = categories_above(codes, system).union(codes)
        return self._own_lists[system]

    def extended(self, rows: Mapping[Code, str]) -> Codebook:
        """Return a copy with these titles added; they take precedence."""
        return Codebook({**self._own, **rows})


@functools.cache
def default_codebook() -> Codebook:
    """Return the codebook with only the titles of the installed packages."""
    return Codebook()
