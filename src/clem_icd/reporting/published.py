"""Published results from ``published.yaml``, each under the definition that it follows, if that is known."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator

from clem_icd.evaluation.definitions import DEFINITIONS, Definition

__all__ = ["Published", "PublishedRow", "Reported", "published"]

_SOURCE = "as published"
_VALUE = re.compile(r"(-?\d+(?:\.\d+)?)(?: (±|or) (\d+(?:\.\d+)?))?")


class _Checked(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Reported(_Checked):
    """A value as published, in percent.

    Attributes
    ----------
    text
        The value with its published digits.
    value
        The value; the first if it was read in two ways.
    sd
        The standard deviation, if published.
    other
        The second value if it was read in two ways.

    """

    text: str
    value: float
    sd: float | None = None
    other: float | None = None

    @classmethod
    def parse(cls, text: str) -> Reported:
        """Read ``60.7``, ``60.7 ± 0.1`` or ``64.6 or 64.9``."""
        found = _VALUE.fullmatch(text)
        if found is None:
            raise ValueError(f"expected a value such as 60.7, '60.7 ± 0.1' or '64.6 or 64.9', got {text!r}")
        value, sign, second = found.groups()
        beside = None if second is None else float(second)
        return cls(
            text=text,
            value=float(value),
            sd=beside if sign == "±" else None,
            other=beside if sign == "or" else None,
        )


_Value = Annotated[Reported, BeforeValidator(lambda text: Reported.parse(text))]


class Work(_Checked):
    """A publication: authors, year and venue as far as known, and its title."""

    cite: str
    title: str


class EvidenceMetric(_Checked):
    """An evidence metric: the title of its column, and its definition."""

    title: str
    definition: str


class PublishedRow(_Checked):
    """The results of one system on one dataset, as one work reports them.

    Attributes
    ----------
    system
        The name of the system.
    work
        A key of `Published.works`.
    dataset
        The ``source`` of the matching corpus, such as ``mimic3-full``; any name if there is no such corpus.
    split
        The evaluated split.
    task
        ``codes``, or ``evidence`` (which words of a note explain a code).
    labels
        The size of the label space, if stated.
    metrics
        Values by metric name, from ``DEFINITIONS`` or `Published.evidence_metrics`.
    unknown_definition
        Values of unknown definition, by the names under which they were published.
    source
        Where the values were read.
    confirmed
        How thoroughly the values were checked.
    footnotes
        Keys of `Published.footnotes`.

    """

    system: str
    work: str
    dataset: str
    split: str
    task: Literal["codes", "evidence"]
    labels: str
    metrics: dict[str, _Value] = {}
    unknown_definition: dict[str, _Value] = {}
    source: str
    confirmed: Literal["read", "recomputed", "recalled", "definition-not-stated"]
    footnotes: tuple[str, ...] = ()


class Published(_Checked):
    """All published rows, and the works, footnotes and metrics that they refer to."""

    works: dict[str, Work]
    footnotes: dict[str, str]
    evidence_metrics: dict[str, EvidenceMetric]
    rows: tuple[PublishedRow, ...]

    @model_validator(mode="after")
    def _check_references(self) -> Self:
        for row in self.rows:
            if row.work not in self.works or not self.footnotes.keys() >= set(row.footnotes):
                raise ValueError(f"{row.system} refers to an unknown work or footnote")
            known = DEFINITIONS if row.task == "codes" else self.evidence_metrics
            if not known.keys() >= row.metrics.keys():
                raise ValueError(f"{row.system} has metrics without a definition")
            if (row.confirmed == "definition-not-stated") != (not row.metrics):
                raise ValueError(f"{row.system} must have metrics unless it is marked definition-not-stated")
        return self

    @property
    def datasets(self) -> tuple[str, ...]:
        """The datasets that have rows, in order of first occurrence."""
        return tuple(dict.fromkeys(row.dataset for row in self.rows))

    def definition(self, name: str) -> Definition:
        """Return the definition of a metric for codes or for evidence."""
        if name in DEFINITIONS:
            return DEFINITIONS[name]
        metric = self.evidence_metrics[name]
        return Definition(metric.title, metric.definition, "evidence", "pairs of a note and a code", _SOURCE)


@cache
def published() -> Published:
    """Return the published results shipped with this release."""
    text = files("clem_icd.reporting").joinpath("published.yaml").read_text(encoding="utf-8")
    # The base loader leaves numbers as text, so that "60.0" keeps its digit.
    content: Any = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - only creates text, lists and mappings
    return Published.model_validate(content)
