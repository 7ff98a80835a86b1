"""MDACE's codes are newer than MIMIC's: each is brought back to a code that MIMIC's coders used.

The rules are those of Edin et al. (2024): a code that the reference does not know loses its last character
until the reference knows what is left, and a few codes have a counterpart by name.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from clem_icd.icd import Code, CodeSystem
from clem_icd.sources.mdace.files import Revision
from clem_icd.sources.mimic.codes import read_code_tables
from clem_icd.sources.mimic.files import MimicFiles
from clem_icd.sources.mimic.pipelines.edin2024 import read_code
from clem_icd.tabular.batches import read_batches
from clem_icd.tabular.refusals import check_admissions
from clem_icd.tabular.sentences import tell

# Codes of 2021 and later, or too short to bill, and those that Edin et al. chose for them.
_INPATIENT = {
    "F32.A": "F32.9",
    "S02.122A": "S02.19XA",
    "D75.839": "D75.89",
    "F10.139": "F10.10",
    "G90.51": "G90.519",
}
_PROFEE = {**_INPATIENT, "M79.60": "M79.609", "I50.3": "I50.30"}

_SHORTEST = 3  # characters of a code that is left after shortening, its dot being one

# Diagnoses, procedures.
SYSTEMS: dict[Revision, tuple[CodeSystem, CodeSystem]] = {
    "ICD-9": (CodeSystem.ICD9CM, CodeSystem.ICD9PCS),
    "ICD-10": (CodeSystem.ICD10CM, CodeSystem.ICD10PCS),
}

Rule = Callable[[Code, Container[Code]], Code]

_NO_REFERENCE = (
    "There is no MIMIC-IV below the raw folder, and so the codes are as annotated: the published sets have "
    "them brought back to the codes of MIMIC-IV"
)

_CHANGES = {
    "changed": (
        "annotated code was brought back to a code of {origin}",
        "annotated codes were brought back to codes of {origin}",
    ),
    "unknown": (
        "annotated code has no counterpart in {origin} and is kept",
        "annotated codes have no counterpart in {origin} and are kept",
    ),
}


@dataclass(frozen=True, slots=True)
class CodeMap:
    """What becomes of every annotated code. One that is not in it stays as it is."""

    changed: Mapping[Code, Code]
    notices: tuple[str, ...]

    @classmethod
    def of(cls, codes: Iterable[Code], reference: Container[Code], rule: Rule, *, origin: str) -> CodeMap:
        """Apply a rule to annotated codes; ``origin`` is what the reference is called."""
        results = {code: rule(code, reference) for code in codes}
        changed = {code: result for code, result in results.items() if result != code}
        counts = {
            "changed": len(changed),
            "unknown": sum(result not in reference for result in results.values()),
        }
        return cls(changed, tuple(line.format(origin=origin) for line in tell(counts, _CHANGES)))

    @classmethod
    def none(cls) -> CodeMap:
        """Leave every code as it is, and say so."""
        return cls({}, (_NO_REFERENCE,))

    def __getitem__(self, code: Code) -> Code:
        return self.changed.get(code, code)


def inpatient_rule(code: Code, reference: Container[Code]) -> Code:
    """Return the counterpart of a code of the inpatient sets.

    The fixed counterparts come last: a code that the reference knows is replaced all the same, and
    one that was shortened into a code with a counterpart is replaced by that. (The published mapping of
    procedures holds them as well, and is applied to every code after that of diagnoses.)
    """
    return _counterpart(shortened(code, reference), _INPATIENT)


def profee_rule(code: Code, reference: Container[Code]) -> Code:
    """Return the counterpart of a code of the professional-fee set.

    The fixed counterparts come first, and what has one is not shortened.
    """
    fixed = _counterpart(code, _PROFEE)
    return fixed if fixed != code else shortened(code, reference)


def shortened(code: Code, reference: Container[Code]) -> Code:
    """Return the longest beginning of a code, of at least three characters, that the reference knows.

    If it knows none, that is the code itself.
    """
    lengths = range(len(code.value) - 1, _SHORTEST - 1, -1)
    beginnings = (Code(code.value[:length], code.system) for length in lengths)
    return next((one for one in (code, *beginnings) if one in reference), code)


def _counterpart(code: Code, fixed: Mapping[str, str]) -> Code:
    if code.system is not CodeSystem.ICD10CM:
        return code
    return Code(fixed.get(code.value, code.value), code.system)


def mimic4_codes(files: MimicFiles, revision: Revision) -> set[Code]:
    """Return every code of one revision of the admissions of MIMIC-IV that have a discharge summary.

    Raises
    ------
    SourceError
        If a file is malformed.

    """
    tables = {"diagnosis": files.diagnoses, "procedure": files.procedures}
    rows, _ = read_code_tables(tables, upper=False)
    of_noted = pl.col("admission").is_in(_noted(files.notes).implode())
    of_revision = pl.col("version") == revision.removeprefix("ICD-")
    distinct = rows.filter(of_noted & of_revision).select("text", "kind", "version").unique()
    return {code for row in distinct.iter_rows() if (code := read_code(*row))}


def _noted(path: Path) -> pl.Series:
    """Return the admissions that have a discharge summary with a text."""
    noted = [pl.Series([], dtype=pl.Int64)]
    for first, batch in read_batches(path, ["hadm_id", "text"]):
        rows = pl.DataFrame(batch).select(
            row=pl.int_range(first, first + batch.num_rows),
            admission="hadm_id",
            has_text=pl.col("text") != "",
        )
        noted.append(check_admissions(rows, path).filter("has_text")["admission"].unique())
    return pl.concat(noted).drop_nulls().unique()
