"""The first half of a discharge summary: the patient, the admission and the history."""

from __future__ import annotations

from clem_icd.synthetic.composer import Composer
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


def allergies(composer: Composer, out: Writer) -> None:
    """Write the allergies on one line; a drug allergy is not evidence for what the drug treats."""
    for problem in composer.plan.named["allergies"]:
        out.add(" / " if len(out) else "")
        composer.name(out, problem)
    if not len(out) and composer.rng.random() < _DRUG_ALLERGY:
        composer.distractors.mention_drug_allergy(out)
    if not len(out):
        out.add(
            composer.choose("No Known Allergies / Adverse Drug Reactions", "NKDA", "No known drug allergies")
        )


def complaint(composer: Composer, out: Writer) -> None:
    """Write the chief complaint."""
    complaints = composer.admission.complaints
    text = pick(composer.rng, complaints) if complaints else composer.next_sentence("complaints_other")
    out.add(text.upper() if composer.rng.random() < 0.15 else text[:1].upper() + text[1:])


def procedures(composer: Composer, out: Writer) -> None:
    """Write the procedures, one per line."""
    for problem in composer.plan.named["procedure"]:
        composer.name(out, problem)
        out.add("\n")
    if not len(out) and not composer.brief:
        out.add(composer.choose("None", "none", "None.", "___"))


def present_illness(composer: Composer, out: Writer) -> None:
    """Write the history of present illness: the course, the findings, and what is denied."""
    _opening(composer, out)
    composer.say(out, "story", composer.draw_count(3.0))
    usual = "brief_hpi_acute" if composer.brief else "hpi_acute"
    for problem in composer.plan.named["hpi"]:
        composer.describe(out, "hpi_status" if problem.concept.kind == "status" else usual, problem)
        composer.say(out, "story", 0.25 * composer.richness)
        if problem.code in composer.plan.signs and composer.rng.random() < 0.6:
            composer.describe(out, "sign", problem, composer.plan.signs[problem.code])
    for _ in range(max(1, composer.draw_count(1.6))):
        composer.distractors.mention_absent(out, "denied_brief" if composer.brief else "denied_hpi")
    composer.say(out, "story", composer.draw_count(2.0))


def _opening(composer: Composer, out: Writer) -> None:
    rng, sex = composer.rng, composer.admission.sex
    chronic = [problem for problem in composer.plan.named["history"] if problem.concept.kind == "chronic"]
    chronic = chronic[: 1 + int(rng.random() * 3)] if not composer.brief and rng.random() < 0.7 else []
    if chronic:
        composer.fill_frame(out, pick(rng, composer.language.openings[sex]), chronic[0])
    else:
        out.add(pick(rng, composer.language.openings_bare[sex]).render(rng))
    for problem in chronic[1:]:
        out.add(", ")
        composer.name(out, problem)
    out.add(composer.next_sentence("presents"))
    complaints = composer.admission.complaints
    out.add(pick(rng, complaints) if complaints else composer.next_sentence("complaints_other"))
    out.add(". ")


def history(composer: Composer, out: Writer) -> None:
    """Write the past medical history, as a list or on one line."""
    as_list = not composer.brief and composer.rng.random() < 0.75
    bullet = composer.choose("- ", "", "# ", "* ", "-") if as_list else ""
    for problem in composer.plan.named["history"]:
        out.add(bullet if as_list else "; " if len(out) else "")
        composer.name(out, problem)
        out.add(" \n" if as_list else "")
    out.add(". " if len(out) and not as_list else "")
    if composer.rng.random() < 0.5:
        composer.distractors.mention_past(out, composer.admission.past)
    if not len(out) and not composer.brief:
        out.add(composer.choose("None", "Reviewed in OMR", "As above"))


def social(composer: Composer, out: Writer) -> None:
    """Write the social history."""
    for problem in composer.plan.named["social"]:
        composer.name(out, problem)
        out.add(". ")
    composer.say(out, "social", composer.draw_count(1.5))
    if not len(out) and not composer.brief:
        out.add("___")


def family(composer: Composer, out: Writer) -> None:
    """Write the family history, with conditions that the patient does not have."""
    if composer.rng.random() < (0.3 if composer.brief else 0.75):
        for _ in range(1 if composer.brief else 1 + int(composer.rng.random() * 3)):
            composer.distractors.mention_family(out)
    elif not composer.brief:
        out.add(composer.next_sentence("family_none"))


def exam(composer: Composer, out: Writer) -> None:
    """Write the physical examination."""
    if not composer.brief:
        out.add(composer.choose("ADMISSION EXAM:\n", "On admission:\n", "Admission PE\n", ""))
        for phrase in composer.language.phrases["exam"]:
            if composer.rng.random() < 0.75:
                out.add(phrase.render(composer.rng) + " \n")
    for problem in composer.plan.named["exam"]:
        composer.name(out, problem)
        out.add(" \n")
