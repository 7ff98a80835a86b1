"""The discharge summary of a synthetic admission."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from clem_icd.synthetic import closing_sections, opening_sections
from clem_icd.synthetic.composer import Composer, Section
from clem_icd.synthetic.distractors import Distractors
from clem_icd.synthetic.hospital import Admission
from clem_icd.synthetic.labs_and_medications import normal_labs
from clem_icd.synthetic.language import language
from clem_icd.synthetic.opening_sections import allergies
from clem_icd.synthetic.phrases import pick
from clem_icd.synthetic.plan import plan_note
from clem_icd.synthetic.writer import Mention, Writer, wrap_lines

__all__ = ["BANNER", "Note", "write_note"]

BANNER = "*** SYNTHETIC NOTE - generated text, no patient ***"

_BRIEF_BELOW = 380  # words
_USUAL_LENGTH = 1400  # words
_WIDTHS = (None, 72, 76, 80)
_HEAD_WORDS = {True: 18, False: 62}  # words in the header and the headings of a brief and of a full note
_TYPO_RATE = 1 / 350  # per word
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
    "complaint": opening_sections.complaint,
    "procedure": opening_sections.procedures,
    "hpi": opening_sections.present_illness,
    "history": opening_sections.history,
    "social": opening_sections.social,
    "family": opening_sections.family,
    "exam": opening_sections.exam,
    "results": closing_sections.results,
    "course": closing_sections.course,
    "home_meds": closing_sections.home_medications,
    "meds": closing_sections.discharge_medications,
    "disposition": closing_sections.disposition,
    "diagnosis": closing_sections.diagnosis,
    "condition": closing_sections.condition,
    "instructions": closing_sections.instructions,
    "followup": closing_sections.followup,
}
_LEFT_OUT_IF_BRIEF = {"complaint", "home_meds", "disposition", "condition", "instructions", "followup"}
BRIEF_SECTIONS = {name: write for name, write in FULL_SECTIONS.items() if name not in _LEFT_OUT_IF_BRIEF}


@dataclass(frozen=True, slots=True)
class Note:
    """A note with its mentions of conditions.

    Attributes
    ----------
    evidence
        Mentions of the admission's codes; every code has at least one.
    distractors
        Mentions of conditions that the patient does not have, or no longer has.

    """

    text: str
    evidence: tuple[Mention, ...]
    distractors: tuple[Mention, ...]


def write_note(admission: Admission) -> Note:
    """Write the discharge summary of an admission, about ``admission.words`` words long."""
    rng = Random(admission.seed)
    brief = admission.words < _BRIEF_BELOW
    plan = plan_note(rng, admission, brief=brief)
    composer = Composer(
        rng=rng,
        admission=admission,
        plan=plan,
        language=language(),
        distractors=Distractors(rng, admission, plan.meds.values()),
        brief=brief,
        richness=min(1.6, admission.words / _USUAL_LENGTH),
    )
    whole = _assemble(composer)
    text = _with_typos(rng, whole)
    width = pick(rng, _WIDTHS)
    if width is not None:
        text = wrap_lines(text, whole.mentions, width)
    return Note(
        text=text,
        evidence=tuple(mention for mention in whole.mentions if mention.sense == "evidence"),
        distractors=tuple(mention for mention in whole.mentions if mention.sense != "evidence"),
    )


def _assemble(composer: Composer) -> Writer:
    writers: dict[str, Writer] = {}
    for name, section in (BRIEF_SECTIONS if composer.brief else FULL_SECTIONS).items():
        writers[name] = Writer()
        section(composer, writers[name])
    _fill(composer, writers)
    headings = composer.language.brief_headings if composer.brief else composer.language.headings
    whole = Writer()
    _head(composer, whole)
    for name, writer in writers.items():
        if len(writer):
            writer.end_line()
            whole.add(headings[name] + (" " if composer.brief else "\n"))
            whole.extend(writer)
            whole.add("" if composer.brief else " \n")
    return whole


def _head(composer: Composer, out: Writer) -> None:
    admission = composer.admission
    if composer.brief:
        out.add(f"{BANNER}\nName: ___ Sex: {admission.sex} Service: {admission.service} Allergies: ")
    else:
        out.add(
            f"{BANNER}\n \nName:  ___                     Unit No:   ___\n \n"
            "Admission Date:  ___              Discharge Date:   ___\n \n"
            f"Date of Birth:  ___             Sex:   {admission.sex}\n \n"
            f"Service: {admission.service}\n \nAllergies: \n"
        )
    known = Writer()
    allergies(composer, known)
    out.extend(known)
    out.add("\n" if composer.brief else "\n \nAttending: ___.\n \n")


def _fill(composer: Composer, writers: dict[str, Writer]) -> None:
    """Add routine text to the sections until the note has its target length."""
    fillers = _BRIEF_FILLERS if composer.brief else _FULL_FILLERS
    missing = (
        composer.admission.words - _HEAD_WORDS[composer.brief] - sum(map(_count_words, writers.values()))
    )
    while missing > 0:
        section, use = pick(composer.rng, fillers)
        piece = Writer()
        if use == "labs":
            normal_labs(composer.rng, piece, composer.plan)
        elif composer.rng.random() < _DENIED_AMONG_FILLERS:
            composer.distractors.mention_absent(piece, f"denied_{'brief' if composer.brief else section}")
        else:
            piece.add(composer.next_sentence(use))
        if section == "results" or (use == "day" and composer.rng.random() < 0.25):
            piece.end_line()
        writers[section].extend(piece)
        missing -= _count_words(piece)


def _count_words(writer: Writer) -> int:
    return len(writer.text().split())


def _with_typos(rng: Random, whole: Writer) -> str:
    """Return the text with occasional pairs of letters swapped, outside all mentions."""
    letters = list(whole.text())
    protected = bytearray(len(letters))
    for mention in whole.mentions:
        protected[mention.begin : mention.end] = b"\1" * (mention.end - mention.begin)
    for _ in range(int(len(letters) / 6 * _TYPO_RATE * rng.random() * 2)):
        at = len(BANNER) + int(rng.random() * (len(letters) - len(BANNER) - 1))
        if not (protected[at] or protected[at + 1]) and letters[at].islower() and letters[at + 1].islower():
            letters[at], letters[at + 1] = letters[at + 1], letters[at]
    return "".join(letters)
