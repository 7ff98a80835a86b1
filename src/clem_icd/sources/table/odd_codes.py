"""What is odd about the codes of a table, said in the corpus's notices: each is kept as it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

from clem_icd.icd import Code, Codebook, CodeSystem, hint_for_unknown
from clem_icd.tabular.sentences import counted

_EXAMPLES = 3

# ICD-10-GM writes these after a code. V and A say that the patient may not, or does not, have the disease.
_CERTAINTY = {"G", "V", "Z", "A"}

_ICD10PCS_CHARACTERS = 7


def code_notices(codes: Collection[Code], codebook: Codebook) -> list[str]:
    """Return a sentence for everything that is odd about the distinct codes of a table."""
    return [*_with_certainty(codes), *_with_filler(codes), *_with_lost_zeros(codes, codebook), *_short(codes)]


def dropped_notice(dropped: Counter[Code]) -> list[str]:
    """Return the sentence on codes that were dropped because they do not exist; nothing if there are none."""
    if not dropped:
        return []
    return [
        counted(
            dropped.total(),
            f"code does not exist in its system and was dropped: {_examples(dropped)}",
            f"codes do not exist in their systems and were dropped, such as {_examples(dropped)}",
        )
    ]


def marks_notice(marks: int) -> list[str]:
    """Return the sentence on marks that were removed from codes; nothing if there are none."""
    return (
        [counted(marks, "mark (†, *, + or !)", "marks (†, *, + or !)") + " after a code removed"]
        if marks
        else []
    )


def _with_certainty(codes: Collection[Code]) -> Iterable[str]:
    found = [
        code
        for code in codes
        if code.system is CodeSystem.ICD10 and code.value[-1] in _CERTAINTY and code.value[-2].isdigit()
    ]
    if found:
        shown = _examples(found)
        yield (
            counted(
                len(found), f"code ends in a letter, like {shown}", f"codes end in a letter, like {shown}"
            )
            + ": in ICD-10-GM, V says suspected and A excluded, and neither is part of the code"
        )


def _with_filler(codes: Collection[Code]) -> Iterable[str]:
    """Count the codes that occur with and without the X that some countries write in the fourth place."""
    both = [
        code
        for code in codes
        if code.system is CodeSystem.ICD10
        and code.value.endswith(".X")
        and Code(code.value.removesuffix(".X"), code.system) in codes
    ]
    if both:
        yield counted(
            len(both),
            f"code occurs with a final X and without it, as two labels: {_examples(both)}",
            f"codes occur with a final X and without it, as two labels each, such as {_examples(both)}",
        )


def _with_lost_zeros(codes: Collection[Code], codebook: Codebook) -> Iterable[str]:
    """Count the categories of ICD-9 that look like codes that were read as numbers."""
    hints = {
        code: hint_for_unknown(code, codebook)
        for code in codes
        # Diagnoses are often cut to three characters on purpose.
        if (code.system is CodeSystem.ICD9CM and "." in code.value) or code.system is CodeSystem.ICD9PCS
        if codebook.exists(code.value, code.system)
    }
    found = [code for code in sorted(hints) if hints[code]]
    if found:
        shown = ", ".join(f"{code} ({hints[code]})" for code in found[:_EXAMPLES])
        yield counted(
            len(found),
            f"code is a category, which may have lost a zero or be of an earlier edition: {shown}",
            f"codes are categories, which may have lost a zero or be of an earlier edition, such as {shown}",
        )


def _short(codes: Collection[Code]) -> Iterable[str]:
    found = [
        code
        for code in codes
        if code.system is CodeSystem.ICD10PCS and len(code.value) < _ICD10PCS_CHARACTERS
    ]
    if found:
        shown = f"has fewer than the seven characters of ICD-10-PCS, like {_examples(found)}"
        yield counted(len(found), f"code {shown}", f"codes {shown.replace('has', 'have', 1)}")


def _examples(codes: Iterable[Code]) -> str:
    return ", ".join(code.value for code in sorted(codes)[:_EXAMPLES])
