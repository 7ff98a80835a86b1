"""Edin et al. (2023), "Automated Medical Coding on MIMIC-III and MIMIC-IV: A Critical Review".

MIMIC-III: a document is all discharge summaries of one admission of a subject, in file order, and its codes
are those of the same subject and admission. MIMIC-IV: a document is one note, also where an admission has
several different ones; its codes are those of the requested revision.

Codes are counted in all documents, before the split. The text is lower case, without punctuation, and without
most of its numbers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import polars as pl

from clem_icd.icd import Code, CodeSystem, undot
from clem_icd.sources.document_tables import joined
from clem_icd.sources.mimic.pipelines.edin2024 import read_code
from clem_icd.sources.mimic.pipelines.rules import Assign, Pipeline, Rules
from clem_icd.sources.mimic.pipelines.steps import (
    about_left_out,
    about_other_subjects,
    add_codes,
    first_of_each,
    frequent,
    merge_notes,
    read_codes,
    single_notes,
    with_codes,
)

# The 50 codes of Mullenbach et al. (2018), from the release of MIMIC-III that they used.
# fmt: off
TOP_50 = (
    "401.9", "38.93", "428.0", "427.31", "414.01", "96.04", "96.6", "584.9", "250.00", "96.71",
    "272.4", "518.81", "99.04", "39.61", "599.0", "530.81", "96.72", "272.0", "285.9", "88.56",
    "244.9", "486", "38.91", "285.1", "36.15", "276.2", "496", "99.15", "995.92", "V58.61",
    "507.0", "038.9", "88.72", "585.9", "403.90", "311", "305.1", "37.22", "412", "33.24",
    "39.95", "287.5", "410.71", "276.1", "V45.81", "424.0", "45.13", "V15.82", "511.9", "37.23",
)
# fmt: on

_NO_LETTER_OR_DIGIT = re.compile(r"[^A-Za-z0-9]+")
# A match needs a blank before each number and one after the last, so numbers at either end of a text stay.
_NUMBERS = re.compile(r"(?:\s[0-9]+)+\s")


def clean(text: str) -> str:
    """Return a text as this pipeline cleans it."""
    # The pipeline's library lower-cases the Turkish dotted capital I to one character, Python to two.
    lower = text.replace("\u0130", "i").lower()
    words = _NUMBERS.sub(" ", _NO_LETTER_OR_DIGIT.sub(" ", lower))
    return " ".join(words.split())


def _compose(texts: Sequence[bytes]) -> bytes:
    return clean(joined(texts).decode()).encode()


def _read_code(text: str, kind: str, version: str) -> Code | None:
    code = read_code(undot(text), kind, version)
    if code is None or code.system is not CodeSystem.ICD10CM or "." in code.value:
        return code
    # Here a code of three characters has a dot as well, which makes it a different label: ``I10.``
    return Code(f"{code.value}.", code.system)


def _mimic3(
    notes: pl.DataFrame, codes: pl.DataFrame, assign: Assign, rules: Rules
) -> tuple[pl.DataFrame, list[str]]:
    documents = merge_notes(notes.filter(~pl.col("missing")))
    # A row of codes with a different subject than the note belongs to no document.
    rows = read_codes(codes, _read_code)
    labelled = rows.join(documents, on=["subject", "admission"], how="semi", maintain_order="left")
    notices = about_other_subjects(rows, documents)
    documents = with_codes(add_codes(documents, labelled))
    match rules.subset:
        case "full":
            kept = labelled
        case "50":
            kept = labelled.filter(pl.col("code").is_in(TOP_50))
        case "clean":
            once = first_of_each(labelled, "admission", "code")
            kept = frequent(once.with_columns(kind=pl.lit("any")), documents, rules.min_count)
    chosen = assign(with_codes(add_codes(documents, kept)))
    return chosen, [*notices, *about_left_out(assign(documents), chosen, rules)]


def _mimic4(
    notes: pl.DataFrame, codes: pl.DataFrame, assign: Assign, rules: Rules
) -> tuple[pl.DataFrame, list[str]]:
    once = first_of_each(read_codes(codes, _read_code), "admission", "kind", "code")
    labelled = once.filter(pl.col("version") == str(rules.version))
    documents = with_codes(add_codes(single_notes(notes.filter(~pl.col("missing"))), labelled))
    chosen = assign(with_codes(add_codes(documents, frequent(labelled, documents, rules.min_count))))
    return chosen, about_left_out(assign(documents), chosen, rules)


EDIN2023 = Pipeline(name="edin2023", compose=_compose, mimic3=_mimic3, mimic4=_mimic4, selective=False)
