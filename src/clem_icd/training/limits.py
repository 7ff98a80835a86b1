"""What the notes of a run cannot teach: labels without a training note, and text that is not read.

Both are known before the first step, are said then, and bound every result of the run.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase

from clem_icd.corpus import Corpus
from clem_icd.modeling.readings import Reading
from clem_icd.progress import Observer
from clem_icd.training.folder import RunFolder

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Cut:
    """How much of a split is not read.

    Attributes
    ----------
    notes, truncated
        Number of notes, and of those that are not read to the end.
    evidence, evidence_not_read
        Number of evidence spans, and of those that begin in text that is not read; None if the tokenizer does
        not provide the positions of its tokens.

    """

    notes: int
    truncated: int
    evidence: int
    evidence_not_read: int | None


def measure_cut(
    corpus: Corpus,
    split: str,
    truncated: Sequence[bool],
    tokenizer: PreTrainedTokenizerBase,
    reading: Reading,
) -> Cut:
    """Measure how much of a split is not read. Only truncated notes with evidence are tokenized, again.

    Parameters
    ----------
    truncated
        Which notes are not read to the end [notes].

    """
    spans = _evidence(corpus, split)
    cut = {row: spans[row] for row in np.flatnonzero(truncated).tolist() if row in spans}
    return Cut(
        notes=len(truncated),
        truncated=int(np.count_nonzero(truncated)),
        evidence=sum(map(len, spans.values())),
        evidence_not_read=_not_read(corpus, split, cut, tokenizer, reading),
    )


def report_limits(
    run: Path, train_counts: NDArray[np.int64], cuts: Mapping[str, Cut], max_tokens: int, observer: Observer
) -> None:
    """Say what is missing, if anything is, and record it in ``environment.json``.

    Parameters
    ----------
    run
        The run folder.
    train_counts
        Number of training notes with each label [labels].
    cuts
        What is not read of each split.
    max_tokens
        The most tokens of a note that are read.

    """
    unseen = int(np.count_nonzero(train_counts == 0))
    if unseen:
        have, them = ("has", "it") if unseen == 1 else ("have", "them")
        observer.say(
            f"{unseen:,} of {len(train_counts):,} labels {have} no note in train: "
            f"nothing is learned about {them}"
        )
    for split, cut in cuts.items():
        if cut.truncated:
            observer.say(_line(split, cut, max_tokens))
    splits = {split: asdict(cut) for split, cut in cuts.items()}
    RunFolder(run).record(limits={"labels_without_training_notes": unseen, **splits})


def _line(split: str, cut: Cut, max_tokens: int) -> str:
    notes, are = ("note", "is") if cut.truncated == 1 else ("notes", "are")
    line = f"{cut.truncated:,} {notes} of {split} {are} longer than {max_tokens:,} tokens and {are} truncated"
    if cut.evidence and cut.evidence_not_read is not None:
        share = 100 * cut.evidence_not_read / cut.evidence
        line += f"; {share:.1f} % of the evidence spans of {split} begin in text that is not read"
    return line


def _evidence(corpus: Corpus, split: str) -> dict[int, list[Span]]:
    """Return the evidence spans of a split by the row of their note, without notes that have none."""
    rows = (
        corpus.frame(split)
        .select("evidence")
        .with_row_index("note")
        .filter(pl.col("evidence").list.len() > 0)
        .explode("evidence")
        .unnest("evidence")
        .select("note", "begin", "end")
        .collect()
    )
    spans: dict[int, list[Span]] = defaultdict(list)
    for note, begin, end in rows.iter_rows():
        spans[note].append((begin, end))
    return spans


def _not_read(
    corpus: Corpus,
    split: str,
    spans: Mapping[int, Sequence[Span]],
    tokenizer: PreTrainedTokenizerBase,
    reading: Reading,
) -> int | None:
    """Count the spans of some notes, by row, that begin in text that is not read."""
    if not spans:
        return 0
    if not tokenizer.is_fast:
        return None

    def texts() -> Iterator[tuple[int, str]]:
        return ((row, text) for row, text in enumerate(corpus.texts(split)) if row in spans)

    # Blanks at the start of a span may be in no token.
    begins = [
        np.array([end - len(text[begin:end].lstrip()) for begin, end in spans[row]]) for row, text in texts()
    ]
    notes = reading.read(tokenizer, (text for _, text in texts()), offsets=True)
    return sum(
        int(np.count_nonzero(~_in_a_token(own, np.asarray(note.offsets))))
        for own, note in zip(begins, notes, strict=True)
    )


def _in_a_token(characters: NDArray[np.int64], offsets: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which characters are in a token that is read [characters].

    Parameters
    ----------
    offsets
        Begin and end of the tokens that are read, in order; empty for special tokens [tokens, 2].

    """
    begins, ends = offsets[offsets[:, 1] > offsets[:, 0]].T
    token = np.searchsorted(ends, characters, side="right")
    inside = token < len(begins)
    inside[inside] = begins[token[inside]] <= characters[inside]
    return inside
