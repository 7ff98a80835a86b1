"""As many code rows as a whole MIMIC has, a few codes frequent and most of them rare."""

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
_MOST_DIAGNOSES, _MOST_PROCEDURES = 7_000, 2_000  # different ones of a version
_ZIPF_OFFSET = 8.0  # so that the most frequent diagnosis is in a sixth of the admissions
_SPREAD = 0.6  # of the logarithm of how many codes an admission has
_OLD_SYSTEMS = (CodeSystem.ICD9CM, CodeSystem.ICD9PCS)


@dataclass(frozen=True)
class Codes:
    """The codes of one system that the coders use, the most frequent first.

    Attributes
    ----------
    written
        As the files write them.
    titles
        Of each.
    weights
        Running sums of their frequencies, which fall as Zipf's.

    """

    icd_version: int
    written: list[bytes]
    titles: list[bytes]
    weights: list[float]

    @classmethod
    def of(cls, system: CodeSystem) -> Codes:
        """Return as many codes as MIMIC uses, in an order of our own."""
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
        """Return different codes."""
        drawn: dict[bytes, None] = {}
        while len(drawn) < count:
            drawn.update(
                dict.fromkeys(rng.choices(self.written, cum_weights=self.weights, k=count - len(drawn)))
            )
        return list(drawn)


def coded(versions: Sequence[int], total: int, systems: Iterable[Codes]) -> Iterator[tuple[int, int, bytes]]:
    """Give ``total`` codes, spread over admissions.

    Parameters
    ----------
    versions
        The ICD version of every admission.

    Yields
    ------
    tuple
        Which admission it is, the code's place in that, and the code as it is written.

    """
    rng = Random(_SEED)
    by_version = {codes.icd_version: codes for codes in systems}
    ends = [0.0, *itertools.accumulate(rng.lognormvariate(0, _SPREAD) for _ in versions)]
    for at, version in enumerate(versions):
        count = round(total * ends[at + 1] / ends[-1]) - round(total * ends[at] / ends[-1])
        for place, code in enumerate(by_version[version].draw(rng, count), start=1):
            yield at, place, code
