"""Refusing what a page of another site makes a browser send.

Browsers say where a request comes from: in Sec-Fetch-Site, which pages cannot set, or at least in Origin.
Programs send neither, and are admitted; they have no cookies that a page could misuse.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from clem_icd.serving.problems import ServiceError

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_SITE = frozenset({"same-origin", "none"})  # none: typed by the user, or a bookmark
_DEFAULT_PORTS = {"http": 80, "https": 443}

_REMEDY = "Send it from a page of the service itself, or from a program"


def check_origin(method: str, *, host: str | None, origin: str | None, fetch_site: str | None) -> None:
    """Refuse a request that may change something, if a browser sends it for another site.

    Parameters
    ----------
    method
        The method; safe ones are admitted.
    host, origin, fetch_site
        The headers Host, Origin and Sec-Fetch-Site; None if missing.

    Raises
    ------
    ServiceError
        If it comes from another site.

    """
    if method in _SAFE_METHODS:
        return
    if fetch_site is not None:
        if fetch_site not in _OWN_SITE:
            raise ServiceError("cross-origin", "the request comes from a page of another site", _REMEDY)
        return
    if origin is not None and not _is_same(origin, host):
        raise ServiceError("cross-origin", "the request comes from another origin", _REMEDY)


def _is_same(origin: str, host: str | None) -> bool:
    """Return whether an origin is at a host.

    The scheme is not compared: behind a proxy, the browser's is https and ours is http.
    """
    try:
        parts = urlsplit(origin)
        default = _DEFAULT_PORTS.get(parts.scheme)
        asked = urlsplit(f"//{host or ''}")
        return (
            default is not None
            and parts.hostname is not None
            and parts.hostname == asked.hostname
            and (parts.port or default) == (asked.port or default)
        )
    except ValueError:
        return False
