"""The curated vocabulary: conditions, procedures, and the combination codes of the coding guidelines."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import yaml

from clem_icd.icd import CodeSystem, category
from clem_icd.synthetic.phrases import Phrase

__all__ = ["Combination", "Concept", "Vocabulary", "read_data", "vocabulary"]

Chances = tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Concept:
    """A condition or procedure and the traces it can leave in a note (see ``conditions.yaml``).

    Attributes
    ----------
    code
        Code in ``system``, dotted.
    kind
        ``acute``, ``chronic``, ``status`` or ``procedure``.
    group
        An admission has at most one concept of a group.
    base, clusters, companions
        Probability of the concept in any admission, in a patient of a cluster, and next to another code or
        group.
    forms, loose
        Names specific to this code, and names shared with sibling codes.
    alone
        Kinds of traces (``meds``, ``labs``, ``signs``) that can stand in for the name.
    places
        Sections that name the concept; empty for the default of its kind.
    reason
        Weight as the reason for admission.

    """

    code: str
    system: CodeSystem
    kind: str
    group: str
    forms: tuple[Phrase, ...]
    loose: tuple[Phrase, ...] = ()
    meds: tuple[Phrase, ...] = ()
    labs: Mapping[str, tuple[float, float]] | None = None
    signs: tuple[Phrase, ...] = ()
    alone: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    base: float = 0.0
    clusters: Chances = ()
    companions: Chances = ()
    reason: float = 0.0
    complaints: tuple[str, ...] = ()
    sex: str | None = None
    icd9: str | None = None

    @property
    def needs_companion(self) -> bool:
        """Whether the concept occurs only together with one of its companions."""
        return not self.base and not self.clusters and bool(self.companions)


@dataclass(frozen=True, slots=True)
class Combination:
    """A rule of the coding guidelines: next to all ``companions``, ``code`` is coded as ``becomes``."""

    code: str
    companions: tuple[str, ...]
    becomes: str


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """All curated concepts and rules."""

    conditions: tuple[Concept, ...]
    procedures: tuple[Concept, ...]
    combinations: tuple[Combination, ...]


@functools.cache
def vocabulary() -> Vocabulary:
    """Read the curated tables; cached."""
    return Vocabulary(
        conditions=tuple(_concept(row, CodeSystem.ICD10CM) for row in read_data("conditions")),
        procedures=tuple(
            _concept(row | {"kind": "procedure"}, CodeSystem.ICD10PCS) for row in read_data("procedures")
        ),
        combinations=tuple(
            Combination(row["code"], tuple(row["with"]), row["becomes"]) for row in read_data("combinations")
        ),
    )


def read_data(name: str) -> Any:
    """Return the content of a YAML table in this package."""
    return yaml.safe_load(files(__package__).joinpath(f"{name}.yaml").read_text(encoding="utf-8"))


def _concept(row: Mapping[str, Any], system: CodeSystem) -> Concept:
    fields = dict(row)
    code = fields["code"]
    for name in ("forms", "loose", "meds", "signs"):
        fields[name] = tuple(Phrase(text) for text in fields.get(name, ()))
    for name in ("alone", "places", "complaints"):
        fields[name] = tuple(fields.get(name, ()))
    fields["system"] = system
    fields.setdefault("group", code if fields["kind"] == "procedure" else category(code, system))
    fields["clusters"] = tuple(fields.pop("in", {}).items())
    fields["companions"] = tuple(fields.pop("with", {}).items())
    return Concept(**fields)
