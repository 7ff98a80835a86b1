"""What a coder should look at before a code goes on the claim, by the rules of the code system."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from clem_icd.icd import (
    Code,
    CodeSystem,
    Instruction,
    default_codebook,
    instructions_for,
    is_billable,
    parent,
)
from clem_icd.serving.store.reading import CodeState, Encounter

_LONGEST = 240
# Less probable suggestions do not say that something is documented.
_LIKELY = 0.1
_UNSPECIFIED = "unspecified"


def warnings_of(encounter: Encounter) -> list[list[dict[str, Any]]]:
    """Return the warnings on each code of an encounter: the kind and the text of each [codes].

    Rules about several codes look at those that stand, in their order. A rejected code has no warnings.
    """
    candidates = _candidates(encounter)
    return [
        [{"kind": kind, "text": text} for kind, text in _of(encounter, code, candidates)]
        for code in encounter.codes
    ]


def _of(encounter: Encounter, state: CodeState, candidates: Sequence[Code]) -> Iterator[tuple[str, str]]:
    code = _meant(state)
    if code is None:
        return
    if is_billable(code.value, code.system) is False:
        yield "not-billable", f"{code.value} is a category: choose a more specific code"
    if code.system is not CodeSystem.ICD10CM:
        return
    if state.verdict != "open":
        yield from _excluded(code, encounter.sequence)
    if state.verdict != "open" or state.decided:
        yield from _instructed(code, encounter.sequence)
        yield from _more_specific(code, candidates)


def _meant(state: CodeState) -> Code | None:
    """Return the code itself, or the one that replaces it; None if it was rejected."""
    if state.verdict == "rejected":
        return None
    return state.code if state.replaced_by is None else Code(state.replaced_by, state.code.system)


def _candidates(encounter: Encounter) -> list[Code]:
    """Return the codes that stand, and those that are likely."""
    likely = (
        one.code
        for one in encounter.codes
        if one.verdict == "open" and (one.decided or (one.probability or 0) >= _LIKELY)
    )
    return [*encounter.sequence, *likely]


def _excluded(code: Code, standing: Sequence[Code]) -> Iterator[tuple[str, str]]:
    for other in standing:
        if other != code and other.system is code.system:
            note = _excluding(code, other) or _excluding(other, code)
            if note is not None:
                yield "excludes1", f"Not together with {other.value}: {note.at} excludes {_short(note)}"


def _excluding(code: Code, other: Code) -> Instruction | None:
    notes = instructions_for(code.value).excludes1
    return next((note for note in notes if note.names(other.value)), None)


def _instructed(code: Code, standing: Sequence[Code]) -> Iterator[tuple[str, str]]:
    instructions = instructions_for(code.value)
    for note in instructions.code_first:
        named = [other for other in standing if other != code and note.names(other.value)]
        if not named:
            yield "code-first", f"Code first, where it applies: {_short(note)}"
        elif code in standing and all(standing.index(code) < standing.index(other) for other in named):
            yield "code-first", f"{named[0].value} comes first"
    for note in instructions.use_additional:
        if not any(note.names(other.value) for other in standing if other != code):
            yield "use-additional", f"Use an additional code, where it applies: {_short(note)}"


def _more_specific(code: Code, candidates: Sequence[Code]) -> Iterator[tuple[str, str]]:
    """Warn of an unspecified code beside a code under the same parent that says more."""
    if not _is_unspecified(code):
        return
    above = parent(code.value, code.system)
    if above is None:
        return
    for other in candidates:
        says_more = len(other.value) > len(code.value) or not _is_unspecified(other)
        if other != code and other.system is code.system and other.value.startswith(above) and says_more:
            yield "unspecified", f"{other.value} is more specific, and in this list"
            return


def _is_unspecified(code: Code) -> bool:
    return _UNSPECIFIED in (default_codebook().title(code.value, code.system) or "").lower()


def _short(note: Instruction) -> str:
    return note.text if len(note.text) <= _LONGEST else f"{note.text[:_LONGEST].rstrip()} …"
