"""The first half of a discharge summary: who comes, why, and what is known of the patient."""

from __future__ import annotations

from clem_icd.synthetic.desk import Desk
from clem_icd.synthetic.phrases import pick
from clem_icd.synthetic.writer import Writer

__all__ = [
    "allergies",
    "complaint",
    "exam",
    "family",
    "history",
    "present_illness",
    "procedures",
    "social",
]

_DRUG_ALLERGY = 0.12


def allergies(desk: Desk, out: Writer) -> None:
    """Write the allergies on one line; an allergy to a drug says nothing of what the drug is for."""
    for problem in desk.plan.named["allergies"]:
        out.add(" / " if len(out) else "")
        desk.name(out, problem)
    if not len(out) and desk.rng.random() < _DRUG_ALLERGY:
        desk.distractors.allergy(out)
    if not len(out):
        out.add(desk.choose("No Known Allergies / Adverse Drug Reactions", "NKDA", "No known drug allergies"))


def complaint(desk: Desk, out: Writer) -> None:
    """Write the symptom that brought the patient in."""
    complaints = desk.admission.complaints
    text = pick(desk.rng, complaints) if complaints else desk.line("complaints_other")
    out.add(text.upper() if desk.rng.random() < 0.15 else text[:1].upper() + text[1:])


def procedures(desk: Desk, out: Writer) -> None:
    """Write what was done, one a line."""
    for problem in desk.plan.named["procedure"]:
        desk.name(out, problem)
        out.add("\n")
    if not len(out) and not desk.brief:
        out.add(desk.choose("None", "none", "None.", "___"))


def present_illness(desk: Desk, out: Writer) -> None:
    """Write how the patient came in: the story, the findings, and what is denied."""
    _opening(desk, out)
    desk.say(out, "story", desk.times(3.0))
    usual = "brief_hpi_acute" if desk.brief else "hpi_acute"
    for problem in desk.plan.named["hpi"]:
        desk.tell(out, "hpi_status" if problem.concept.kind == "status" else usual, problem)
        desk.say(out, "story", 0.25 * desk.richness)
        if problem.code in desk.plan.signs and desk.rng.random() < 0.6:
            desk.tell(out, "sign", problem, desk.plan.signs[problem.code])
    for _ in range(max(1, desk.times(1.6))):
        desk.distractors.deny(out, "denied_brief" if desk.brief else "denied_hpi")
    desk.say(out, "story", desk.times(2.0))


def _opening(desk: Desk, out: Writer) -> None:
    rng, sex = desk.rng, desk.admission.sex
    told = [problem for problem in desk.plan.named["history"] if problem.concept.kind == "chronic"]
    told = told[: 1 + int(rng.random() * 3)] if not desk.brief and rng.random() < 0.7 else []
    if told:
        desk.within(out, pick(rng, desk.language.openings[sex]), told[0])
    else:
        out.add(pick(rng, desk.language.openings_bare[sex]).render(rng))
    for problem in told[1:]:
        out.add(", ")
        desk.name(out, problem)
    out.add(desk.line("presents"))
    complaints = desk.admission.complaints
    out.add(pick(rng, complaints) if complaints else desk.line("complaints_other"))
    out.add(". ")


def history(desk: Desk, out: Writer) -> None:
    """Write the past medical history, as a list or on one line."""
    as_list = not desk.brief and desk.rng.random() < 0.75
    bullet = desk.choose("- ", "", "# ", "* ", "-") if as_list else ""
    for problem in desk.plan.named["history"]:
        out.add(bullet if as_list else "; " if len(out) else "")
        desk.name(out, problem)
        out.add(" \n" if as_list else "")
    out.add(". " if len(out) and not as_list else "")
    if desk.rng.random() < 0.5:
        desk.distractors.recall(out, desk.admission.past)
    if not len(out) and not desk.brief:
        out.add(desk.choose("None", "Reviewed in OMR", "As above"))


def social(desk: Desk, out: Writer) -> None:
    """Write how the patient lives."""
    for problem in desk.plan.named["social"]:
        desk.name(out, problem)
        out.add(". ")
    desk.say(out, "social", desk.times(1.5))
    if not len(out) and not desk.brief:
        out.add("___")


def family(desk: Desk, out: Writer) -> None:
    """Write what the relatives have, which the patient has not."""
    if desk.rng.random() < (0.3 if desk.brief else 0.75):
        for _ in range(1 if desk.brief else 1 + int(desk.rng.random() * 3)):
            desk.distractors.blame_family(out)
    elif not desk.brief:
        out.add(desk.line("family_none"))


def exam(desk: Desk, out: Writer) -> None:
    """Write what was seen at the bedside."""
    if not desk.brief:
        out.add(desk.choose("ADMISSION EXAM:\n", "On admission:\n", "Admission PE\n", ""))
        for phrase in desk.language.phrases["exam"]:
            if desk.rng.random() < 0.75:
                out.add(phrase.render(desk.rng) + " \n")
    for problem in desk.plan.named["exam"]:
        desk.name(out, problem)
        out.add(" \n")
