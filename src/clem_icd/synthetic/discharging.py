"""The second half of a discharge summary: what was found, what was done, and how the patient goes home."""

from __future__ import annotations

from clem_icd.synthetic.desk import Desk
from clem_icd.synthetic.hospital import Problem
from clem_icd.synthetic.labs import abnormal_labs, medication_list
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


def results(desk: Desk, out: Writer) -> None:
    """Write the abnormal values, then studies that show something and studies that do not."""
    abnormal_labs(desk.rng, out, desk.plan, brief=desk.brief)
    for problem in desk.plan.named["results"]:
        desk.tell(out, "sign", problem)
        out.end_line()
    if not desk.brief:
        for _ in range(max(1, desk.times(1.5))):
            desk.distractors.deny(out, "denied_results")
            out.end_line()
        for _ in range(desk.times(2.0)):
            out.add(desk.line("studies") + "\n")


def course(desk: Desk, out: Writer) -> None:
    """Write what was done about each problem, and what it turned out not to be."""
    named = {problem.code for problem in desk.plan.named["course"]}
    for problem in desk.admission.problems:
        if problem.code in named:
            desk.tell(out, f"course_{problem.concept.kind}", problem)
        elif problem.code not in desk.plan.signs and not desk.plan.given(problem):
            continue
        _management(desk, out, problem)
        out.add(desk.choose("\n", "\n", "" if desk.brief else "\n \n"))
    for _ in range(max(1, desk.times(2.0))):
        desk.distractors.deny(out, "denied_brief" if desk.brief else "denied_course")
    if desk.rng.random() < 0.3 * desk.richness:
        desk.distractors.decline(out)


def _management(desk: Desk, out: Writer, problem: Problem) -> None:
    if problem.code in desk.plan.signs:
        desk.tell(out, "sign", problem, desk.plan.signs[problem.code])
    for _ in range(desk.times(0.8)):
        out.add(desk.line("follow"))
    given, taken = desk.plan.given(problem), desk.plan.taken(problem)
    if given:
        desk.tell(out, "treated", problem, given)
    elif taken and desk.rng.random() < 0.5:
        desk.tell(out, "treated" if problem.concept.kind == "acute" else "continued", problem, taken)
    for _ in range(desk.times(1.2)):
        out.add(desk.line("follow"))


def home_medications(desk: Desk, out: Writer) -> None:
    """Write what the patient took before, which is what treats the lasting conditions."""
    _medications(desk, out, ("chronic", "status"))


def discharge_medications(desk: Desk, out: Writer) -> None:
    """Write what the patient goes home with."""
    _medications(desk, out, ("acute", "chronic", "status"))


def _medications(desk: Desk, out: Writer, kinds: tuple[str, ...]) -> None:
    telling = [
        (med, problem.code)
        for problem in desk.admission.problems
        if problem.concept.kind in kinds and (med := desk.plan.taken(problem))
    ]
    count = 0 if desk.brief else 1 + int(desk.rng.random() * 4)
    medication_list(desk.rng, out, telling, [desk.line("neutral_meds") for _ in range(count)])


def disposition(desk: Desk, out: Writer) -> None:
    """Write where the patient goes."""
    out.add(desk.line("disposition"))


def diagnosis(desk: Desk, out: Writer) -> None:
    """Write the diagnoses that the physician closes with."""
    shout = desk.rng.random() < 0.2
    headings = ["", ""]
    if not desk.brief:
        headings[0] = desk.choose("PRIMARY DIAGNOSIS:\n", "Primary:\n", "Primary diagnosis: ", "")
        headings[1] = desk.choose("SECONDARY DIAGNOSIS:\n", "Secondary:\n", "Secondary diagnoses:\n", "")
    for at, problem in enumerate(desk.plan.named["diagnosis"]):
        out.add(headings[at] if at < len(headings) else "")
        surface = desk.plan.surface(desk.rng, problem)
        out.mention(surface.upper() if shout else surface, problem.code)
        out.add("; " if desk.brief else "\n")
    if not len(out) and not desk.brief:
        out.add("as above")


def condition(desk: Desk, out: Writer) -> None:
    """Write how the patient leaves."""
    out.add(desk.line("condition"))


def instructions(desk: Desk, out: Writer) -> None:
    """Write the letter to the patient."""
    out.add(f"Dear {'Ms.' if desk.admission.sex == 'F' else 'Mr.'} ___,\n")
    if desk.admission.problems and desk.rng.random() < 0.5:
        desk.tell(out, "told", desk.admission.problems[0])
    desk.say(out, "instructions", 1 + desk.times(3.0))
    if desk.rng.random() < 0.3:
        desk.distractors.deny(out, "denied_instructions")


def followup(desk: Desk, out: Writer) -> None:
    """Write the appointments."""
    if desk.rng.random() < 0.5:
        desk.say(out, "transitional", 1 + desk.richness)
        out.end_line()
    desk.say(out, "followup")
