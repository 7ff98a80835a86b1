"""Refusing notes that a method would take too long, or too much memory, to explain."""

from __future__ import annotations

from clem_icd.errors import NoteError


def require_at_most(limit: int, tokens: int, kind: str, because: str) -> None:
    """Refuse a note with more tokens than a limit.

    Parameters
    ----------
    limit
        The field ``max_tokens`` of the method.
    tokens
        The number of tokens of the note that are read.
    kind
        The method.
    because
        The reason for the limit, as a sentence without a full stop.

    Raises
    ------
    NoteError
        If it has more.

    """
    if tokens > limit:
        raise NoteError(
            f"the note has {tokens:,} tokens, and method {kind} explains at most {limit:,}: {because}",
            remedy="Choose another method such as occlusion, or set max_tokens of this one higher",
        )
