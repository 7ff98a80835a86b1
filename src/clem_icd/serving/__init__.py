"""The service: codes notes over HTTP, for many clients at once, with one model.

``app`` assembles the routes (``notes``, ``health``, ``fhir``) behind one ``envelope``, which gives every
request an id, security headers, a log line and, if it fails, one shape of error. The notes of all clients
wait in one queue (``batching``), and one thread scores them together. Notes are neither stored nor logged.
"""

from typing import TYPE_CHECKING

from clem_icd.lazy import lazy_names

if TYPE_CHECKING:
    from clem_icd.serving.app import create_app
    from clem_icd.serving.limits import Limits
    from clem_icd.serving.running import Address, serve
    from clem_icd.serving.security.tokens import SCOPES, create_token, read_tokens, revoke_token
    from clem_icd.serving.served import ServedModel
    from clem_icd.serving.service import Service

__all__ = [
    "SCOPES",
    "Address",
    "Limits",
    "ServedModel",
    "Service",
    "create_app",
    "create_token",
    "read_tokens",
    "revoke_token",
    "serve",
]

__getattr__ = lazy_names(
    __name__,
    {
        "SCOPES": "security.tokens",
        "Address": "running",
        "Limits": "limits",
        "ServedModel": "served",
        "Service": "service",
        "create_app": "app",
        "create_token": "security.tokens",
        "read_tokens": "security.tokens",
        "revoke_token": "security.tokens",
        "serve": "running",
    },
)
