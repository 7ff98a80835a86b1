"""The words of a note that led to a code, as a verb shows them, with the cues that govern them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clem_icd.modeling import Span

_LONGEST = 60


class FoundWords:
    """Shows the spans of one note.

    Parameters
    ----------
    text
        The note; None to show nothing.
    language
        The language of its cues; None to guess it.

    """

    def __init__(self, text: str | None, language: str | None) -> None:
        from clem_icd.cues import cues_in, guess_language

        self._text = text
        self._cues = cues_in(text or "", language or guess_language(text or ""))

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns of a table."""
        return () if self._text is None else ("found", "where")

    def cells(self, spans: tuple[Span, ...]) -> tuple[str, ...]:
        """Return the cells of a row of a table: the words with their cues, and their offsets."""
        if self._text is None:
            return ()
        words = "; ".join(self._quoted(self._text, span) for span in spans)
        return words, ", ".join(f"{span.begin}-{span.end}" for span in spans)

    def as_json(self, spans: tuple[Span, ...]) -> dict[str, Any]:
        """Return the key ``evidence`` of a suggestion, without text; nothing without a text to show."""
        if self._text is None:
            return {}
        return {"evidence": [{**span._asdict(), "cues": self.kinds(span)} for span in spans]}

    def kinds(self, span: Span) -> list[str]:
        """Return the kinds of cues that govern a span, sorted."""
        return sorted(self._cues.at(span.begin, span.end))

    def _quoted(self, text: str, span: Span) -> str:
        from clem_icd.reporting.explained import visible

        words = " ".join(visible(text[span.begin : span.end]).split())
        short = words if len(words) <= _LONGEST else f"{words[:_LONGEST]}…"
        kinds = ", ".join(self.kinds(span)).replace("_", " ")
        return f"“{short}”{f' ({kinds})' if kinds else ''}"
