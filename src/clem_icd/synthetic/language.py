"""Sentences and laboratory panels for the notes, read from ``language.yaml``."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from clem_icd.synthetic.phrases import Frame, Phrase, number, pick
from clem_icd.synthetic.vocabulary import Concept, read_data, vocabulary

__all__ = ["Analyte", "Language", "language"]

_FRAME_USES = (
    "hpi_acute", "hpi_status", "brief_hpi_acute", "sign", "course_acute", "course_chronic", "course_status",
    "course_procedure", "treated", "continued", "told", "denied_hpi", "denied_course", "denied_results",
    "denied_instructions", "denied_brief", "not_started", "resolved", "family",
)  # fmt: skip
_PHRASE_USES = (
    "presents", "family_none", "story", "social", "exam", "studies", "day", "follow", "neutral_meds",
    "disposition", "condition", "instructions", "transitional", "followup", "complaints_other",
)  # fmt: skip
_PATIENT_NOUNS = {"F": "{woman|female|lady|F}", "M": "{man|male|gentleman|M}"}


@dataclass(frozen=True, slots=True)
class Analyte:
    """A laboratory test with its normal range."""

    name: str
    low: float
    high: float
    decimals: int
    panel: str

    def normal(self, rng: Random) -> str:
        """Return a normal value as printed in a lab table, ``Na-138``."""
        return f"{self.name}-{number(rng, self.low, self.high, self.decimals)}"

    def flagged(self, rng: Random, low: float, high: float) -> str:
        """Return an abnormal value in ``[low, high]`` as printed in a lab table, ``Na-121*``."""
        return f"{self.name}-{number(rng, low, high, self.decimals)}*"


@dataclass(frozen=True, slots=True)
class Language:
    """Everything that notes are phrased with.

    Attributes
    ----------
    frames
        Sentences with a slot for a condition, by use.
    phrases
        Sentences that mention no condition, by use.
    openings, openings_bare
        First sentences by the patient's sex, with and without a slot for the medical history.
    headings, brief_headings
        Section headings of a full and a brief discharge summary.
    panels
        Analytes by the lab table they are printed in.
    heritable, imaged
        Conditions for a family history, and conditions that imaging can rule out.
    clusters
        Patient clusters with their share of the patients.
    services
        Wards by cluster.

    """

    frames: Mapping[str, tuple[Frame, ...]]
    phrases: Mapping[str, tuple[Phrase, ...]]
    openings: Mapping[str, tuple[Frame, ...]]
    openings_bare: Mapping[str, tuple[Phrase, ...]]
    headings: Mapping[str, str]
    brief_headings: Mapping[str, str]
    panels: Mapping[str, tuple[Analyte, ...]]
    analytes: Mapping[str, Analyte]
    heritable: tuple[Concept, ...]
    imaged: tuple[Concept, ...]
    clusters: tuple[tuple[str, float], ...]
    services: Mapping[str, tuple[str, ...]]

    def service(self, rng: Random, clusters: frozenset[str]) -> str:
        """Draw the ward for a patient of these clusters."""
        options = [ward for name, wards in self.services.items() if name in clusters for ward in wards]
        return pick(rng, options or ["MEDICINE"])


@functools.cache
def language() -> Language:
    """Read ``language.yaml``; cached."""
    data = read_data("language")
    analytes = {name: _analyte(name, *row) for name, row in data["labs"].items()}
    panels: dict[str, tuple[Analyte, ...]] = {}
    for analyte in analytes.values():
        panels[analyte.panel] = (*panels.get(analyte.panel, ()), analyte)
    by_code = {concept.code: concept for concept in vocabulary().conditions}
    return Language(
        frames={use: tuple(Frame(text) for text in data[use]) for use in _FRAME_USES},
        phrases={use: tuple(Phrase(text) for text in data[use]) for use in _PHRASE_USES},
        openings={
            sex: tuple(Frame(text.replace("{%}", who)) for text in data["opening"])
            for sex, who in _PATIENT_NOUNS.items()
        },
        openings_bare={
            sex: tuple(Phrase(text.replace("{%}", who)) for text in data["opening_bare"])
            for sex, who in _PATIENT_NOUNS.items()
        },
        headings=data["headings"],
        brief_headings=data["brief_headings"],
        panels=panels,
        analytes=analytes,
        imaged=tuple(by_code[code] for code in data["seen_on_imaging"]),
        heritable=tuple(by_code[code] for code in data["runs_in_families"]),
        clusters=tuple(data["clusters"].items()),
        services={name: tuple(wards) for name, wards in data["services"].items()},
    )


def _analyte(name: str, low: float, high: float, panel: str) -> Analyte:
    decimals = len(str(low).partition(".")[2])
    return Analyte(name, low, high, decimals, panel)
