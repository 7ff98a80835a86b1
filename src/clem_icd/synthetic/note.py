"""The discharge summary of a synthetic admission."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from clem_icd.synthetic import admitting, discharging
from clem_icd.synthetic.admitting import allergies
from clem_icd.synthetic.desk import Desk, Section
from clem_icd.synthetic.distractors import Distractors
from clem_icd.synthetic.hospital import Admission
from clem_icd.synthetic.labs import normal_labs
from clem_icd.synthetic.language import language
from clem_icd.synthetic.phrases import pick
from clem_icd.synthetic.plan import plan_note
from clem_icd.synthetic.writer import Mention, Writer, wrapped

__all__ = ["BANNER", "Note", "write_note"]

BANNER = "*** SYNTHETIC NOTE - generated text, no patient ***"

_BRIEF_BELOW = 380  # words
_USUAL_LENGTH = 1400  # words
_WIDTHS = (None, 72, 76, 80)
_HEAD_WORDS = {True: 18, False: 62}  # of the head and the headings, by whether the note is brief
_TYPO_RATE = 1 / 350  # of the words
_FULL_FILLERS = (
    ("results", "labs"),
    ("results", "labs"),
    ("results", "studies"),
    ("course", "day"),
    ("course", "day"),
    ("course", "day"),
)
_BRIEF_FILLERS = (("course", "follow"), ("course", "day"))
_DENIED_AMONG_FILLERS = 0.04

FULL_SECTIONS: dict[str, Section] = {
    "complaint": admitting.complaint,
    "procedure": admitting.procedures,
    "hpi": admitting.present_illness,
    "history": admitting.history,
    "social": admitting.social,
    "family": admitting.family,
    "exam": admitting.exam,
    "results": discharging.results,
    "course": discharging.course,
    "home_meds": discharging.home_medications,
    "meds": discharging.discharge_medications,
    "disposition": discharging.disposition,
    "diagnosis": discharging.diagnosis,
    "condition": discharging.condition,
    "instructions": discharging.instructions,
    "followup": discharging.followup,
}
_LEFT_OUT_IF_BRIEF = {"complaint", "home_meds", "disposition", "condition", "instructions", "followup"}
BRIEF_SECTIONS = {name: write for name, write in FULL_SECTIONS.items() if name not in _LEFT_OUT_IF_BRIEF}


@dataclass(frozen=True, slots=True)
class Note:
    """A note and what is written where in it.

    Attributes
    ----------
    evidence
        The traces of the admission's codes; every code has one.
    distractors
        The mentions of conditions that the patient does not have, or not any more.

    """

    text: str
    evidence: tuple[Mention, ...]
    distractors: tuple[Mention, ...]


def write_note(admission: Admission) -> Note:
    """Write the discharge summary of an admission, about ``admission.words`` long."""
    rng = Random(admission.seed)
    brief = admission.words < _BRIEF_BELOW
    plan = plan_note(rng, admission, brief=brief)
    desk = Desk(
        rng=rng,
        admission=admission,
        plan=plan,
        language=language(),
        distractors=Distractors(rng, admission, plan.meds.values()),
        brief=brief,
        richness=min(1.6, admission.words / _USUAL_LENGTH),
    )
    whole = _assembled(desk)
    text = _mistyped(rng, whole)
    width = pick(rng, _WIDTHS)
    if width is not None:
        text = wrapped(text, whole.mentions, width)
    return Note(
        text=text,
        evidence=tuple(one for one in whole.mentions if one.sense == "evidence"),
        distractors=tuple(one for one in whole.mentions if one.sense != "evidence"),
    )


def _assembled(desk: Desk) -> Writer:
    writers: dict[str, Writer] = {}
    for name, section in (BRIEF_SECTIONS if desk.brief else FULL_SECTIONS).items():
        writers[name] = Writer()
        section(desk, writers[name])
    _fill(desk, writers)
    headings = desk.language.brief_headings if desk.brief else desk.language.headings
    whole = Writer()
    _head(desk, whole)
    for name, writer in writers.items():
        if len(writer):
            writer.end_line()
            whole.add(headings[name] + (" " if desk.brief else "\n"))
            whole.extend(writer)
            whole.add("" if desk.brief else " \n")
    return whole


def _head(desk: Desk, out: Writer) -> None:
    admission = desk.admission
    if desk.brief:
        out.add(f"{BANNER}\nName: ___ Sex: {admission.sex} Service: {admission.service} Allergies: ")
    else:
        out.add(
            f"{BANNER}\n \nName:  ___                     Unit No:   ___\n \n"
            "Admission Date:  ___              Discharge Date:   ___\n \n"
            f"Date of Birth:  ___             Sex:   {admission.sex}\n \n"
            f"Service: {admission.service}\n \nAllergies: \n"
        )
    known = Writer()
    allergies(desk, known)
    out.extend(known)
    out.add("\n" if desk.brief else "\n \nAttending: ___.\n \n")


def _fill(desk: Desk, writers: dict[str, Writer]) -> None:
    """Lengthen the sections by what every stay brings, until the note is as long as its physician writes."""
    fillers = _BRIEF_FILLERS if desk.brief else _FULL_FILLERS
    missing = desk.admission.words - _HEAD_WORDS[desk.brief] - sum(map(_count_words, writers.values()))
    while missing > 0:
        section, use = pick(desk.rng, fillers)
        piece = Writer()
        if use == "labs":
            normal_labs(desk.rng, piece, desk.plan)
        elif desk.rng.random() < _DENIED_AMONG_FILLERS:
            desk.distractors.deny(piece, f"denied_{'brief' if desk.brief else section}")
        else:
            piece.add(desk.line(use))
        if section == "results" or (use == "day" and desk.rng.random() < 0.25):
            piece.end_line()
        writers[section].extend(piece)
        missing -= _count_words(piece)


def _count_words(writer: Writer) -> int:
    return len(writer.text().split())


def _mistyped(rng: Random, whole: Writer) -> str:
    """Return the text with two letters exchanged here and there, outside every mention."""
    letters = list(whole.text())
    protected = bytearray(len(letters))
    for one in whole.mentions:
        protected[one.begin : one.end] = b"\1" * (one.end - one.begin)
    for _ in range(int(len(letters) / 6 * _TYPO_RATE * rng.random() * 2)):
        at = len(BANNER) + int(rng.random() * (len(letters) - len(BANNER) - 1))
        if not (protected[at] or protected[at + 1]) and letters[at].islower() and letters[at + 1].islower():
            letters[at], letters[at + 1] = letters[at + 1], letters[at]
    return "".join(letters)
