"""Imports the scores of another system as a scores file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from clem_icd.corpus import Corpus
from clem_icd.errors import InputError, OutputError, ScoresError
from clem_icd.files import check_free, sha256_of
from clem_icd.scores.file import write_scores
from clem_icd.scores.imports.aligning import refuse_ranks, score_range, sum_remarks
from clem_icd.scores.imports.external import FloatArray
from clem_icd.scores.imports.findings import Findings
from clem_icd.scores.imports.formats import FileOptions, read_external
from clem_icd.scores.imports.matching import MatchedScores, match_scores


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How to read a file, and what to do where it does not match the corpus.

    Attributes
    ----------
    reading
        How to read the file.
    missing
        What to do with a note of the split that is missing from the file: refuse it, or score it 0.
    unknown
        What to do with notes that are not in the split and codes that are not labels: refuse or drop them.
    logits
        Apply the sigmoid.
    system
        The name of the system; by default that of the file.

    """

    reading: FileOptions = field(default_factory=FileOptions)
    missing: Literal["error", "zero"] = "error"
    unknown: Literal["error", "drop"] = "error"
    logits: bool = False
    system: str | None = None


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

    A code without a score for a note scores 0.

    Parameters
    ----------
    path
        The file, in one of the `FORMATS`.
    out
        The scores file to write.
    progress
        Called with the number of notes written since the last call.

    Returns
    -------
    Findings
        The content of the file and how it was used. The scores file stores it as ``imported``, with its
        warnings.

    Raises
    ------
    InputError
        If the file is malformed or does not match the split; the message gives the record if possible.
    OutputError
        If ``out`` exists and ``force`` is false, ``out`` is the file to read, or the disk is full.

    """
    path, out, options = Path(path), Path(out), options or ImportOptions()
    check_free(out, force=force)
    if out.resolve() == path.resolve():
        raise OutputError("is the file to be read", path=out, remedy="Choose another place for the scores")
    with _errors_naming(path):
        format, content = read_external(path, options.reading, {code.system for code in corpus.codes})
        matched = match_scores(
            content,
            corpus,
            split,
            by=options.reading.by,
            caml=format == "caml",
            zero_missing=options.missing == "zero",
            drop_unknown=options.unknown == "drop",
        )
        refuse_ranks(matched.content.values)
        findings = _findings(path, format, matched, logits=options.logits)
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
    rows = zip(matched.notes.note_ids, matched.rows(logits=options.logits), strict=True)
    write_scores(out, corpus.codes, _with_progress(rows, progress), about, force=force)
    return findings


def _findings(path: Path, format: str, matched: MatchedScores, *, logits: bool) -> Findings:
    lowest, highest = score_range(matched.content.values)
    compared, different = matched.gold()
    return Findings(
        file=path.name,
        sha256=_content_sha256(path),
        format=format,
        by=matched.notes.by,
        logits=logits,
        split=matched.split,
        notes=len(matched.notes.note_ids),
        labels=len(matched.corpus.codes),
        notes_in_file=len(matched.content.notes),
        notes_dropped=len(matched.notes.unknown),
        notes_without_scores=len(matched.notes.missing),
        codes_in_file=len(matched.content.codes),
        codes_dropped=int((matched.labels < 0).sum()),
        labels_without_scores=matched.labels_without_scores(),
        labels_unknown=matched.unknown_labels(),
        longest_list=matched.longest_list(),
        lowest=lowest,
        highest=highest,
        gold_compared=compared,
        gold_different=different,
        remarks=(*matched.content.remarks, *sum_remarks(matched.content.values)),
    )


def _check_scale(findings: Findings) -> None:
    """Refuse scores whose order would change during the import."""
    if findings.logits and 0 <= findings.lowest <= findings.highest <= 1:
        raise ScoresError(
            "has only scores between 0 and 1, which are not logits", remedy="Leave out --logits"
        )
    has_gaps = (
        findings.longest_list is not None or findings.notes_without_scores or findings.labels_without_scores
    )
    if findings.lowest < 0 and has_gaps and not findings.logits:
        raise ScoresError(
            f"has scores as low as {findings.lowest:.4g} but lacks some notes or labels, which would score 0 "
            "and rank higher",
            remedy="Pass --logits if the scores are logits, or rescale them to start at 0",
        )


@contextmanager
def _errors_naming(path: Path) -> Iterator[None]:
    """Name the file in every error that does not name one."""
    try:
        yield
    except InputError as error:
        if error.path is not None:
            raise
        raise type(error)(error.found, path=path, row=error.row, remedy=error.remedy) from None


def _content_sha256(path: Path) -> str:
    """Return the SHA-256 of a file; for a folder, that of its files' checksums, sorted by name."""
    if path.is_file():
        return sha256_of(path)
    files = sorted(path.rglob("*.json"))
    return hashlib.sha256("".join(map(sha256_of, files)).encode()).hexdigest()


def _with_progress(
    rows: Iterator[tuple[str, FloatArray]], progress: Callable[[int], Any] | None
) -> Iterator[tuple[str, FloatArray]]:
    for row in rows:
        if progress is not None:
            progress(1)
        yield row
