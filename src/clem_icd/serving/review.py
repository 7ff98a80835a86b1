"""What the routes of the review share: the store, and who is signed in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from clem_icd.icd import SEARCHED_SYSTEMS, find_codes
from clem_icd.icd.packaged import packaged_titles
from clem_icd.serving.security.lockout import LockOut
from clem_icd.serving.security.sessions import IDLE_SECONDS, Sessions
from clem_icd.serving.security.sign_on import SignOn

if TYPE_CHECKING:
    from clem_icd.serving.store.database import Store


class Review:
    """A review.

    Parameters
    ----------
    store
        The encounters and what is decided on them.
    sign_on
        The proxy that says who asks; None if coders sign in here.
    idle_seconds
        How long a session lasts without a request.
    proxied_hosts
        The names under which a proxy with TLS forwards requests: cookies are for encrypted connections then.

    """

    def __init__(
        self,
        store: Store,
        *,
        sign_on: SignOn | None = None,
        idle_seconds: float = IDLE_SECONDS,
        proxied_hosts: frozenset[str] = frozenset(),
    ) -> None:
        self.store = store
        self.sign_on = sign_on
        self.sessions = Sessions(idle_seconds)
        self.lock_out = LockOut()
        self.proxied_hosts = proxied_hosts

    def preparations(self) -> Iterator[Callable[[], object]]:
        """Yield what loads the tables of codes, each in about a second."""
        for system in SEARCHED_SYSTEMS:
            yield partial(packaged_titles, system)
            yield partial(find_codes, "prepared", system)
