"""Code rows for synthetic trees of MIMIC's real size: few frequent codes and many rare ones."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

from clem_icd.icd import CodeSystem, undot
from clem_icd.icd.packaged import packaged_titles

DIAGNOSES = (CodeSystem.ICD9CM, CodeSystem.ICD10CM)
PROCEDURES = (CodeSystem.ICD9PCS, CodeSystem.ICD10PCS)

_SEED = 1
_MOST_DIAGNOSES, _MOST_PROCEDURES = 7_000, 2_000  # distinct codes per ICD version
_ZIPF_OFFSET = 8.0  # gives the most frequent diagnosis to one admission in six
_SPREAD = 0.6  # standard deviation of log(codes per admission)
_OLD_SYSTEMS = (CodeSystem.ICD9CM, CodeSystem.ICD9PCS)


@dataclass(frozen=True)
class Codes:
    """The codes of one system that are in use, most frequent first.

    Attributes
    ----------
    written
        Codes as written in the files.
    titles
        Title of each code.
    weights
        Cumulative Zipf frequencies.

    """

    icd_version: int
    written: list[bytes]
    titles: list[bytes]
    weights: list[float]

    @classmethod
    def of(cls, system: CodeSystem) -> Codes:
        """Return as many codes as MIMIC uses, in random order."""
        known = packaged_titles(system)
        count = min(len(known), _MOST_DIAGNOSES if system in DIAGNOSES else _MOST_PROCEDURES)
        chosen = Random(_SEED).sample(sorted(known), count)
        return cls(
            icd_version=9 if system in _OLD_SYSTEMS else 10,
            written=[undot(code).encode() for code in chosen],
            titles=[known[code].replace('"', "'").encode() for code in chosen],
            weights=list(itertools.accumulate(1 / (rank + _ZIPF_OFFSET) for rank in range(count))),
        )

    def draw(self, rng: Random, count: int) -> list[bytes]:
        """Draw distinct codes."""
        drawn: dict[bytes, None] = {}
        while len(drawn) < count:
            drawn.update(
                dict.fromkeys(rng.choices(self.written, cum_weights=self.weights, k=count - len(drawn)))
            )
        return list(drawn)


def coded(versions: Sequence[int], total: int, systems: Iterable[Codes]) -> Iterator[tuple[int, int, bytes]]:
    """Distribute ``total`` codes over the admissions.

    Parameters
    ----------
    versions
        The ICD version of each admission.

    Yields
    ------
    tuple
        The index of the admission, the sequence number of the code in it, and the code as written.

    """
    rng = Random(_SEED)
    by_version = {codes.icd_version: codes for codes in systems}
    ends = [0.0, *itertools.accumulate(rng.lognormvariate(0, _SPREAD) for _ in versions)]
    for at, version in enumerate(versions):
        count = round(total * ends[at + 1] / ends[-1]) - round(total * ends[at] / ends[-1])
        for place, code in enumerate(by_version[version].draw(rng, count), start=1):
            yield at, place, code
