"""Edin et al. (2024), "An Unsupervised Approach to Achieve Supervised-Level Explainability": the default.

MIMIC-III: a document is an admission, with its discharge summaries and addenda joined. Codes are matched by
admission, whatever subject their row names. MIMIC-IV: a document is an admission with the first of its notes.
Where an admission has codes of both revisions, the pipeline combines every list of diagnoses with every list
of procedures; a combination counts if either list is of the requested revision, and then includes the codes
of the other.

Codes are counted in the documents of the three splits. The text is raw.
"""

from __future__ import annotations

import polars as pl

from clem_icd.icd import Code, CodeSystem
from clem_icd.sources.document_tables import joined
from clem_icd.sources.mimic.pipelines.rules import Assign, Pipeline, Rules
from clem_icd.sources.mimic.pipelines.steps import (
    about_left_out,
    add_codes,
    first_of_each,
    first_of_runs,
    frequent,
    merge_notes,
    most_frequent,
    read_codes,
    single_notes,
    with_codes,
)
from clem_icd.tabular.sentences import counted

_SECOND = (
    "note is not the first of its admission and was left out",
    "notes are not the first of their admission and were left out",
)
_MIXED = (
    "admission has codes of both ICD-9 and ICD-10; its labels include both, as published",
    "admissions have codes of both ICD-9 and ICD-10; their labels include both, as published",
)
_SYSTEMS = {
    ("diagnosis", "9"): CodeSystem.ICD9CM,
    ("procedure", "9"): CodeSystem.ICD9PCS,
    ("diagnosis", "10"): CodeSystem.ICD10CM,
    ("procedure", "10"): CodeSystem.ICD10PCS,
}


def read_code(text: str, kind: str, version: str) -> Code | None:
    """Return the code of a row; None if it has none."""
    return Code.normalized(text, _SYSTEMS[kind, version]) if text.strip() else None


def mimic3_documents(notes: pl.DataFrame, codes: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return a document for every admission with a discharge summary and a code, and the rows of codes."""
    ordered = notes.filter(~pl.col("missing")).sort(
        ["admission", "description", "chart_time", "chart_date", pl.col("note_id").cast(pl.Int64)],
        descending=[False, True, False, False, False],
    )
    labelled = read_codes(codes, read_code)
    return with_codes(add_codes(merge_notes(ordered), labelled)), labelled


def _mimic3(
    notes: pl.DataFrame, codes: pl.DataFrame, assign: Assign, rules: Rules
) -> tuple[pl.DataFrame, list[str]]:
    documents, labelled = mimic3_documents(notes, codes)
    documents = assign(documents)
    once = first_of_each(labelled, "admission", "kind", "code")
    match rules.subset:
        case "full":
            return documents, []
        case "50":
            chosen = with_codes(add_codes(documents, most_frequent(once, documents, 50)))
        case "clean":
            # Documents left without codes stay, as published.
            chosen = add_codes(documents, frequent(once, documents, rules.min_count))
    return chosen, about_left_out(documents, chosen, rules)


def _mimic4(
    notes: pl.DataFrame, codes: pl.DataFrame, assign: Assign, rules: Rules
) -> tuple[pl.DataFrame, list[str]]:
    labelled = _combined(read_codes(codes, read_code), str(rules.version))
    documents = assign(with_codes(add_codes(single_notes(notes.filter(~pl.col("missing"))), labelled)))
    first = documents.unique("admission", keep="first", maintain_order=True)
    chosen = with_codes(add_codes(first, frequent(labelled, documents, rules.min_count)))
    second = documents.height - first.height
    notices = [counted(second, *_SECOND)] if second else []
    return chosen, [*_mixed(labelled, documents), *notices, *about_left_out(first, chosen, rules)]


def _mixed(codes: pl.DataFrame, documents: pl.DataFrame) -> list[str]:
    here = codes.join(documents, on="admission", how="semi", maintain_order="left")
    versions = (
        first_of_runs(here, "admission", "version").group_by("admission").agg(pl.col("version").n_unique())
    )
    mixed = versions.filter(pl.col("version") > 1).height
    return [counted(mixed, *_MIXED)] if mixed else []


def _combined(codes: pl.DataFrame, version: str) -> pl.DataFrame:
    """Keep the codes in the combinations that count, with ``times``: the number of these with the code."""
    once = first_of_each(codes, "admission", "kind", "code")
    kinds = ("diagnosis", "procedure")
    lists = (
        first_of_runs(once, "admission", "kind", "version")
        .group_by("admission")
        .agg(
            *(
                pl.col("version").filter(pl.col("kind") == kind).n_unique().alias(f"{kind}_lists")
                for kind in kinds
            ),
            *(
                ((pl.col("kind") == kind) & (pl.col("version") == version)).any().alias(f"{kind}_wanted")
                for kind in kinds
            ),
        )
    )
    is_diagnosis = pl.col("kind") == "diagnosis"
    others = pl.when(is_diagnosis).then("procedure_lists").otherwise("diagnosis_lists").clip(lower_bound=1)
    wanted_other = (
        pl.when(is_diagnosis).then("procedure_wanted").otherwise("diagnosis_wanted").cast(pl.UInt32)
    )
    brought = once.join(lists, on="admission", maintain_order="left").with_columns(
        times=pl.when(pl.col("version") == version).then(others).otherwise(wanted_other)
    )
    return _one_system(brought.filter(pl.col("times") > 0), version)


def _one_system(codes: pl.DataFrame, version: str) -> pl.DataFrame:
    """Treat a text that is a code in both revisions as a code of the requested one: it is one label."""
    distinct = codes.select("code", "system", "version").unique(maintain_order=True)
    wanted_first = distinct.sort(pl.col("version") != version, maintain_order=True)
    systems = wanted_first.unique("code", keep="first").select("code", "system")
    if systems.height == distinct.select("code", "system").unique().height:
        return codes
    return codes.drop("system").join(systems, on="code", maintain_order="left")


EDIN2024 = Pipeline(name="edin2024", compose=joined, mimic3=_mimic3, mimic4=_mimic4)
