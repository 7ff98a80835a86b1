"""What is shown of a note: its text, its codes and the spans of each."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ExplainedCode", "ExplainedNote", "MarkedSpan"]


@dataclass(frozen=True, slots=True)
class MarkedSpan:
    """A span of the note that supports a code.

    Attributes
    ----------
    begin, end
        Half-open offsets into the text, in Unicode code points.
    weight
        How strongly it supports the code, as the method defines it.
    cues
        The kinds of cues that govern it, such as ``negated``.

    """

    begin: int
    end: int
    weight: float
    cues: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ExplainedCode:
    """A code and what supports it.

    Attributes
    ----------
    code, system, title
        The code, its code system, and its title, None if unknown.
    score
        The probability, or the score of a search.
    assigned
        Whether the system assigns it.
    spans
        In text order; a code may have none.

    """

    code: str
    system: str
    title: str | None
    score: float
    assigned: bool
    spans: tuple[MarkedSpan, ...]


@dataclass(frozen=True, slots=True)
class ExplainedNote:
    """A note with its explained codes.

    Attributes
    ----------
    name
        What the reader calls the note: its file or its id.
    text
        The text to which all offsets refer.
    codes
        In the order in which they are shown.
    read
        The end of what the system read, in characters: no span is behind it.
    method
        What found the spans.
    own
        Whether the system took its codes from the very words that are marked; else they moved its scores.
    assigns
        Whether the system assigns codes with a probability; else it orders them by a score.
    remarks
        Sentences about the note, the scores or the rule, for the reader.

    """

    name: str
    text: str
    codes: tuple[ExplainedCode, ...]
    read: int
    method: str
    own: bool = False
    assigns: bool = True
    remarks: tuple[str, ...] = ()

    @property
    def meaning(self) -> str:
        """What the marked words mean, as a sentence."""
        if self.own:
            return f"Marked are the words from which each code was taken ({self.method})."
        return (
            f"Marked is what moved each score most ({self.method}), which does not show that a code is right."
        )

    @property
    def score_name(self) -> str:
        """What the scores of the codes are called."""
        return "probability" if self.assigns else "score"

    @property
    def nothing(self) -> str:
        """What stands for the words of a code that has none."""
        return "no words" if self.own else "no words above the cut"

    @property
    def unread(self) -> str | None:
        """What was not read of the note, as a sentence; None if all was read."""
        if self.read >= len(self.text):
            return None
        return (
            f"Only the first {self.read:,} of {len(self.text):,} characters were read: nothing behind them "
            "can be marked."
        )
