"""How often coders agree with the model, code by code."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from clem_icd.icd import Code, CodeSystem
from clem_icd.serving.store.tables import codes, encounters


@dataclass(frozen=True)
class CodeStatistics:
    """What became of the suggestions of one code in submitted encounters.

    Attributes
    ----------
    code, title
        The code.
    decided, accepted, rejected, replaced
        How often the model decided it, and what coders said of it then.
    promoted
        How often coders accepted it though the model had not decided it.
    added
        How often coders added it though the model had not even suggested it.
    reasons
        Why it was rejected, the most frequent reason first.

    """

    code: Code
    title: str | None
    decided: int
    accepted: int
    rejected: int
    replaced: int
    promoted: int
    added: int
    reasons: tuple[tuple[str, int], ...]

    @property
    def acceptance(self) -> float | None:
        """The share of the decided ones that was accepted; None if there are none."""
        return self.accepted / self.decided if self.decided else None

    @property
    def wrong(self) -> int:
        """How often the model was wrong: decided and not accepted, or missed."""
        return self.decided - self.accepted + self.promoted + self.added


def statistics(connection: Connection) -> list[CodeStatistics]:
    """Return the statistics of the codes of submitted encounters, the most often wrong ones first."""
    submitted = select(encounters.c.id).where(encounters.c.status == "submitted")
    rows = connection.execute(
        select(
            codes.c.system,
            codes.c.code,
            func.max(codes.c.title).label("title"),
            codes.c.decided,
            codes.c.probability.is_(None).label("added"),
            codes.c.verdict,
            codes.c.reason,
            func.count().label("times"),
        )
        .where(codes.c.encounter_id.in_(submitted))
        .group_by(
            codes.c.system,
            codes.c.code,
            codes.c.decided,
            codes.c.probability.is_(None),
            codes.c.verdict,
            codes.c.reason,
        )
    )
    counts: dict[Code, Counter[str]] = defaultdict(Counter)
    reasons: dict[Code, Counter[str]] = defaultdict(Counter)
    titles: dict[Code, str | None] = {}
    for row in rows:
        code = Code(row.code, CodeSystem(row.system))
        titles[code] = titles.get(code) or row.title
        if row.decided:
            counts[code]["decided"] += row.times
            counts[code][row.verdict] += row.times
        elif row.verdict == "accepted":
            counts[code]["added" if row.added else "promoted"] += row.times
        if row.reason:
            reasons[code][row.reason] += row.times
    found = [
        CodeStatistics(
            code,
            titles[code],
            **{
                name: own[name]
                for name in ("decided", "accepted", "rejected", "replaced", "promoted", "added")
            },
            reasons=tuple(reasons[code].most_common()),
        )
        for code, own in counts.items()
    ]
    return sorted(found, key=lambda one: (-one.wrong, one.code))
