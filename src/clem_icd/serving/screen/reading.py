"""Reading from the store for the screen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection

from clem_icd.serving.review import Review
from clem_icd.serving.screen.refusals import refusing
from clem_icd.serving.screen.state import state_of
from clem_icd.serving.store.reading import read_encounter


@contextmanager
def reading(review: Review) -> Iterator[Connection]:
    """Yield a connection that sees one state of the store; what it refuses is an error of the service."""
    with refusing(), review.store.reading() as connection:
        yield connection


def read_state(review: Review, encounter_id: str) -> dict[str, Any]:
    """Return the state of an encounter.

    Raises
    ------
    ServiceError
        If there is none of this id.

    """
    with reading(review) as connection:
        return state_of(read_encounter(connection, encounter_id))
