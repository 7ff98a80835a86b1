"""Published results, from ``published.yaml``: each under the definition that it follows, or under none."""

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
    """A value as it was published, in percent.

    Attributes
    ----------
    text
        With its own digits.
    value
        The value; of two readings the first.
    sd
        The standard deviation, where there is one.
    other
        The second of two readings.

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
            raise ValueError(f"{text!r} is no value")
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
    """Whose result it is: authors, year and venue as far as known, and the title."""

    cite: str
    title: str


class EvidenceMetric(_Checked):
    """The definition of a metric of evidence, as a column."""

    title: str
    definition: str


class PublishedRow(_Checked):
    """What one work reports of one system on one dataset.

    Attributes
    ----------
    system
        The name that it goes by.
    work
        A key of `Published.works`.
    dataset
        Our name of the corpus's source, such as ``mimic3-full``, or one that no corpus of ours has.
    split
        The evaluated split.
    task
        ``codes``, or ``evidence``: which words of a note explain a code.
    labels
        The size of the label space, as far as it is stated.
    metrics
        By metric name: a definition of ``DEFINITIONS`` or of `Published.evidence_metrics`.
    unknown_definition
        By the name that it was published under; nothing says which definition that is.
    source
        Where it was read.
    confirmed
        How far it was checked.
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
    """All published rows with what they refer to."""

    works: dict[str, Work]
    footnotes: dict[str, str]
    evidence_metrics: dict[str, EvidenceMetric]
    rows: tuple[PublishedRow, ...]

    @model_validator(mode="after")
    def _every_reference_leads_somewhere(self) -> Self:
        for row in self.rows:
            if row.work not in self.works or not self.footnotes.keys() >= set(row.footnotes):
                raise ValueError(f"{row.system} refers to a work or a footnote that is not there")
            known = DEFINITIONS if row.task == "codes" else self.evidence_metrics
            if not known.keys() >= row.metrics.keys():
                raise ValueError(f"{row.system} has metrics without a definition")
            if (row.confirmed == "definition-not-stated") != (not row.metrics):
                raise ValueError(f"{row.system} must have metrics, or be of unknown definition")
        return self

    @property
    def datasets(self) -> tuple[str, ...]:
        """The datasets that there are rows of, in their order."""
        return tuple(dict.fromkeys(row.dataset for row in self.rows))

    def definition(self, name: str) -> Definition:
        """Return the definition of a metric of codes or of evidence."""
        if name in DEFINITIONS:
            return DEFINITIONS[name]
        metric = self.evidence_metrics[name]
        return Definition(metric.title, metric.definition, "evidence", "pairs of a note and a code", _SOURCE)


@cache
def published() -> Published:
    """Return the published results that this release knows."""
    text = files("clem_icd.reporting").joinpath("published.yaml").read_text(encoding="utf-8")
    # Nothing is turned into a number on the way, so that "60.0" keeps its digit.
    content: Any = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - makes text, lists and mappings only
    return Published.model_validate(content)
