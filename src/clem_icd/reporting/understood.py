"""What a printed result is, as far as its sources show it, and how firmly each statement stands."""

from __future__ import annotations

from typing import Literal

from clem_icd.fields import Fields

__all__ = ["Footnote", "Mark", "Understood"]

Mark = Literal["read", "measured", "inferred"]
"""How firmly a statement stands: read in its source, measured on it, or inferred from both; firmest first."""


class Footnote(Fields):
    """A footnote, and how firmly it stands; the grounds of an understanding must say so."""

    text: str
    mark: Mark | None = None

    @property
    def shown(self) -> str:
        """The text, followed by its mark."""
        return self.text if self.mark is None else f"{self.text} [{self.mark}]"


class UnderstoodData(Fields):
    """The dataset, the size of its label space, and the footnote with the grounds."""

    dataset: str
    labels: str
    grounds: str


class UnderstoodDefinitions(Fields):
    """Metric names by the names under which values were printed, and the footnote with the grounds."""

    metrics: dict[str, str]
    grounds: str


class Understood(Fields):
    """The data and the definitions of a printed result.

    A statement has the mark of its grounds, so that it cannot be firmer than they are.

    Attributes
    ----------
    data
        The dataset that the values were computed on.
    definitions
        The definitions that they follow.
    footnotes
        Further footnotes of the result as understood.

    """

    data: UnderstoodData
    definitions: UnderstoodDefinitions
    footnotes: tuple[str, ...] = ()

    @property
    def grounds(self) -> tuple[str, str]:
        """The footnotes that the data and the definitions rest on."""
        return self.data.grounds, self.definitions.grounds
