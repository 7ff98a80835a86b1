"""The work list: which encounters wait, and for whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Integer, Select, and_, case, func, or_, select

from clem_icd.serving.store.tables import codes, encounters

Sort = Literal["oldest", "newest", "name", "most suggestions"]

MOST = 200
"""The most encounters on one page."""


@dataclass(frozen=True)
class Filter:
    """Which encounters are listed, and in which order.

    Attributes
    ----------
    status
        ``open``, ``submitted``, or None for both.
    assigned_to
        The coder; an empty text for encounters of nobody; None for all.
    search
        A part of the name, whatever its case.
    sort
        The order. Equal ones are in the order in which they came.

    """

    status: Literal["open", "submitted"] | None = "open"
    assigned_to: str | None = None
    search: str = ""
    sort: Sort = "oldest"


@dataclass(frozen=True)
class Listed:
    """A line of the work list.

    Attributes
    ----------
    id, name, status, assigned_to
        The encounter.
    created_at, changed_at
        When it came, and when it was changed last, in UTC.
    suggestions, decided, waiting
        The number of its codes, of those that the model decided, and of those among them that nobody has
        judged.

    """

    id: str
    name: str
    status: str
    assigned_to: str | None
    created_at: str
    changed_at: str
    suggestions: int
    decided: int
    waiting: int


@dataclass(frozen=True)
class Page:
    """A page of the work list, and the number of encounters on all pages."""

    rows: tuple[Listed, ...]
    total: int


def work_list(connection: Connection, which: Filter, *, offset: int = 0, limit: int = 50) -> Page:
    """Return a page of the work list."""
    total = connection.scalar(select(func.count()).select_from(encounters).where(_conditions(which))) or 0
    query = _listed().where(_conditions(which)).order_by(*_order(which.sort))
    rows = connection.execute(query.offset(offset).limit(min(limit, MOST)))
    return Page(tuple(Listed(**row._mapping) for row in rows), total)


def next_encounter(connection: Connection, which: Filter, after: str | None = None) -> str | None:
    """Return the encounter that follows another one in the work list, or the first one; None at the end."""
    ids = connection.scalars(
        select(encounters.c.id)
        .select_from(_joined())
        .where(_conditions(which))
        .group_by(encounters.c.id)
        .order_by(*_order(which.sort))
    ).all()
    if after in ids:
        later = ids[ids.index(after) + 1 :]
        return later[0] if later else None
    return ids[0] if ids else None


def _joined() -> Any:
    return encounters.outerjoin(codes, codes.c.encounter_id == encounters.c.id)


def _listed() -> Select[Any]:
    own = [encounters.c[name] for name in ("id", "name", "status", "assigned_to", "created_at", "changed_at")]
    return (
        select(
            *own,
            func.count(codes.c.code).label("suggestions"),
            _count(codes.c.decided).label("decided"),
            _count(and_(codes.c.decided, codes.c.verdict == "open")).label("waiting"),
        )
        .select_from(_joined())
        .group_by(*own)
    )


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0, type_=Integer)


def _conditions(which: Filter) -> ColumnElement[bool]:
    found: list[ColumnElement[bool]] = [encounters.c.id.is_not(None)]
    if which.status is not None:
        found.append(encounters.c.status == which.status)
    if which.assigned_to is not None:
        nobody = or_(encounters.c.assigned_to.is_(None), encounters.c.assigned_to == "")
        found.append(encounters.c.assigned_to == which.assigned_to if which.assigned_to else nobody)
    if which.search:
        found.append(func.lower(encounters.c.name).contains(which.search.lower(), autoescape=True))
    return and_(*found)


def _order(sort: Sort) -> tuple[Any, ...]:
    first: dict[str, Any] = {
        "oldest": encounters.c.created_at,
        "newest": encounters.c.created_at.desc(),
        "name": encounters.c.name,
        "most suggestions": func.count(codes.c.code).desc(),
    }
    return (first[sort], encounters.c.created_at, encounters.c.id)
