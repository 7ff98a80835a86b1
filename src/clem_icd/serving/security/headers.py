"""The headers of every response."""

from __future__ import annotations

SECURITY_HEADERS = {
    # Nothing of a response may be run, loaded or framed, even if a browser takes it for a page.
    "Content-Security-Policy": (
        "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    # A suggestion is about a patient: no browser or proxy may keep it.
    "Cache-Control": "no-store",
}
"""The same for all; a page with scripts of its own has to replace the first."""
