"""The second half of a discharge summary: results, hospital course and discharge."""

from __future__ import annotations

from clem_icd.synthetic.composer import Composer
from clem_icd.synthetic.hospital import Problem
from clem_icd.synthetic.labs_and_medications import abnormal_labs, medication_list
from clem_icd.synthetic.writer import Writer

__all__ = [
    "condition",
    "course",
    "diagnosis",
    "discharge_medications",
    "disposition",
    "followup",
    "home_medications",
    "instructions",
    "results",
]


def results(composer: Composer, out: Writer) -> None:
    """Write the abnormal laboratory values, then studies with and without findings."""
    abnormal_labs(composer.rng, out, composer.plan, brief=composer.brief)
    for problem in composer.plan.named["results"]:
        composer.describe(out, "sign", problem)
        out.end_line()
    if not composer.brief:
        for _ in range(max(1, composer.draw_count(1.5))):
            composer.distractors.mention_absent(out, "denied_results")
            out.end_line()
        for _ in range(composer.draw_count(2.0)):
            out.add(composer.next_sentence("studies") + "\n")


def course(composer: Composer, out: Writer) -> None:
    """Write the hospital course: the management of each problem, and what was ruled out."""
    named = {problem.code for problem in composer.plan.named["course"]}
    for problem in composer.admission.problems:
        if problem.code in named:
            composer.describe(out, f"course_{problem.concept.kind}", problem)
        elif problem.code not in composer.plan.signs and not composer.plan.inpatient_treatment(problem):
            continue
        _management(composer, out, problem)
        out.add(composer.choose("\n", "\n", "" if composer.brief else "\n \n"))
    for _ in range(max(1, composer.draw_count(2.0))):
        composer.distractors.mention_absent(out, "denied_brief" if composer.brief else "denied_course")
    if composer.rng.random() < 0.3 * composer.richness:
        composer.distractors.mention_declined_drug(out)


def _management(composer: Composer, out: Writer, problem: Problem) -> None:
    if problem.code in composer.plan.signs:
        composer.describe(out, "sign", problem, composer.plan.signs[problem.code])
    for _ in range(composer.draw_count(0.8)):
        out.add(composer.next_sentence("follow"))
    inpatient, listed = composer.plan.inpatient_treatment(problem), composer.plan.listed_medication(problem)
    if inpatient:
        composer.describe(out, "treated", problem, inpatient)
    elif listed and composer.rng.random() < 0.5:
        composer.describe(out, "treated" if problem.concept.kind == "acute" else "continued", problem, listed)
    for _ in range(composer.draw_count(1.2)):
        out.add(composer.next_sentence("follow"))


def home_medications(composer: Composer, out: Writer) -> None:
    """Write the medications on admission: those for chronic conditions and statuses."""
    _medications(composer, out, ("chronic", "status"))


def discharge_medications(composer: Composer, out: Writer) -> None:
    """Write the medications at discharge."""
    _medications(composer, out, ("acute", "chronic", "status"))


def _medications(composer: Composer, out: Writer, kinds: tuple[str, ...]) -> None:
    evidence = [
        (med, problem.code)
        for problem in composer.admission.problems
        if problem.concept.kind in kinds and (med := composer.plan.listed_medication(problem))
    ]
    count = 0 if composer.brief else 1 + int(composer.rng.random() * 4)
    medication_list(
        composer.rng, out, evidence, [composer.next_sentence("neutral_meds") for _ in range(count)]
    )


def disposition(composer: Composer, out: Writer) -> None:
    """Write the discharge disposition."""
    out.add(composer.next_sentence("disposition"))


def diagnosis(composer: Composer, out: Writer) -> None:
    """Write the discharge diagnoses."""
    in_capitals = composer.rng.random() < 0.2
    headings = ["", ""]
    if not composer.brief:
        headings[0] = composer.choose("PRIMARY DIAGNOSIS:\n", "Primary:\n", "Primary diagnosis: ", "")
        headings[1] = composer.choose("SECONDARY DIAGNOSIS:\n", "Secondary:\n", "Secondary diagnoses:\n", "")
    for at, problem in enumerate(composer.plan.named["diagnosis"]):
        out.add(headings[at] if at < len(headings) else "")
        surface = composer.plan.surface(composer.rng, problem)
        out.mention(surface.upper() if in_capitals else surface, problem.code)
        out.add("; " if composer.brief else "\n")
    if not len(out) and not composer.brief:
        out.add("as above")


def condition(composer: Composer, out: Writer) -> None:
    """Write the condition at discharge."""
    out.add(composer.next_sentence("condition"))


def instructions(composer: Composer, out: Writer) -> None:
    """Write the discharge instructions, a letter to the patient."""
    out.add(f"Dear {'Ms.' if composer.admission.sex == 'F' else 'Mr.'} ___,\n")
    if composer.admission.problems and composer.rng.random() < 0.5:
        composer.describe(out, "told", composer.admission.problems[0])
    composer.say(out, "instructions", 1 + composer.draw_count(3.0))
    if composer.rng.random() < 0.3:
        composer.distractors.mention_absent(out, "denied_instructions")


def followup(composer: Composer, out: Writer) -> None:
    """Write the follow-up appointments."""
    if composer.rng.random() < 0.5:
        composer.say(out, "transitional", 1 + composer.richness)
        out.end_line()
    composer.say(out, "followup")
