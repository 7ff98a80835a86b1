"""Under which names the service may be addressed.

A page on the internet can point its own domain name at 127.0.0.1, and then read whatever a service on this
machine answers (DNS rebinding). Its requests carry that name in their Host header, and are refused here.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection

from clem_icd.serving.problems import ServiceError

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def allowed_hosts(bound: str, further: Collection[str]) -> frozenset[str] | None:
    """Return the names that a Host header may have; None if any.

    Parameters
    ----------
    bound
        The address that the service listens on.
    further
        Names under which a proxy forwards requests.

    """
    names = {name.lower() for name in further}
    if is_loopback(bound):
        return _LOOPBACK | names | {bound}
    return frozenset(names | {bound}) if names else None


def name_in(host: str) -> str:
    """Return the name in a Host header, in lower case and without port and brackets."""
    name = host.strip().lower()
    if name.startswith("["):
        return name[1:].partition("]")[0]
    return name.partition(":")[0]


def check_host(host: str | None, allowed: frozenset[str] | None) -> None:
    """Refuse a request for another host.

    Raises
    ------
    ServiceError
        If the header is missing or names none of the hosts.

    """
    if allowed is not None and (host is None or name_in(host) not in allowed):
        raise ServiceError(
            "unknown-host",
            "the Host header names another host",
            "Use the address that the service printed, or start it with --allowed-host NAME",
        )
