"""Every error of the service has one shape: a code, what was found, what to do, and the request's id.

An error never repeats what the client sent: its input may be a note.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from pydantic import BaseModel, Field, ValidationError

from clem_icd.fields import InvalidFieldError


class Kind(NamedTuple):
    """What a code stands for: its HTTP status, and the ``code`` of a FHIR ``OperationOutcome``."""

    status: int
    issue: str


KINDS = {
    "bad-request": Kind(400, "invalid"),
    "malformed-json": Kind(400, "structure"),
    "no-token": Kind(401, "login"),
    "unknown-token": Kind(401, "login"),
    "no-session": Kind(401, "login"),
    "missing-scope": Kind(403, "forbidden"),
    "cross-origin": Kind(403, "forbidden"),
    "not-found": Kind(404, "not-found"),
    "method-not-allowed": Kind(405, "not-supported"),
    "conflict": Kind(409, "conflict"),
    "slow-body": Kind(408, "timeout"),
    "body-too-large": Kind(413, "too-long"),
    "unsupported-media-type": Kind(415, "not-supported"),
    "unknown-host": Kind(421, "security"),
    "invalid-request": Kind(422, "invalid"),
    "unreadable-note": Kind(422, "processing"),
    "overloaded": Kind(429, "throttled"),
    "locked-out": Kind(429, "throttled"),
    "internal": Kind(500, "exception"),
    "not-ready": Kind(503, "transient"),
    "tokens-unreadable": Kind(503, "exception"),
    "store-unavailable": Kind(503, "transient"),
    "deadline": Kind(504, "timeout"),
}
"""The codes of all errors."""


class ErrorFields(BaseModel):
    """What went wrong with a request, or with one of its notes."""

    code: str = Field(description="A stable name of the kind of error.")
    message: str = Field(description="What was found and expected; never a part of a note.")
    remedy: str | None = Field(description="What to do about it.")


class RequestErrorFields(ErrorFields):
    """What went wrong with a request."""

    request_id: str = Field(description="As in the header X-Request-ID and in the log.")


class ErrorBody(BaseModel):
    """The body of every response that is an error."""

    error: RequestErrorFields


class ServiceError(Exception):
    """A request that is refused.

    Parameters
    ----------
    code
        One of `KINDS`.
    message
        What was found and expected, as one sentence; never anything of the request's content.
    remedy
        What to do about it, as one sentence.
    headers
        Further headers of the response.

    """

    def __init__(
        self, code: str, message: str, remedy: str | None = None, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.remedy = remedy
        self.headers = headers or {}

    @property
    def kind(self) -> Kind:
        """The status of the response."""
        return KINDS[self.code]

    def as_json(self, request_id: str) -> dict[str, Any]:
        """Return the body of the response."""
        fields = RequestErrorFields(
            code=self.code, message=self.message, remedy=self.remedy, request_id=request_id
        )
        return ErrorBody(error=fields).model_dump()


INTERNAL = "internal"
"""The code of a defect."""

REPORT_IT = "Report it with the request id; the log names the kind of failure"


def internal_error() -> ServiceError:
    """Return a new error for a request that failed here: an exception keeps alive what raised it."""
    return ServiceError(INTERNAL, "the service failed", REPORT_IT)


class ClientGoneError(Exception):
    """The client closed the connection: nobody waits for an answer."""


def invalid_request(problem: ValidationError) -> ServiceError:
    """Return the problem of a body that does not fit its schema, without any of its content."""
    first = problem.errors(include_url=False, include_input=False, include_context=False)[0]
    if first["type"] == "json_invalid":
        # The parser's message quotes no text, but a position is all that helps.
        return ServiceError("malformed-json", "the body is not valid JSON", "Send one JSON object in UTF-8")
    if first["type"] == "extra_forbidden":
        # The name of an unknown field is content, too.
        place = ".".join(str(part) for part in first["loc"][:-1])
        found = f"{place or 'the body'} has an unknown field"
        return ServiceError("invalid-request", found, "Leave out what the reference does not list")
    return ServiceError(
        "invalid-request", str(InvalidFieldError.of(problem)), "Correct the field; /openapi.json describes it"
    )
