"""Paired comparison of two systems on the same notes: by how much they differ, and whether by chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clem_icd.evaluation.judgement import Judgement
from clem_icd.evaluation.resampling import Groups, Progress
from clem_icd.evaluation.significance import Difference, compare_systems

__all__ = ["Pair"]


@dataclass(frozen=True)
class Pair:
    """A system compared with the first one.

    Attributes
    ----------
    first, other
        The names of the two systems.
    title
        The data that both were evaluated on.
    values
        The metrics of the first and of the other system (0 to 1), by name.
    differences
        The other system minus the first (0 to 1), by metric name.
    resamples
        The number of bootstrap resamples, and of random swaps.
    unit
        What was resampled and swapped: ``notes`` or ``subjects``.

    """

    first: str
    other: str
    title: str
    values: Mapping[str, tuple[float, float]]
    differences: Mapping[str, Difference]
    resamples: int
    unit: str

    @classmethod
    def of(
        cls,
        first: tuple[str, Judgement],
        other: tuple[str, Judgement],
        *,
        title: str,
        metrics: Sequence[str],
        resamples: int = 1000,
        groups: Groups | None = None,
        progress: Progress | None = None,
    ) -> Pair:
        """Compare two named judgements of the same notes.

        Raises
        ------
        ScoresError
            If their notes, labels or codes differ; the message names the difference.

        """
        mine, theirs = first[1].values(), other[1].values()
        found = compare_systems(other[1], first[1], resamples=resamples, groups=groups, progress=progress)
        names = [name for name in metrics if name in found]
        return cls(
            first=first[0],
            other=other[0],
            title=title,
            values={name: (float(mine[name][0]), float(theirs[name][0])) for name in names},
            differences={name: found[name] for name in names},
            resamples=resamples,
            unit="notes" if groups is None else "subjects",
        )
