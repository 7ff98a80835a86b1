"""The readings of a published row: one as it stands, or two, as printed and as understood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from clem_icd.reporting.published import Published, PublishedRow, Reported
from clem_icd.reporting.understood import Mark, Understood

__all__ = ["Reading", "readings"]


@dataclass(frozen=True)
class Reading:
    """A published row, read in one way.

    Attributes
    ----------
    row
        The row.
    kind
        ``as printed`` or ``as understood``; empty if there is only one reading.
    dataset, labels
        The data of the values and the size of its label space, by this reading.
    origin
        How the row was confirmed; as understood, the weaker of its marks.
    metrics, unknown_definition
        Values by metric name, and those of unknown definition by printed name, by this reading.
    remarks
        Footnotes.

    """

    row: PublishedRow
    kind: Literal["", "as printed", "as understood"]
    dataset: str
    labels: str
    origin: str
    metrics: Mapping[str, Reported]
    unknown_definition: Mapping[str, Reported]
    remarks: tuple[str, ...]


def readings(published: Published) -> tuple[Reading, ...]:
    """Return every row as it stands or as printed, then those that are also understood in another way."""
    understood = [_as_understood(row, row.understood, published) for row in published.rows if row.understood]
    return (*(_as_it_stands(row, published) for row in published.rows), *understood)


def _as_it_stands(row: PublishedRow, published: Published) -> Reading:
    understood = row.understood
    return Reading(
        row=row,
        kind="" if understood is None else "as printed",
        dataset=row.dataset,
        labels=row.labels,
        origin=row.confirmed.replace("-", " "),
        metrics=row.metrics,
        unknown_definition=row.unknown_definition,
        remarks=(
            *_shown(published, row.footnotes),
            *(() if understood is None else _interpretation(row, understood, published)),
        ),
    )


def _as_understood(row: PublishedRow, understood: Understood, published: Published) -> Reading:
    return Reading(
        row=row,
        kind="as understood",
        dataset=understood.data.dataset,
        labels=understood.data.labels,
        origin=max(_marks(understood, published), key=get_args(Mark).index),
        metrics={
            name: row.unknown_definition[printed] for printed, name in understood.definitions.metrics.items()
        },
        unknown_definition={},
        remarks=(
            *_interpretation(row, understood, published),
            *_shown(published, understood.footnotes),
        ),
    )


def _interpretation(row: PublishedRow, understood: Understood, published: Published) -> tuple[str, ...]:
    """Return what both readings carry, so that neither is seen without the other."""
    data, definitions = _marks(understood, published)
    names = ", ".join(f"{printed} as {name}" for printed, name in understood.definitions.metrics.items())
    return (
        f"Printed for {row.dataset}, without definitions. Understood as {understood.data.dataset} [{data}], "
        f"and {names} [{definitions}].",
        *_shown(published, understood.grounds),
    )


def _marks(understood: Understood, published: Published) -> list[Mark]:
    """Return how firmly the data and the definitions stand; grounds without a mark have been refused."""
    return [mark for key in understood.grounds if (mark := published.footnotes[key].mark) is not None]


def _shown(published: Published, keys: Sequence[str]) -> tuple[str, ...]:
    return tuple(published.footnotes[key].shown for key in keys)
