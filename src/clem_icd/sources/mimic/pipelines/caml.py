"""CAML: Mullenbach et al. (2018), "Explainable Prediction of Medical Codes from Clinical Text".

A document is all discharge summaries of one admission of a subject, in file order, tokenized. An admission
with only empty codes stays, without codes. The 50 codes are the most frequent ones in all documents, before
the split, where a code that is listed twice counts twice.

Where the original pipeline stops (at a note without an admission, or an admission with notes but without rows
of codes), that note or admission is left out here. The pipeline did not declare codes as text, so the csv
reader of its time parsed them as numbers, chunk by chunk: procedures lost their leading zeros (``00.66``
became ``66.``), and trailing zeros were lost in a second pass (``39.50`` became ``39.5`` in some rows and
stayed ``39.50`` in others). The published label set contains both forms, and so does this one. Empty codes,
which would have turned a whole table into fractions, are dropped first.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

import polars as pl

from clem_icd.icd import CodeSystem, dot, undot
from clem_icd.sources.document_tables import joined
from clem_icd.sources.mimic.pipelines.rules import Assign, Pipeline, Rules
from clem_icd.sources.mimic.pipelines.steps import (
    about_left_out,
    about_other_subjects,
    add_codes,
    merge_notes,
    with_codes,
)

# The number of rows (of five columns) to which the csv reader of pandas assigns one type.
_ROWS_PER_CHUNK = 131_072

_TOKEN = re.compile(r"\w+")
# What the csv reader parses as a number.
_WHOLE = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)")

_SYSTEMS = {"diagnosis": CodeSystem.ICD9CM, "procedure": CodeSystem.ICD9PCS}


def tokens(text: str) -> Iterator[str]:
    """Yield the words of a text in lower case, leaving out those that consist of digits."""
    return (token.lower() for token in _TOKEN.findall(text) if not token.isnumeric())


def _compose(texts: Sequence[bytes]) -> bytes:
    return joined([" ".join(tokens(text.decode())).encode() for text in texts])


def _mimic3(
    notes: pl.DataFrame, codes: pl.DataFrame, assign: Assign, rules: Rules
) -> tuple[pl.DataFrame, list[str]]:
    documents = merge_notes(notes)
    notices = about_other_subjects(codes, documents)
    listed = _listed(codes, documents)
    coded = listed.filter(pl.col("code") != "")
    documents = documents.join(listed, on=["subject", "admission"], how="semi", maintain_order="left")
    documents = add_codes(documents, coded)
    if rules.subset == "full":
        return assign(documents), notices
    kept = coded.filter(pl.col("code").is_in(_most_listed(listed, 50)))
    chosen = assign(with_codes(add_codes(documents, kept)))
    return chosen, [*notices, *about_left_out(assign(documents), chosen, rules)]


def _listed(codes: pl.DataFrame, documents: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of the documents' codes, with ``code`` as the pipeline reads it, or empty."""
    tables = [codes.filter(pl.col("kind") == kind) for kind in _SYSTEMS]
    once = pl.concat(
        table.with_columns(
            code=pl.Series(_formatted(table["text"].to_list(), kind), dtype=pl.String),
            system=pl.lit(_SYSTEMS[kind].value),
        )
        for table, kind in zip(tables, _SYSTEMS, strict=True)
    ).join(documents, on="admission", how="semi", maintain_order="left")
    twice = once.with_columns(code=pl.Series(_inferred(once["code"].to_list()), dtype=pl.String))
    return twice.join(documents, on=["subject", "admission"], how="semi", maintain_order="left")


def _formatted(texts: list[str], kind: str) -> list[str]:
    present = iter(_inferred([text.strip() for text in texts if text.strip()]))
    return [_dotted(undot(next(present)), kind) if text.strip() else "" for text in texts]


def _dotted(text: str, kind: str) -> str:
    # A procedure has its dot after two characters, even where nothing follows.
    return f"{text[:2]}.{text[2:]}" if kind == "procedure" else dot(text, CodeSystem.ICD9CM)


def _inferred(texts: list[str]) -> list[str]:
    """Return a column as text after the csv reader has guessed the type of each chunk."""
    chunks = [texts[at : at + _ROWS_PER_CHUNK] for at in range(0, len(texts), _ROWS_PER_CHUNK)]
    kinds = {_kind(chunk) for chunk in chunks}
    if kinds == {"whole", "number"}:
        return [text for chunk in chunks for text in _as("number", chunk)]
    return [text for chunk in chunks for text in _as(_kind(chunk), chunk)]


def _kind(texts: list[str]) -> str:
    if all(_WHOLE.fullmatch(text) for text in texts):
        return "whole"
    return "number" if all(_NUMBER.fullmatch(text) for text in texts if text) else "text"


def _as(kind: str, texts: list[str]) -> list[str]:
    match kind:
        case "whole":
            return [str(int(text)) for text in texts]
        case "number":
            return [str(float(text)) if text else "" for text in texts]
        case _:
            return texts


def _most_listed(listed: pl.DataFrame, number: int) -> list[str]:
    """Return the codes that are listed most often; ties go to those of the first documents."""
    by_document = listed.group_by("subject", "admission", maintain_order=True).agg("code")
    counts: Counter[str] = Counter()
    for codes in by_document.sort(pl.col("subject", "admission").cast(pl.Int64))["code"]:
        # In the pipeline a document without codes gets a label of its own, and so does an empty code.
        counts.update(["nan"] if codes.to_list() == [""] else codes)
    return [code for code, _ in counts.most_common(number)]


CAML = Pipeline(
    name="caml",
    compose=_compose,
    mimic3=_mimic3,
    mimic4=None,
    subsets=("full", "50"),
    selective=False,
    keeps_missing=True,
)
