"""From the scores of any system to a scores file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from clem_icd.corpus import Corpus
from clem_icd.errors import InputError, OutputError, ScoresError
from clem_icd.files import check_free, sha256_of
from clem_icd.scores.file import write_scores
from clem_icd.scores.imports.codes import CamlFinder, Find, finder, match_codes, refuse_unknown
from clem_icd.scores.imports.findings import Findings
from clem_icd.scores.imports.fitting import (
    check_columns,
    dense_rows,
    merge_entries,
    probability,
    score_range,
    sparse_rows,
)
from clem_icd.scores.imports.foreign import Dense, FloatArray, ForeignScores, IntArray, Sparse
from clem_icd.scores.imports.formats import Reading, read_foreign
from clem_icd.scores.imports.gold import compare_gold
from clem_icd.scores.imports.note_ids import (
    NoteMatch,
    match_notes,
    refuse_missing_notes,
    refuse_unknown_notes,
)


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What to take a file for, and what to do where it does not fit.

    Attributes
    ----------
    reading
        How the file is to be read.
    missing
        What to do with a note of the split that the file does not have: refuse it, or score it 0.
    unknown
        What to do with notes that are not in the split, and codes that are no labels: refuse or drop them.
    logits
        Apply the sigmoid.
    system
        What the system is called; the file's name if None.

    """

    reading: Reading = field(default_factory=Reading)
    missing: Literal["error", "zero"] = "error"
    unknown: Literal["error", "drop"] = "error"
    logits: bool = False
    system: str | None = None


@dataclass(frozen=True, slots=True)
class _Fit:
    """The content of a file, and where its notes and codes belong.

    Attributes
    ----------
    labels
        The label of every code, -1 where there is none [codes].
    find
        Finds the labels of any other code.
    values
        Its scores; lists are in the order of the split and the labels already.

    """

    content: ForeignScores
    corpus: Corpus
    split: str
    notes: NoteMatch
    labels: IntArray
    find: Find
    values: Dense | Sparse

    def rows(self, *, logits: bool) -> Iterator[FloatArray]:
        """Yield the scores of every note of the split [labels]."""
        shape = len(self.notes.note_ids), len(self.corpus.codes)
        if isinstance(self.values, Sparse):
            scores = probability(self.values.values) if logits else self.values.values
            return sparse_rows(replace(self.values, values=scores), shape)
        change = probability if logits else None
        return dense_rows(self.values, self.notes.rows, self.labels, shape, change)

    def longest_list(self) -> int | None:
        """Return the highest number of scores of a note, or None if every note has all."""
        if isinstance(self.values, Dense):
            return None
        counts = np.bincount(self.values.notes, minlength=len(self.notes.note_ids))
        return None if (counts == len(self.corpus.codes)).all() else int(counts.max(initial=0))

    def lacking(self, labels: IntArray) -> int:
        """Return how many labels of the corpus are not among some, of which -1 is none."""
        return len(self.corpus.codes) - len(np.unique(labels[labels >= 0]))

    def unknown_labels(self) -> int | None:
        """Return how many labels the system cannot give, None where the file does not tell."""
        listed = self.content.label_list
        return (
            None if listed is None else self.lacking(match_codes(listed, self.corpus.codes, self.find).labels)
        )

    def gold(self) -> tuple[int, int] | tuple[None, None]:
        """Return in how many notes the gold codes were compared, and in how many they differ."""
        gold = self.content.gold
        if gold is None:
            return None, None
        return compare_gold(gold, self.notes.rows, self.labels, self.find, self.corpus, self.split)


def import_scores(
    path: Path | str,
    corpus: Corpus,
    split: str,
    out: Path | str,
    options: ImportOptions | None = None,
    *,
    force: bool = False,
    progress: Callable[[int], Any] | None = None,
) -> Findings:
    """Turn the scores of another system into a scores file for a split of a corpus.

    A code that a note has no score for scores 0.

    Parameters
    ----------
    path
        The file; its formats are those of `FORMATS`.
    out
        The scores file to write.
    progress
        Called with the number of notes written since it was last called.

    Returns
    -------
    Findings
        What was in the file. The scores file has it under ``imported``, and its warnings.

    Raises
    ------
    InputError
        If the file cannot be read, or does not fit the split; it names the record where it can.
    OutputError
        If ``out`` is occupied and ``force`` is false, or is the file itself, or the disk is full.

    """
    path, out, options = Path(path), Path(out), options or ImportOptions()
    check_free(out, force=force)
    if out.resolve() == path.resolve():
        raise OutputError("is the file to be read", path=out, remedy="Choose another place for the scores")
    with _errors_of(path):
        format, content = read_foreign(path, options.reading)
        fit = _fit(content, corpus, split, options, caml=format == "caml")
        findings = _findings(path, format, fit, logits=options.logits)
        _check_scale(findings)
    about = {
        "system": options.system or path.name.split(".")[0],
        "corpus": corpus.name,
        "corpus_fingerprint": corpus.fingerprint,
        "split": split,
        "synthetic": corpus.synthetic,
        "warnings": findings.warnings(),
        "imported": findings.as_json(),
    }
    rows = zip(fit.notes.note_ids, fit.rows(logits=options.logits), strict=True)
    write_scores(out, corpus.codes, _told(rows, progress), about, force=force)
    return findings


