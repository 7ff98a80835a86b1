"""From what the store refuses to the errors of the service, which hold nothing of an encounter."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from clem_icd.errors import ConflictError, InputError, NotFoundError, OutputError
from clem_icd.serving.problems import ServiceError


@contextmanager
def refusing() -> Iterator[None]:
    """Turn what the store refuses into errors of the service."""
    try:
        yield
    except ConflictError as problem:
        raise ServiceError("conflict", problem.found, problem.remedy) from None
    except NotFoundError:
        raise no_such_encounter() from None
    except InputError:
        # Its message may name codes.
        raise ServiceError(
            "invalid-request", "the fields do not fit each other or the encounter", "Reload the page"
        ) from None
    except OutputError:
        raise ServiceError(
            "store-unavailable",
            "the database cannot be read or written now; nothing was changed",
            "Try again; if it persists, tell those who run the service",
        ) from None


def no_such_encounter() -> ServiceError:
    """Return the error that an encounter, or its code, does not exist."""
    return ServiceError("not-found", "there is no such encounter or code", "Go back to the work list")
