"""Sessions of browsers: random ids, kept in memory only, that end when they are not used."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

IDLE_SECONDS = 30 * 60
"""How long a session lasts without a request."""

MOST = 10_000
"""The most sessions at a time; beyond, the one that was idle longest ends."""


@dataclass(frozen=True)
class SignedIn:
    """Who is signed in.

    Attributes
    ----------
    coder
        The name under which acts are recorded.
    token_sha256
        The hash of the token that was shown; None if no token is needed.

    """

    coder: str
    token_sha256: str | None = None


class Sessions:
    """Those who are signed in.

    Only hashes of the ids are kept, so that what is in memory opens no session.

    Parameters
    ----------
    idle_seconds
        How long a session lasts without a request.
    clock
        Seconds that never go back.

    """

    def __init__(
        self, idle_seconds: float = IDLE_SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._idle = idle_seconds
        self._clock = clock
        # In the order of their last use.
        self._sessions: dict[bytes, tuple[SignedIn, float]] = {}

    def begin(self, who: SignedIn) -> str:
        """Begin a session; return its id, 256 random bits."""
        self._forget_idle()
        if len(self._sessions) >= MOST:
            del self._sessions[next(iter(self._sessions))]
        id_ = secrets.token_urlsafe(32)
        self._sessions[_hash(id_)] = who, self._clock()
        return id_

    def find(self, id_: str | None) -> SignedIn | None:
        """Return who has a session, and count this as a use of it; None if it does not exist or has ended."""
        if id_ is None:
            return None
        key = _hash(id_)
        who, used = self._sessions.pop(key, (None, 0.0))
        if who is None or self._clock() - used > self._idle:
            return None
        self._sessions[key] = who, self._clock()
        return who

    def end(self, id_: str | None) -> None:
        """End a session, if it exists."""
        if id_ is not None:
            self._sessions.pop(_hash(id_), None)

    def _forget_idle(self) -> None:
        oldest = self._clock() - self._idle
        while self._sessions and next(iter(self._sessions.values()))[1] < oldest:
            del self._sessions[next(iter(self._sessions))]


def _hash(id_: str) -> bytes:
    return hashlib.sha256(id_.encode("utf-8", "surrogatepass")).digest()
