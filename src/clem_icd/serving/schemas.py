"""The bodies of requests and responses of ``/v1``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from clem_icd.serving.problems import ErrorFields

NoteId = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class NoteIn(_Request):
    """A note."""

    id: NoteId | None = Field(default=None, description="Returned with the result.")
    text: str = Field(description="The raw text. Offsets of evidence refer to it, in Unicode code points.")

    @field_validator("id", "text")
    @classmethod
    def _no_nul(cls, value: str | None) -> str | None:
        if value is not None and "\0" in value:
            raise ValueError("contains NUL characters, expected plain text")
        return value


class CodeRequest(_Request):
    """Notes to code."""

    notes: list[NoteIn] = Field(min_length=1, description="One or more notes.")
    top: int = Field(
        default=15,
        ge=0,
        description="Return every code that the rule assigns, and the most probable others up to this many.",
    )
    evidence: bool = Field(default=False, description="Also say which words of the note support each code.")
    wrapped: Literal["refuse", "keep"] = Field(
        default="refuse",
        description="What to do with a note in HTML, HL7, base64 and the like: refuse it, or code it as is.",
    )


class SpanOut(BaseModel):
    """A stretch of the note that supports a code."""

    begin: int = Field(description="Half-open, in code points of the text that was sent.")
    end: int
    weight: float = Field(description="How strongly it supports the code, as the method defines it.")


class SuggestionOut(BaseModel):
    """A code for the note."""

    code: str
    system: str = Field(description="The code system, such as icd10cm.")
    title: str | None
    score: float = Field(description="What the rule decides by, from 0 to 1.")
    probability: float | None = Field(
        description="The same for a model; null for a title search, whose scores are not probabilities."
    )
    decided: bool = Field(description="Whether the rule assigns the code.")
    evidence: list[SpanOut] | None = Field(description="In the order of the text; null if not asked for.")


class NoteOut(BaseModel):
    """The suggestions for a note, or the error of a note that could not be coded."""

    id: str | None
    error: ErrorFields | None = Field(default=None, description="Null if the note was coded.")
    suggestions: list[SuggestionOut] = Field(default=[], description="Most probable first.")
    tokens: int | None = Field(
        default=None, description="Tokens of the note; null for a system without tokens."
    )
    tokens_read: int | None = None
    truncated: bool = Field(default=False, description="Whether the end of the note was not read.")
    wrappings: list[str] = Field(description="What the note is still wrapped in, with `wrapped: keep`.")
    remarks: list[str] = Field(description="What is odd about its characters.")


class RuleOut(BaseModel):
    """From scores to assigned codes."""

    threshold: float | None = Field(description="Null if the rule is not a single threshold.")
    description: str = Field(description="When a code is assigned.")
    policy: str = Field(description="How the rule was chosen.")


class ModelNamed(BaseModel):
    """Which model coded the notes, and how."""

    name: str
    system: str = Field(description="neural, linear, lexicon, dictionary or title-search.")
    sha256: str = Field(description="The fingerprint of the model's files.")
    precision: str | None = Field(description="fp32, bf16 or int8; null for a system that is not neural.")
    rule: RuleOut
    evidence_method: str | None = Field(description="What finds evidence; null if nothing does.")


class CodeResponse(BaseModel):
    """The result of every note, in the order of the request. The same request has the same result."""

    model: ModelNamed
    notes: list[NoteOut]


class LabelsOut(BaseModel):
    """The codes that the model knows."""

    count: int
    by_system: dict[str, int]
    space: str = Field(description="corpus, or the code system that is ranked as a whole.")


class MetricOut(BaseModel):
    """A metric with its definition."""

    value: float
    title: str | None
    definition: str | None
    labels: str | None
    notes: str | None


class CorpusOut(BaseModel):
    """What the model was trained on."""

    name: str | None
    source: str | None
    synthetic: bool | None = Field(description="True if its patients are invented: not for real notes.")
    fingerprint: str | None


class LimitsOut(BaseModel):
    """What a request may hold."""

    body_bytes: int
    notes: int
    note_characters: int
    top: int
    deadline_seconds: float


class ModelResponse(ModelNamed):
    """Everything about the model."""

    version: str = Field(description="The release of clem-icd that serves it.")
    labels: LabelsOut
    reading: dict[str, Any] | None = Field(description="How a note is read; null without tokens.")
    max_tokens: int | None
    corpus: CorpusOut | None
    metrics: dict[str, dict[str, MetricOut]] = Field(description="By split and name.")
    limits: LimitsOut


class Health(BaseModel):
    """The state of the service."""

    status: Literal["ok", "ready"]
