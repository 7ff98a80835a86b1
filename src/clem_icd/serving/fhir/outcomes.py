"""Errors as FHIR says them."""

from __future__ import annotations

from clem_icd.serving.fhir.elements import FHIR_JSON, CodeableConcept, Issue, OperationOutcome
from clem_icd.serving.problems import ServiceError

__all__ = ["FHIR_JSON", "outcome_of"]


def outcome_of(problem: ServiceError, request_id: str) -> OperationOutcome:
    """Return the body of a response to a request that is refused."""
    message = problem.message[0].upper() + problem.message[1:]
    remedy = f" {problem.remedy}." if problem.remedy else ""
    return OperationOutcome(
        issue=[
            Issue(
                severity="error",
                code=problem.kind.issue,
                details=CodeableConcept(text=problem.code),
                diagnostics=f"{message}.{remedy} Request {request_id}.",
            )
        ]
    )
