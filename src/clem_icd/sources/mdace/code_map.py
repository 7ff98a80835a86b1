"""Mapping the codes of MDACE, which are newer than those of MIMIC, to codes used in MIMIC.

The rules are those of Edin et al. (2024): a code that is not in the reference loses its last character until
the rest is in it, and a few codes have fixed counterparts.
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
from clem_icd.sources.mimic.rows import with_admissions
from clem_icd.tabular.batches import read_batches
from clem_icd.tabular.sentences import count_sentences

# Codes introduced since 2021 or too short to bill, with the replacements that Edin et al. chose.
_INPATIENT = {
    "F32.A": "F32.9",
    "S02.122A": "S02.19XA",
    "D75.839": "D75.89",
    "F10.139": "F10.10",
    "G90.51": "G90.519",
}
_PROFEE = {**_INPATIENT, "M79.60": "M79.609", "I50.3": "I50.30"}

_SHORTEST = 3  # characters of a shortened code, including its dot

# Diagnoses, procedures.
SYSTEMS: dict[Revision, tuple[CodeSystem, CodeSystem]] = {
    "ICD-9": (CodeSystem.ICD9CM, CodeSystem.ICD9PCS),
    "ICD-10": (CodeSystem.ICD10CM, CodeSystem.ICD10PCS),
}

Rule = Callable[[Code, Container[Code]], Code]

_NO_REFERENCE = (
    "The raw folder does not contain MIMIC-IV, so the codes are as annotated: in the published sets they are "
    "mapped to codes used in MIMIC-IV"
)

_CHANGES = {
    "changed": (
        "annotated code was mapped to a code used in {origin}",
        "annotated codes were mapped to codes used in {origin}",
    ),
    "unknown": (
        "annotated code has no counterpart in {origin} and was kept",
        "annotated codes have no counterpart in {origin} and were kept",
    ),
}


@dataclass(frozen=True, slots=True)
class CodeMap:
    """The replacement of every annotated code that changes; all other codes stay as they are."""

    changed: Mapping[Code, Code]
    notices: tuple[str, ...]

    @classmethod
    def of(cls, codes: Iterable[Code], reference: Container[Code], rule: Rule, *, origin: str) -> CodeMap:
        """Apply a rule to annotated codes; ``origin`` is the name of the reference."""
        results = {code: rule(code, reference) for code in codes}
        changed = {code: result for code, result in results.items() if result != code}
        counts = {
            "changed": len(changed),
            "unknown": sum(result not in reference for result in results.values()),
        }
        return cls(changed, tuple(line.format(origin=origin) for line in count_sentences(counts, _CHANGES)))

    @classmethod
    def none(cls) -> CodeMap:
        """Return a map that changes no code, with a notice that says so."""
        return cls({}, (_NO_REFERENCE,))

    def __getitem__(self, code: Code) -> Code:
        return self.changed.get(code, code)


def inpatient_rule(code: Code, reference: Container[Code]) -> Code:
    """Return the counterpart of a code in the inpatient sets.

    The fixed counterparts come last: they replace even a code that is in the reference, and a code that was
    shortened to one with a counterpart. (The published mapping of procedures includes them as well, and is
    applied to every code after the mapping of diagnoses.)
    """
    return _counterpart(shortened(code, reference), _INPATIENT)


def profee_rule(code: Code, reference: Container[Code]) -> Code:
    """Return the counterpart of a code in the professional-fee set.

    The fixed counterparts come first; a code that has one is not shortened.
    """
    fixed = _counterpart(code, _PROFEE)
    return fixed if fixed != code else shortened(code, reference)


def shortened(code: Code, reference: Container[Code]) -> Code:
    """Return the longest prefix of a code, of at least three characters, that is in the reference.

    If there is none, return the code itself.
    """
    lengths = range(len(code.value) - 1, _SHORTEST - 1, -1)
    prefixes = (Code(code.value[:length], code.system) for length in lengths)
    return next((one for one in (code, *prefixes) if one in reference), code)


def _counterpart(code: Code, fixed: Mapping[str, str]) -> Code:
    if code.system is not CodeSystem.ICD10CM:
        return code
    return Code(fixed.get(code.value, code.value), code.system)


def mimic4_codes(files: MimicFiles, revision: Revision) -> set[Code]:
    """Return every code of one revision in the admissions of MIMIC-IV that have a discharge summary.

    Raises
    ------
    SourceError
        If a file is malformed.

    """
    rows, _ = read_code_tables(files.code_tables(), upper=False)
    of_noted = pl.col("admission").is_in(_noted(files.notes).implode())
    of_revision = pl.col("version") == revision.removeprefix("ICD-")
    distinct = rows.filter(of_noted & of_revision).select("text", "kind", "version").unique()
    return {code for row in distinct.iter_rows() if (code := read_code(*row))}


def _noted(path: Path) -> pl.Series:
    """Return the admissions that have a discharge summary with text."""
    noted = [pl.Series([], dtype=pl.Int64)]
    for first, batch in read_batches(path, ["hadm_id", "text"]):
        rows = pl.DataFrame(batch).select(
            row=pl.int_range(first, first + batch.num_rows),
            admission="hadm_id",
            has_text=pl.col("text") != "",
        )
        noted.append(with_admissions(rows, path).filter("has_text")["admission"].unique())
    return pl.concat(noted).drop_nulls().unique()
