"""The kinds of cues, their bits, and the languages with cues."""

from __future__ import annotations

from typing import Literal, get_args

__all__ = ["CUE_KINDS", "LANGUAGES", "CueKind", "Language", "bit_of", "kinds_of"]

CueKind = Literal["negated", "family", "history", "ruled_out", "uncertain"]
Language = Literal["en", "es"]

CUE_KINDS: tuple[CueKind, ...] = get_args(CueKind)
LANGUAGES: tuple[Language, ...] = get_args(Language)

_BITS: dict[CueKind, int] = {kind: 1 << at for at, kind in enumerate(CUE_KINDS)}


def bit_of(kind: CueKind) -> int:
    """Return the bit of a kind in a mask: 1, 2, 4, 8 or 16, in the order of `CUE_KINDS`."""
    return _BITS[kind]


def kinds_of(mask: int) -> frozenset[CueKind]:
    """Return the kinds whose bits are set in a mask."""
    return frozenset(kind for kind, bit in _BITS.items() if mask & bit)
