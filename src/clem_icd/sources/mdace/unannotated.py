"""The discharge summaries of MIMIC-III that MDACE does not annotate, prepared as for `mimic3-full`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa

from clem_icd.icd import Code, CodeSystem
from clem_icd.sources.document_tables import document_tables
from clem_icd.sources.mimic.codes import read_code_tables
from clem_icd.sources.mimic.files import MimicFiles
from clem_icd.sources.mimic.notes import stage_mimic3
from clem_icd.sources.mimic.pipelines.edin2024 import mimic3_documents
from clem_icd.sources.mimic.pipelines.steps import with_codes
from clem_icd.sources.text_store import TextStore
from clem_icd.tabular.sentences import count_sentences

_LEFT_OUT = {
    "no admission": (
        "discharge summary has no HADM_ID and was left out",
        "discharge summaries have no HADM_ID and were left out",
    ),
    "no text": (
        "discharge summary has no text and was left out",
        "discharge summaries have no text and were left out",
    ),
    "no codes": (
        "admission with a discharge summary has no codes and was left out",
        "admissions with a discharge summary have no codes and were left out",
    ),
}


@dataclass(frozen=True, slots=True)
class UnannotatedDocuments:
    """Every admission in MIMIC-III with a discharge summary and a code.

    Attributes
    ----------
    texts
        The texts of the admissions in the split files.
    notices
        Sentences with counts of what was left out.

    """

    texts: TextStore
    notices: tuple[str, ...]
    _documents: pl.DataFrame

    @classmethod
    def read(
        cls,
        files: MimicFiles,
        texts: TextStore,
        admissions: Iterable[str],
        progress: Callable[[int], None] | None = None,
    ) -> UnannotatedDocuments:
        """Read the notes and codes; the texts of the given admissions are written to disk.

        Raises
        ------
        SourceError
            If a file is malformed.

        """
        wanted = np.array(sorted(map(int, admissions)), dtype=np.int64)
        notes = stage_mimic3(files.notes, texts, wanted, progress)
        codes, notices = read_code_tables(files.code_tables(), upper=True)
        documents, _ = mimic3_documents(notes, codes)
        return cls(texts, (*notices, *_left_out(notes, documents)), documents)

    def codes(self) -> set[Code]:
        """Return every code of every admission."""
        each = self._documents.select(pl.col("codes").explode()).unnest("codes").unique()
        return {Code(code, CodeSystem(system)) for code, system in each.iter_rows()}

    def tables(self, admissions: Collection[str], systems: Iterable[CodeSystem]) -> Iterator[pa.Table]:
        """Yield some admissions with their codes in some code systems, as tables of a corpus's notes.

        Admissions without such codes are left out.
        """
        is_wanted = pl.element().struct.field("system").is_in([system.value for system in systems])
        here = pl.col("admission").is_in(sorted(map(int, admissions)))
        documents = self._documents.filter(here).with_columns(
            pl.col("codes").list.eval(pl.element().filter(is_wanted))
        )
        return document_tables(with_codes(documents), self.texts)


def _left_out(notes: pl.DataFrame, documents: pl.DataFrame) -> list[str]:
    admitted = notes.drop_nulls("admission")
    noted = admitted.filter(~pl.col("missing"))["admission"].n_unique()
    counts = {
        "no admission": notes.height - admitted.height,
        "no text": int(admitted["missing"].sum()),
        "no codes": noted - documents["admission"].n_unique(),
    }
    return count_sentences(counts, _LEFT_OUT)
