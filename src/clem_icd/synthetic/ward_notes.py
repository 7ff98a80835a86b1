"""Notes of a stay other than its discharge summary: short, with few mentions of its codes."""

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
from clem_icd.synthetic.composer import Composer
from clem_icd.synthetic.distractors import Distractors
from clem_icd.synthetic.hospital import Admission
from clem_icd.synthetic.language import language
from clem_icd.synthetic.note import BANNER
from clem_icd.synthetic.phrases import Frame, Phrase, pick
from clem_icd.synthetic.plan import Plan
from clem_icd.synthetic.vocabulary import read_data
from clem_icd.synthetic.writer import Writer

__all__ = ["NoteKind", "draw_kinds", "note_kinds", "write_ward_note"]

_SENTENCES = 4
_DENIED = 0.3  # share of the notes that deny a condition


@dataclass(frozen=True, slots=True)
class NoteKind:
    """A kind of ward note (see ``ward_notes.yaml``).

    Attributes
    ----------
    share
        Share of the ward notes.
    timed
        Whether the time of day is recorded.
    named
        Mean number of conditions it names.
    says
        Uses of the sentences without conditions.
    about
        Sentences about a condition.

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
def note_kinds() -> Mapping[str, NoteKind]:
    """Return the kinds of ward notes by category; cached."""
    return {row["category"]: _kind(row) for row in read_data("ward_notes")}


def draw_kinds(rng: Random, mean: float) -> list[NoteKind]:
    """Draw the kinds of one stay's ward notes, ``mean`` of them on average."""
    kinds = list(note_kinds().values())
    shares = list(itertools.accumulate(kind.share for kind in kinds))
    # The number of notes varies as widely as the length of stay: exponentially distributed.
    count = min(math.ceil(10 * mean), int(-mean * math.log(1.0 - rng.random()) + rng.random()))
    return rng.choices(kinds, cum_weights=shares, k=count)


def write_ward_note(admission: Admission, kind: NoteKind, number: int) -> Document:
    """Write the ``number``-th note of a stay."""
    rng = Random(f"{admission.seed}/ward/{number}")
    composer = Composer(
        rng, admission, Plan(), language(), Distractors(rng, admission, ()), brief=True, richness=1.0
    )
    out = Writer()
    out.add(f"{BANNER}\n{pick(rng, kind.heads).render(rng)}\n")
    _write_body(composer, out, kind)
    hours = (admission.discharged - admission.admitted) // timedelta(hours=1)
    return Document(
        category=kind.category,
        description=pick(rng, kind.descriptions),
        text=out.text(),
        evidence=tuple(mention for mention in out.mentions if mention.sense == "evidence"),
        charted=admission.admitted + timedelta(hours=int(rng.random() * hours)),
        timed=kind.timed,
    )


def _write_body(composer: Composer, out: Writer, kind: NoteKind) -> None:
    count = int(kind.named * (0.5 + composer.rng.random()) + composer.rng.random())
    problems = composer.admission.problems
    for problem in composer.rng.sample(problems, min(count, len(problems))):
        composer.fill_frame(out, pick(composer.rng, kind.about), problem)
        if kind.says:
            composer.say(out, pick(composer.rng, kind.says))
        out.end_line()
    for _ in range(composer.draw_count(_SENTENCES) if kind.says else 0):
        composer.say(out, pick(composer.rng, kind.says))
        out.end_line()
    if composer.rng.random() < _DENIED:
        composer.distractors.mention_absent(out, "denied_brief")


def _kind(row: Mapping[str, Any]) -> NoteKind:
    fields = dict(row)
    fields["heads"] = tuple(Phrase(text) for text in row["heads"])
    fields["about"] = tuple(Frame(text) for text in row["about"])
    for name in ("descriptions", "says"):
        fields[name] = tuple(row[name])
    return NoteKind(**fields)
