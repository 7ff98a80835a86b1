"""Lab tables and medication lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from random import Random

from clem_icd.icd import Code
from clem_icd.synthetic.language import Analyte, language
from clem_icd.synthetic.plan import AbnormalValue, Plan
from clem_icd.synthetic.writer import Writer

__all__ = ["abnormal_labs", "medication_list", "normal_labs"]

_PANELS = ("count", "chemistry", "minerals", "liver")
# Analytes left out next to an abnormal one, whose value they could contradict.
_SILENCED = {"Hgb": ("RBC",), "HCO3": ("AnGap",)}


def abnormal_labs(rng: Random, out: Writer, plan: Plan, *, brief: bool) -> None:
    """Write the first lab tables: every abnormal value of the plan, among normal ones unless brief."""
    for panel, analytes in language().panels.items():
        if any(analyte.name in plan.labs for analyte in analytes):
            bare = brief or panel == "other"
            _table(rng, out, _printed(analytes, plan.labs, bare=bare), plan.labs)


def normal_labs(rng: Random, out: Writer, plan: Plan) -> None:
    """Write a lab table from later in the stay: only persistent abnormal values are still abnormal."""
    panel = _PANELS[int(rng.random() ** 1.5 * len(_PANELS))]
    lasting = {name: value for name, value in plan.labs.items() if value.lasting}
    _table(rng, out, _printed(language().panels[panel], lasting, bare=False), lasting)


def medication_list(
    rng: Random, out: Writer, evidence: Iterable[tuple[str, Code]], neutral: Iterable[str]
) -> None:
    """Write a numbered list of medications: those that show a code, and neutral ones, shuffled."""
    lines: list[tuple[str, Code | None]] = [*evidence, *((med, None) for med in neutral)]
    rng.shuffle(lines)
    for at, (surface, code) in enumerate(lines, start=1):
        out.add(f"{at}. ")
        if code is None:
            out.add(surface)
        else:
            out.mention(surface, code)
        out.add(" \n")


def _printed(
    analytes: tuple[Analyte, ...], abnormal: Mapping[str, AbnormalValue], *, bare: bool
) -> list[Analyte]:
    silenced = {other for name in abnormal for other in _SILENCED.get(name, ())}
    return [a for a in analytes if a.name in abnormal or not (bare or a.name in silenced)]


def _table(rng: Random, out: Writer, analytes: list[Analyte], abnormal: Mapping[str, AbnormalValue]) -> None:
    out.add(f"___ {4 + int(rng.random() * 8):02}:{int(rng.random() * 60):02}AM BLOOD")
    for analyte in analytes:
        out.add(" ")
        value = abnormal.get(analyte.name)
        if value is None:
            out.add(analyte.normal(rng))
        else:
            out.mention(analyte.flagged(rng, value.low, value.high), value.code)
    out.add("\n")
