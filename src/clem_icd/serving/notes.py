"""The routes of ``/v1``."""

from __future__ import annotations

from fastapi import APIRouter, Request

from clem_icd.serving.about import described, named
from clem_icd.serving.access import ServiceOf, allowed
from clem_icd.serving.bodies import parse_json, read_body
from clem_icd.serving.coding import CodedNote, code_notes
from clem_icd.serving.openapi import errors, json_body
from clem_icd.serving.problems import ErrorFields, ServiceError
from clem_icd.serving.schemas import CodeRequest, CodeResponse, ModelResponse, NoteOut, SpanOut, SuggestionOut

router = APIRouter(prefix="/v1")


@router.post(
    "/code",
    summary="Suggest codes for notes",
    response_model=CodeResponse,
    responses=errors("read", "code"),
    openapi_extra=json_body(CodeRequest),
    dependencies=[allowed("predict")],
)
async def code(request: Request, service: ServiceOf) -> CodeResponse:
    """Return the codes that the rule assigns to each note, and the most probable others.

    A note that cannot be read has an error of its own, and the others are coded. Nothing is stored, and the
    same request has the same result.
    """
    asked = parse_json(CodeRequest, await read_body(request, service.limits))
    for name, found, most in (
        ("notes", len(asked.notes), service.limits.notes),
        ("top", asked.top, service.limits.top),
    ):
        if found > most:
            raise ServiceError("invalid-request", f"{name}: expected at most {most}", "Split the request")
    coded = await code_notes(
        service,
        request,
        [note.text for note in asked.notes],
        top=asked.top,
        evidence=asked.evidence,
        wrapped=asked.wrapped,
    )
    search = service.served.is_search
    notes = [
        _note(note.id, one, evidence=asked.evidence, search=search)
        for note, one in zip(asked.notes, coded, strict=True)
    ]
    return CodeResponse(model=named(service.served), notes=notes)


@router.get(
    "/model",
    summary="Describe the model",
    response_model=ModelResponse,
    responses=errors("not-ready"),
    dependencies=[allowed()],
)
async def model(service: ServiceOf) -> ModelResponse:
    """Return what the model is, what it was trained on, how good it is, and how it decides."""
    return described(service.served, service.limits)


def _note(note_id: str | None, one: CodedNote, *, evidence: bool, search: bool) -> NoteOut:
    if isinstance(one.result, ErrorFields):
        return NoteOut(id=note_id, error=one.result, wrappings=list(one.wrappings), remarks=list(one.remarks))
    return NoteOut(
        id=note_id,
        suggestions=[
            SuggestionOut(
                code=each.code,
                system=each.system,
                title=each.title,
                score=each.probability,
                probability=None if search else each.probability,
                decided=each.decided,
                evidence=[SpanOut(**span._asdict()) for span in each.evidence] if evidence else None,
            )
            for each in one.result.suggestions
        ],
        tokens=one.result.tokens,
        tokens_read=one.result.tokens_read,
        truncated=one.result.truncated,
        wrappings=list(one.wrappings),
        remarks=list(one.remarks),
    )
