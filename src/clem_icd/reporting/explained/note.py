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
        The end of what the system read, in characters: no span lies beyond it.
    method
        What found the spans.
    cut
        The share of the support for a code above which a word is marked; None if the system takes its codes
        from the very words that are marked.
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
    cut: float | None = None
    assigns: bool = True
    remarks: tuple[str, ...] = ()

    @property
    def meaning(self) -> str:
        """What the marked words mean, as a sentence."""
        if self.cut is None:
            return f"The marked words are those from which each code was taken ({self.method})."
        return (
            f"The marked words are those with more than {100 * self.cut:.3g} % of the support for a code "
            f"({self.method}). They moved its score but do not prove the code."
        )

    @property
    def score_name(self) -> str:
        """What the scores of the codes are called."""
        return "probability" if self.assigns else "score"

    @property
    def nothing(self) -> str:
        """What stands for the words of a code that has none."""
        return "no words" if self.cut is None else "no words above the cut"

    @property
    def unread(self) -> str | None:
        """What was not read of the note, as a sentence; None if all was read."""
        if self.read >= len(self.text):
            return None
        return (
            f"Only the first {self.read:,} of {len(self.text):,} characters were read: nothing after them "
            "can be marked."
        )
