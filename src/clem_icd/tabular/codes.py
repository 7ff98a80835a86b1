"""Reading the codes of a user's table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

from clem_icd.errors import CodeError, SourceError
from clem_icd.icd import Code, Codebook, CodeSystem, hint_for_unknown, without_mark
from clem_icd.icd.systems import revision_in
from clem_icd.icd.text import cleaned
from clem_icd.tabular.code_cells import divide, divider_in, looks_like_code, unwrapped
from clem_icd.tabular.texts_with_codes import text_with_code
from clem_icd.tabular.values import is_missing

UnknownCodes = Literal["keep", "drop", "refuse"]
"""What to do with a code that does not exist in its system."""

_OF_REVISION = {
    ("9", False): CodeSystem.ICD9CM,
    ("9", True): CodeSystem.ICD9PCS,
    ("10", False): CodeSystem.ICD10CM,
    ("10", True): CodeSystem.ICD10PCS,
}
_PROCEDURES = (CodeSystem.ICD9PCS, CodeSystem.ICD10PCS)
_US = tuple(_OF_REVISION.values())


class CodeReader:
    """Reads the codes of notes, and counts what it removed or did not know.

    Parameters
    ----------
    system
        The system of codes that do not name their own.
    codebook
        Knows which codes exist.
    delimiter
        Separates the codes in a text, a tab also as a backslash and t; None to find
        out (`clem_icd.tabular.code_cells`).
    unknown
        What to do with codes that do not exist in their system.

    Attributes
    ----------
    marks
        How many codes had a mark that is not part of them: † * + !.
    dropped
        How often each code was dropped.

    """

    def __init__(
        self,
        system: CodeSystem | None,
        codebook: Codebook,
        *,
        delimiter: str | None = None,
        unknown: UnknownCodes = "keep",
    ) -> None:
        if unknown not in get_args(UnknownCodes):
            raise SourceError(
                f"got {unknown!r} for unknown codes", remedy=f"Use {', '.join(get_args(UnknownCodes))}"
            )
        self.marks = 0
        self.dropped: Counter[Code] = Counter()
        self._system = system
        self._codebook = codebook
        self._delimiter = None if delimiter is None else delimiter.replace("\\t", "\t")
        self._unknown = unknown
        self._read: dict[tuple[str, CodeSystem | None], tuple[Code, bool]] = {}
        self._exists: dict[Code, bool | None] = {}

    def system_of(self, value: Any) -> CodeSystem:
        """Return the code system that a cell names, or the revision of ICD, such as 9 or 10.

        Raises
        ------
        SourceError
            If it names none, or a revision without a system that tells diagnoses from procedures.

        """
        text = "" if is_missing(value) else str(value).strip()
        if not text:
            raise SourceError(
                "has codes, but names no code system", remedy="Fill in the system of every code"
            )
        return named_system(text, self._system)

    def codes(self, value: Any, system: CodeSystem | None = None) -> tuple[Code, ...]:
        """Return the codes of a note in order, each once.

        Parameters
        ----------
        value
            A list of codes, or a text with several; null, NaN or empty for none. A code is text
            (``icd10cm:E11.9`` to name its system), or an object with ``code`` and ``system``.
        system
            The system of codes that do not name their own, in place of the reader's.

        Raises
        ------
        SourceError
            If a code is not text, has no system, or does not have the shape of its system.

        """
        system = system or self._system
        if is_missing(value):
            return ()
        if isinstance(value, str):
            value = self._divided(value, system)
        if not isinstance(value, Sequence) or isinstance(value, bytes):
            raise SourceError(
                f"has codes as {type(value).__name__}, expected a list or text",
                remedy="Write codes as a list of text, or as one text with a delimiter between them",
            )
        # Splitting an empty text leaves an empty item, as in [""].
        items = (item for item in value if not (isinstance(item, str) and not cleaned(item)))
        return tuple(dict.fromkeys(self.code(item, system) for item in items))

    def code(self, item: Any, system: CodeSystem | None = None) -> Code:
        """Return one code: text, or an object with ``code`` and ``system``.

        Raises
        ------
        SourceError
            As `codes` does.

        """
        system = system or self._system
        if isinstance(item, Mapping):
            named = item.get("system")
            return self.code(item.get("code"), system if named is None else self.system_of(named))
        if item is None:
            raise SourceError("has a null among its codes", remedy="Remove it, or leave the list empty")
        if not isinstance(item, str):
            raise SourceError(
                f"has a code as {type(item).__name__}, expected text",
                remedy="Write codes as text: as a number, 0066 would become 66",
            )
        key = item, system
        if key not in self._read:
            self._read[key] = self._parsed(item, system)
        code, had_mark = self._read[key]
        self.marks += had_mark
        return code

    def keeps(self, code: Code) -> bool:
        """Return whether a code stays; count it if it is dropped.

        Raises
        ------
        SourceError
            If it does not exist and unknown codes are refused, or there is no list of its system's codes.

        """
        if self._unknown == "keep":
            return True
        exists = self._known(code)
        if exists is None:
            raise SourceError(
                f"has {code.system.title} codes, of which there is no list to find unknown codes by",
                remedy="Name one with --titles, or pass --unknown-codes keep",
            )
        if exists:
            return True
        if self._unknown == "refuse":
            hint = hint_for_unknown(code, self._codebook)
            raise SourceError(
                f"has the code {code}, which does not exist in {code.system.title}"
                + (f" ({hint})" if hint else ""),
                remedy="Correct it, or pass --unknown-codes keep or drop",
            )
        self.dropped[code] += 1
        return False

    def _parsed(self, item: str, system: CodeSystem | None) -> tuple[Code, bool]:
        try:
            return _parsed(item, system)
        except SourceError:
            other = next((one for one in CodeSystem if self._codebook.is_known(item, one)), None)
            if other is None or system is None:
                raise
            raise SourceError(
                f"{cleaned(item)!r} is not a code of {system.title}: it is one of {other.title}",
                remedy="Name the system of each code, as in icd10cm:E11.9, or a column with --system-column",
            ) from None

    def _divided(self, cell: str, system: CodeSystem | None) -> Sequence[Any]:
        def is_code(text: str) -> bool:
            return _parsed_or_none(text, system) is not None

        def exists(text: str) -> bool | None:
            code = _parsed_or_none(text, system)
            return None if code is None else self._known(code)

        if self._delimiter is None:
            return divide(cell, is_code, exists)
        items = [item for item in map(unwrapped, cell.split(self._delimiter)) if item]
        for item in items:
            if not is_code(item) and (found := divider_in(item, is_code, exists)) is not None:
                raise SourceError(
                    f"has codes divided by {found!r}, expected {self._delimiter!r}",
                    remedy=f"Pass --delimiter {found!r}, or leave it out",
                )
        return items

    def _known(self, code: Code) -> bool | None:
        if code not in self._exists:
            self._exists[code] = self._codebook.exists(code.value, code.system)
        return self._exists[code]


def named_system(text: str, system: CodeSystem | None) -> CodeSystem:
    """Return the code system that a text names, or the revision of ICD, such as 9, 10 or ICD10.

    Parameters
    ----------
    text
        What is in a column or object of systems, or before a code.
    system
        The system of codes that do not name their own. If it is one of the US, it tells the diagnoses of a
        revision from its procedures.

    Raises
    ------
    SourceError
        If it names none, or a revision without a system that tells diagnoses from procedures.

    """
    revision = revision_in(text)
    if revision and system in _US:
        return _OF_REVISION[revision, system in _PROCEDURES]
    if revision and text.strip().rstrip(".0").isdecimal():
        raise SourceError(
            f"names revision {revision} of ICD, not a code system",
            remedy="Pass --system icd10cm for diagnoses or --system icd10pcs for procedures",
        )
    return _parsed_system(text)


def with_system(text: str, system: CodeSystem | None = None) -> tuple[CodeSystem | None, str]:
    """Return the code system that a text names, as in ``icd10cm:E11.9``, and the text of the code.

    Parameters
    ----------
    text
        A code, perhaps after its system.
    system
        The system of codes that do not name their own.

    Raises
    ------
    SourceError
        If it names another one.

    """
    # A code has no colon, but the URI of a system may have several.
    prefix, mark, code = text.rpartition("|" if "|" in text else ":")
    if not mark:
        return None, text
    try:
        # I10 is a code before it is a revision.
        named = _parsed_system(prefix) if looks_like_code(prefix) else named_system(prefix, system)
    except SourceError as problem:
        # Without a code after it, it may be part of a note.
        is_prefix = looks_like_code(code)
        found = problem.found if is_prefix else f"has a text of {len(text)} characters, expected a code"
        remedy = problem.remedy if is_prefix else "Write codes like E11.9 or icd10cm:E11.9"
        raise SourceError(found, remedy=remedy) from None
    return named, code


def _parsed_system(text: str) -> CodeSystem:
    try:
        return CodeSystem.parse(text)
    except CodeError as problem:
        raise SourceError(problem.found, remedy=problem.remedy) from None


def _parsed_or_none(text: str, system: CodeSystem | None) -> Code | None:
    try:
        return _parsed(text, system)[0]
    except SourceError:
        return None


def _parsed(item: str, system: CodeSystem | None) -> tuple[Code, bool]:
    """Return a code, and whether it had a mark."""
    named, text = with_system(item, system)
    system = named or system
    if system is None:
        raise SourceError(
            "has a code without a system", remedy="Name the code system, or write codes like icd10cm:E11.9"
        )
    plain, had_mark = without_mark(text, system)
    try:
        return Code.parse(plain, system), had_mark
    except CodeError as problem:
        raise text_with_code(text.strip(), system) or SourceError(
            problem.found, remedy=problem.remedy
        ) from None
