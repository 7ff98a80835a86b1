"""Slowing down those who guess: after some failures, an address has to wait."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from clem_icd.serving.problems import ServiceError

FAILURES = 5
"""So many failures within `WINDOW_SECONDS` lock an address."""

WINDOW_SECONDS = 15 * 60
"""How long a failure counts."""

_MOST = 10_000


class LockOut:
    """Failures to sign in, by address.

    Parameters
    ----------
    clock
        Seconds that never go back.

    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: dict[str, deque[float]] = {}

    def check(self, address: str) -> None:
        """Refuse an address that has failed too often.

        Raises
        ------
        ServiceError
            If it has to wait.

        """
        failures = self._failures.get(address)
        if failures is None or len(failures) < FAILURES:
            return
        left = failures[0] + WINDOW_SECONDS - self._clock()
        if left > 0:
            raise ServiceError(
                "locked-out",
                f"signing in has failed {FAILURES} times from this address",
                "Try again in a quarter of an hour",
                {"Retry-After": str(int(left) + 1)},
            )
        del self._failures[address]

    def fail(self, address: str) -> None:
        """Count a failure."""
        if len(self._failures) >= _MOST and address not in self._failures:
            del self._failures[next(iter(self._failures))]
        self._failures.setdefault(address, deque(maxlen=FAILURES)).append(self._clock())

    def succeed(self, address: str) -> None:
        """Forget the failures of an address."""
        self._failures.pop(address, None)
