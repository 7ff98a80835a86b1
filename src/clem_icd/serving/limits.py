"""What the service accepts at most, and how long it takes for it."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from clem_icd.fields import Fields
from clem_icd.texts import MAX_CHARACTERS


class Limits(Fields):
    """Bounds on requests, on the queue, and on time. Whatever exceeds one is refused, never cut.

    Attributes
    ----------
    body_bytes
        The largest body of a request, counted while it arrives.
    notes
        The most notes of a request.
    note_characters
        The longest note, in characters.
    top
        The most suggestions that a request may ask for, per note.
    requests
        The most requests in progress; others are refused with 429.
    queue_notes, queue_characters
        How many notes and characters may wait for the model; more are refused with 429.
    wait_seconds
        Notes are also refused with 429 if others wait, and all before them would take longer than this, as
        measured on the last batches; and later, if they have waited for half as long again, and those that
        wait would still take longer.
    deadline_seconds
        A request that is not answered by then ends with 504, and its notes leave the queue.
    header_seconds, body_seconds
        How long a client may take to send its headers and its body.
    batch_notes, batch_characters
        How many notes and characters are scored together; a single longer note is scored alone.
    batch_seconds
        How long scoring them together may take, as measured on the last batches.

    """

    body_bytes: int = Field(default=2_000_000, ge=1_000)
    notes: int = Field(default=64, ge=1)
    note_characters: int = Field(default=MAX_CHARACTERS, ge=1, le=MAX_CHARACTERS)
    top: int = Field(default=200, ge=1)
    requests: int = Field(default=128, ge=1)
    queue_notes: int = Field(default=256, ge=1)
    queue_characters: int = Field(default=20_000_000, ge=1)
    wait_seconds: float = Field(default=1.5, gt=0)
    deadline_seconds: float = Field(default=30.0, gt=0)
    header_seconds: float = Field(default=10.0, gt=0)
    body_seconds: float = Field(default=15.0, gt=0)
    batch_notes: int = Field(default=32, ge=1)
    batch_characters: int = Field(default=400_000, ge=1)
    batch_seconds: float = Field(default=0.5, gt=0)

    @model_validator(mode="after")
    def _a_full_request_fits_into_the_queue(self) -> Self:
        if self.notes > self.queue_notes:
            raise ValueError(f"a request may hold {self.notes} notes, and the queue only {self.queue_notes}")
        if self.body_bytes > self.queue_characters:
            raise ValueError(
                f"a body may hold {self.body_bytes} characters, and the queue only {self.queue_characters}"
            )
        return self
