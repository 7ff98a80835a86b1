"""Two systems on the same notes: what one has more than the other, and whether chance explains it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clem_icd.evaluation.judgement import Judgement
from clem_icd.evaluation.resampling import Groups, Progress
from clem_icd.evaluation.significance import Difference, compare_systems

__all__ = ["Pair"]


@dataclass(frozen=True)
class Pair:
    """A system against the first one.

    Attributes
    ----------
    first, other
        What the two are called.
    title
        What both were evaluated on.
    values
        The metrics of the first and of the other, shares of 1, by name.
    differences
        What the other has more than the first, shares of 1, by name.
    resamples
        How often notes were drawn, and swapped.
    unit
        What was drawn and swapped: ``notes`` or ``subjects``.

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
        """Compare two judgements of the same notes, each with its name.

        Raises
        ------
        ScoresError
            If they are not of the same notes, labels and codes; the difference is named.

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
