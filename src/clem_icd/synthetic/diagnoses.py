"""The conditions of a patient in one stay, and the procedures they lead to."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from random import Random

from clem_icd.synthetic.long_tail import draw_rare
from clem_icd.synthetic.vocabulary import Concept, vocabulary

__all__ = ["draw_concepts", "draw_procedures"]

_RARE_SHARE = 0.22  # share of an admission's conditions that come from the long tail
_RARE_REASON = 0.1  # share of the admissions whose reason comes from the long tail
_NEW_LATER = 0.3  # probability of a new chronic condition in a later stay, relative to the first stay
_KNOWN_AGAIN = 0.85  # probability that a known chronic condition is coded again
_IN_CLUSTER = 4.0  # how much more often a patient is admitted for a condition typical of a cluster of theirs


def draw_concepts(
    rng: Random, clusters: frozenset[str], sex: str, chronic: list[Concept], count: int
) -> list[Concept]:
    """Draw about ``count`` conditions, the reason for admission first.

    Parameters
    ----------
    clusters
        Groups of related conditions that the patient is prone to.
    sex
        ``F`` or ``M``.
    chronic
        Chronic conditions known from earlier stays.
    count
        Number of conditions the admission should have.

    """
    reason = _draw_reason(rng, clusters, sex)
    present = {reason.group: reason}
    for concept in chronic:
        if rng.random() < _KNOWN_AGAIN:
            present.setdefault(concept.group, concept)
    _draw_common(rng, clusters, sex, present, known=bool(chronic))
    rare = sum(rng.random() < _RARE_SHARE for _ in range(count))
    common = _cut_to(rng, list(present.values()), count - rare)
    return _with_rare(rng, sex, common, max(rare, (rare + count - len(common)) // 2))


def draw_procedures(rng: Random, concepts: list[Concept]) -> list[Concept]:
    """Draw the procedures that these conditions lead to."""
    names = _names(concepts)
    done: dict[str, Concept] = {}
    for procedure in vocabulary().procedures:
        if procedure.group not in done and rng.random() < _chance(procedure, frozenset(), names):
            done[procedure.group] = procedure
            names |= {procedure.code}
    return list(done.values())


def _draw_reason(rng: Random, clusters: frozenset[str], sex: str) -> Concept:
    if rng.random() < _RARE_REASON:
        for _ in range(20):
            concept = draw_rare(rng)
            if concept.kind != "status" and concept.sex in (None, sex):
                return concept
    candidates = _possible_reasons()
    weights = [
        concept.reason * (_IN_CLUSTER if any(name in clusters for name, _ in concept.clusters) else 1.0)
        for concept in candidates
    ]
    return rng.choices(candidates, weights)[0]


@functools.cache
def _possible_reasons() -> tuple[Concept, ...]:
    return tuple(
        concept for concept in vocabulary().conditions if concept.reason and not concept.needs_companion
    )


def _draw_common(
    rng: Random, clusters: frozenset[str], sex: str, present: dict[str, Concept], *, known: bool
) -> None:
    names = _names(present.values())
    for concept in vocabulary().conditions:
        if concept.group in present or concept.sex not in (None, sex):
            continue
        chance = _chance(concept, clusters, names)
        if known and concept.kind == "chronic":
            chance *= _NEW_LATER
        if rng.random() < chance:
            present[concept.group] = concept
            names |= {concept.code, concept.group}


def _names(concepts: Iterable[Concept]) -> set[str]:
    return {name for concept in concepts for name in (concept.code, concept.group)}


def _chance(concept: Concept, clusters: frozenset[str], names: set[str]) -> float:
    without = 1.0 - concept.base
    for name, chance in concept.clusters:
        if name in clusters:
            without *= 1.0 - chance
    for name, chance in concept.companions:
        if name in names:
            without *= 1.0 - chance
    return 1.0 - without


def _cut_to(rng: Random, concepts: list[Concept], count: int) -> list[Concept]:
    reason, others = concepts[0], concepts[1:]
    rng.shuffle(others)
    kept = [reason, *others[: max(1, count - 1)]]
    names = _names(kept)
    return [
        concept
        for concept in kept
        if concept is reason
        or not concept.needs_companion
        or any(name in names for name, _ in concept.companions)
    ]


def _with_rare(rng: Random, sex: str, concepts: list[Concept], count: int) -> list[Concept]:
    taken = {concept.group for concept in concepts} | {concept.code.partition(".")[0] for concept in concepts}
    added: list[Concept] = []
    for _ in range(count * 3):
        concept = draw_rare(rng)
        if len(added) < count and concept.group not in taken and concept.sex in (None, sex):
            added.append(concept)
            taken.add(concept.group)
    return [*concepts, *added]
