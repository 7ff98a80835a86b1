"""What ``/openapi.json`` says beyond the types of the routes: the bodies that they read, and errors."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from clem_icd.serving.problems import KINDS, ErrorBody

_ALWAYS = ("no-token", "unknown-token", "missing-scope", "unknown-host", "overloaded", "internal")
_GROUPS = {
    "read": (
        "malformed-json",
        "cross-origin",
        "slow-body",
        "body-too-large",
        "unsupported-media-type",
        "invalid-request",
    ),
    "code": ("not-ready", "tokens-unreadable", "deadline"),
}


def errors(*codes: str, body: dict[str, Any] | None = None) -> dict[int | str, dict[str, Any]]:
    """Return the errors of a route for its ``responses``.

    Parameters
    ----------
    codes
        Codes of `KINDS`; or ``read`` and ``code`` for those of every route that reads a body or codes notes.
    body
        The content of the responses; by default the one shape of errors as JSON.

    """
    found: dict[int, list[str]] = {}
    for group in (*_ALWAYS, *codes):
        for code in _GROUPS.get(group, (group,)):
            found.setdefault(KINDS[code].status, []).append(code)
    content = {"model": ErrorBody} if body is None else {"content": body}
    return {
        status: {"description": "Error: " + " or ".join(dict.fromkeys(names)), **content}
        for status, names in sorted(found.items())
    }


def json_body(model: Any, *media_types: str) -> dict[str, Any]:
    """Return the request body of a route that reads it itself, for its ``openapi_extra``.

    Parameters
    ----------
    model
        The type of the body, a model or a union of models.
    media_types
        Its media types; by default JSON.

    """
    schema = _inlined(TypeAdapter(model).json_schema())
    content = {media_type: {"schema": schema} for media_type in media_types or ("application/json",)}
    return {"requestBody": {"required": True, "content": content}}


def _inlined(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema without references, which FastAPI would not find."""
    definitions = schema.pop("$defs", {})

    def resolve(value: Any) -> Any:
        if isinstance(value, dict):
            if "$ref" in value:
                return resolve(definitions[value["$ref"].rpartition("/")[2]])
            return {key: resolve(inner) for key, inner in value.items()}
        return [resolve(inner) for inner in value] if isinstance(value, list) else value

    resolved: dict[str, Any] = resolve(schema)
    return resolved
