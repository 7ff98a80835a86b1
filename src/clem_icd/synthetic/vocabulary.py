"""What the synthetic hospital knows: conditions, procedures, and the official combinations of codes."""

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
    """A condition or procedure, and the ways it shows in a note (see ``conditions.yaml``).

    Attributes
    ----------
    code
        Its code in ``system``, dotted.
    kind
        ``acute``, ``chronic``, ``status`` or ``procedure``.
    group
        At most one member of a group is present in an admission.
    base, clusters, companions
        Its chance in any admission, in a patient of a cluster, and beside a code or group.
    forms, loose
        Names that say exactly this code, and names it shares with its siblings.

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
    def follows(self) -> bool:
        """Whether it never comes without one of its companions."""
        return not self.base and not self.clusters and bool(self.companions)


@dataclass(frozen=True, slots=True)
class Combination:
    """One code for a condition beside others, as the coding guidelines ask."""

    code: str
    companions: tuple[str, ...]
    becomes: str


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Everything curated."""

    conditions: tuple[Concept, ...]
    procedures: tuple[Concept, ...]
    combinations: tuple[Combination, ...]


@functools.cache
def vocabulary() -> Vocabulary:
    """Read the curated tables, once."""
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
    """Return the content of one of the YAML tables beside this module."""
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