def _fit(content: ForeignScores, corpus: Corpus, split: str, options: ImportOptions, *, caml: bool) -> _Fit:
    if not content.notes:
        raise ScoresError("has no records", remedy="Check that it is the right file")
    notes = match_notes(content.notes, corpus, split, options.reading.by)
    find = CamlFinder(corpus.codes).find if caml else finder(content.codes, corpus.codes)
    codes = match_codes(content.codes, corpus.codes, find)
    # A file of which nothing fits is the wrong one, whatever may be dropped.
    if options.unknown == "error" or (notes.rows < 0).all():
        refuse_unknown_notes(notes, corpus, split)
    if options.unknown == "error" or (codes.labels < 0).all():
        refuse_unknown(codes, corpus.codes, corpus.name)
    if options.missing == "error":
        refuse_missing_notes(notes, split)
    values = content.values
    if isinstance(values, Dense):
        check_columns(codes.labels, content.codes, corpus.codes)
    else:
        values = merge_entries(values, notes.rows, codes.labels, highest=caml)
    return _Fit(content, corpus, split, notes, codes.labels, find, values)


def _findings(path: Path, format: str, fit: _Fit, *, logits: bool) -> Findings:
    lowest, highest = score_range(fit.content.values)
    compared, different = fit.gold()
    return Findings(
        file=path.name,
        sha256=_content_sha256(path),
        format=format,
        by=fit.notes.by,
        logits=logits,
        split=fit.split,
        notes=len(fit.notes.note_ids),
        labels=len(fit.corpus.codes),
        notes_in_file=len(fit.content.notes),
        notes_dropped=len(fit.notes.unknown),
        notes_without_scores=len(fit.notes.missing),
        codes_in_file=len(fit.content.codes),
        codes_dropped=int((fit.labels < 0).sum()),
        labels_without_scores=fit.lacking(fit.labels),
        labels_unknown=fit.unknown_labels(),
        longest_list=fit.longest_list(),
        lowest=lowest,
        highest=highest,
        gold_compared=compared,
        gold_different=different,
    )


def _check_scale(findings: Findings) -> None:
    """Refuse scores whose order would change on the way."""
    if findings.logits and 0 <= findings.lowest <= findings.highest <= 1:
        raise ScoresError("has scores from 0 to 1 alone, which are no logits", remedy="Leave out --logits")
    filled = (
        findings.longest_list is not None or findings.notes_without_scores or findings.labels_without_scores
    )
    if findings.lowest < 0 and filled and not findings.logits:
        raise ScoresError(
            f"has scores down to {findings.lowest:.4g}, and none for some notes and labels: these score 0, "
            "which is higher",
            remedy="Pass --logits if they are logits, or bring them to a scale from 0 on",
        )


@contextmanager
def _errors_of(path: Path) -> Iterator[None]:
    """Name the file in every error that names none."""
    try:
        yield
    except InputError as error:
        if error.path is not None:
            raise
        raise type(error)(error.found, path=path, row=error.row, remedy=error.remedy) from None


def _content_sha256(path: Path) -> str:
    """Return the SHA-256 of a file; of a folder, that of its files' in the order of their names."""
    if path.is_file():
        return sha256_of(path)
    files = sorted(path.rglob("*.json"))
    return hashlib.sha256("".join(map(sha256_of, files)).encode()).hexdigest()


def _told(
    rows: Iterator[tuple[str, FloatArray]], progress: Callable[[int], Any] | None
) -> Iterator[tuple[str, FloatArray]]:
    for row in rows:
        if progress is not None:
            progress(1)
        yield row
