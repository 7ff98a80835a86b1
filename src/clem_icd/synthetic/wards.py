"""The notes of a stay other than its discharge summary: short, and seldom about its codes."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any

from clem_icd.synthetic.chart import Document
from clem_icd.synthetic.desk import Desk
from clem_icd.synthetic.distractors import Distractors
from clem_icd.synthetic.hospital import Admission
from clem_icd.synthetic.language import language
from clem_icd.synthetic.note import BANNER
from clem_icd.synthetic.phrases import Frame, Phrase, pick
from clem_icd.synthetic.plan import Plan
from clem_icd.synthetic.vocabulary import read_data
from clem_icd.synthetic.writer import Writer

__all__ = ["WardNote", "draw_kinds", "ward_note", "ward_notes"]

_SENTENCES = 4
_DENIED = 0.3  # of the notes deny something


@dataclass(frozen=True, slots=True)
class WardNote:
    """A kind of note (see ``wards.yaml``).

    Attributes
    ----------
    named
        How many conditions it names on average.
    says
        The uses of the neutral sentences in it.

    """

    category: str
    share: float
    timed: bool
    named: float
    descriptions: tuple[str, ...]
    heads: tuple[Phrase, ...]
    says: tuple[str, ...]
    about: tuple[Frame, ...]


@functools.cache
def ward_notes() -> Mapping[str, WardNote]:
    """Return every kind of note by its category, read once."""
    return {row["category"]: _kind(row) for row in read_data("wards")}


def draw_kinds(rng: Random, mean: float) -> list[WardNote]:
    """Return the kinds of the notes of one stay, ``mean`` of them on average."""
    kinds = list(ward_notes().values())
    shares = list(itertools.accumulate(kind.share for kind in kinds))
    # Stays differ much in how long they are, and a long one has many notes.
    count = min(math.ceil(10 * mean), int(-mean * math.log(1.0 - rng.random()) + rng.random()))
    return rng.choices(kinds, cum_weights=shares, k=count)


def ward_note(admission: Admission, kind: WardNote, number: int) -> Document:
    """Write the ``number``-th note of a stay."""
    rng = Random(f"{admission.seed}/ward/{number}")
    desk = Desk(rng, admission, Plan(), language(), Distractors(rng, admission, ()), brief=True, richness=1.0)
    out = Writer()
    out.add(f"{BANNER}\n{pick(rng, kind.heads).render(rng)}\n")
    _write_body(desk, out, kind)
    hours = (admission.discharged - admission.admitted) // timedelta(hours=1)
    return Document(
        category=kind.category,
        description=pick(rng, kind.descriptions),
        text=out.text(),
        evidence=tuple(one for one in out.mentions if one.sense == "evidence"),
        charted=admission.admitted + timedelta(hours=int(rng.random() * hours)),
        timed=kind.timed,
    )


def _write_body(desk: Desk, out: Writer, kind: WardNote) -> None:
    count = int(kind.named * (0.5 + desk.rng.random()) + desk.rng.random())
    problems = desk.admission.problems
    for problem in desk.rng.sample(problems, min(count, len(problems))):
        desk.within(out, pick(desk.rng, kind.about), problem)
        if kind.says:
            desk.say(out, pick(desk.rng, kind.says))
        out.end_line()
    for _ in range(desk.times(_SENTENCES) if kind.says else 0):
        desk.say(out, pick(desk.rng, kind.says))
        out.end_line()
    if desk.rng.random() < _DENIED:
        desk.distractors.deny(out, "denied_brief")


def _kind(row: Mapping[str, Any]) -> WardNote:
    fields = dict(row)
    fields["heads"] = tuple(Phrase(text) for text in row["heads"])
    fields["about"] = tuple(Frame(text) for text in row["about"])
    for name in ("descriptions", "says"):
        fields[name] = tuple(row[name])
    return WardNote(**fields)
