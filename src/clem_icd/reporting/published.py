"""Published results from ``published.yaml``, each under the definition that it follows, if that is known.

A value whose publication leaves its definition open keeps its printed name and dataset; what other sources
show about it stands beside it, as `Understood`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Literal, Self, get_args

import yaml
from pydantic import BeforeValidator, Field, model_validator

from clem_icd.evaluation.definitions import DEFINITIONS, Definition
from clem_icd.evaluation.profiles import hint_of_metric
from clem_icd.fields import Fields
from clem_icd.reporting.understood import Footnote, Mark, Understood

__all__ = ["Published", "PublishedRow", "Reported", "published"]

_SOURCE = "as published"
_VALUE = re.compile(r"(-?\d+(?:\.\d+)?)(?: (±|or) (\d+(?:\.\d+)?))?")


class Reported(Fields):
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

# A plain text is a footnote without a mark.
_Footnote = Annotated[
    Footnote, BeforeValidator(lambda given: {"text": given} if isinstance(given, str) else given)
]


class Work(Fields):
    """A publication: authors, year and venue as far as known, and its title."""

    cite: str
    title: str


class EvidenceMetric(Fields):
    """An evidence metric: the title of its column, and its definition."""

    title: str
    definition: str


class PublishedRow(Fields):
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
    understood
        What the values of unknown definition are, if other sources show it; ``dataset`` and ``labels`` are
        then as printed.

    """

    system: str
    work: str
    dataset: str
    split: str
    task: Literal["codes", "evidence"]
    labels: str
    metrics: dict[str, _Value] = Field(default_factory=dict)
    unknown_definition: dict[str, _Value] = Field(default_factory=dict)
    source: str
    confirmed: Literal["read", "recomputed", "recalled", "definition-not-stated"]
    footnotes: tuple[str, ...] = ()
    understood: Understood | None = None

    @property
    def all_footnotes(self) -> tuple[str, ...]:
        """The footnotes of the row and of its understanding."""
        if self.understood is None:
            return self.footnotes
        return (*self.footnotes, *self.understood.grounds, *self.understood.footnotes)


class Published(Fields):
    """All published rows, and the works, footnotes and metrics that they refer to."""

    works: dict[str, Work]
    footnotes: dict[str, _Footnote]
    evidence_metrics: dict[str, EvidenceMetric]
    rows: tuple[PublishedRow, ...]

    @model_validator(mode="after")
    def _check_rows(self) -> Self:
        for row in self.rows:
            unknown = sorted({row.work} - self.works.keys() | {*row.all_footnotes} - self.footnotes.keys())
            if unknown:
                raise ValueError(f"{row.system} refers to an unknown work or footnote, {unknown[0]}")
            if not self._known_metrics(row).keys() >= row.metrics.keys():
                raise ValueError(f"{row.system} has metrics without a definition")
            if (row.confirmed == "definition-not-stated") != (not row.metrics):
                raise ValueError(f"{row.system} must have metrics unless it is marked definition-not-stated")
            if row.understood is not None:
                self._check_definitions(row, row.understood.definitions.metrics)
                self._check_grounds(row, row.understood.grounds)
        return self

    def _check_definitions(self, row: PublishedRow, names: Mapping[str, str]) -> None:
        """Refuse an understanding that does not give each printed value a definition of its own."""
        where = f"{row.system}, understood: the definitions"
        printed = row.unknown_definition
        if row.metrics or names.keys() != printed.keys():
            raise ValueError(
                f"{where} are for {', '.join(names) or 'nothing'}; expected one for each value of a row that "
                f"has only unknown_definition, here {', '.join(printed) or 'none'}"
            )
        unknown = [name for name in names.values() if name not in self._known_metrics(row)]
        if unknown:
            raise ValueError(f"{where} name an unknown metric, {unknown[0]}. {hint_of_metric(unknown[0])}")
        if len(set(names.values())) < len(names):
            raise ValueError(f"{where} name a metric twice; expected a different one for each value")

    def _check_grounds(self, row: PublishedRow, grounds: tuple[str, str]) -> None:
        for key in grounds:
            if self.footnotes[key].mark is None:
                raise ValueError(
                    f"{row.system}, understood: the grounds {key} are a footnote without a mark; add one of "
                    f"{', '.join(get_args(Mark))}"
                )

    def _known_metrics(self, row: PublishedRow) -> Mapping[str, object]:
        return DEFINITIONS if row.task == "codes" else self.evidence_metrics

    @property
    def datasets(self) -> tuple[str, ...]:
        """The datasets that have rows, in order of first occurrence, then those of rows as understood."""
        printed = [row.dataset for row in self.rows]
        understood = [row.understood.data.dataset for row in self.rows if row.understood is not None]
        return tuple(dict.fromkeys((*printed, *understood)))

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
