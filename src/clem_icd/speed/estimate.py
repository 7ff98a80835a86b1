"""What many notes would take and cost on this machine, from the seconds that notes of some lengths took."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from transformers import PreTrainedTokenizerBase

from clem_icd.corpus import Corpus
from clem_icd.errors import InputError
from clem_icd.modeling import count_tokens
from clem_icd.synthetic import USUAL_WORDS, summary_lengths

NOTES = 100_000
"""How many notes are estimated."""

_DRAWN = 10_000
_SEED = 0


@dataclass(frozen=True, slots=True)
class NoteLengths:
    """The lengths of notes like those that will be read.

    Attributes
    ----------
    source
        Where they are from, as a phrase.
    lengths
        In tokens, special tokens included, or in words for a system without tokens [notes].

    """

    source: str
    lengths: npt.NDArray[np.int64]


def corpus_lengths(corpus: Corpus, split: str, tokenizer: PreTrainedTokenizerBase | None) -> NoteLengths:
    """Return the lengths of the notes in a split.

    Raises
    ------
    CorpusError
        If the corpus has no such split.
    InputError
        If the split has no notes.

    """
    texts = corpus.texts(split)
    if tokenizer is None:
        lengths = np.fromiter((len(text.split()) for text in texts), dtype=np.int64)
    else:
        lengths = count_tokens(tokenizer, texts)
    if not len(lengths):
        raise InputError(f"{split} of {corpus.name} has no notes", remedy="Name a split with notes")
    name = f"{corpus.name}, synthetic" if corpus.synthetic else corpus.name
    return NoteLengths(f"the notes of {name}, {split}", lengths)


def usual_lengths(tokens_per_word: float) -> NoteLengths:
    """Return the lengths of discharge summaries in the synthetic hospital."""
    words = np.array(summary_lengths(_DRAWN, _SEED), dtype=np.int64)
    return NoteLengths(
        f"discharge summaries of the synthetic hospital, log-normal around {USUAL_WORDS:,} words",
        np.maximum(1, np.round(words * tokens_per_word)).astype(np.int64),
    )


def seconds_for(
    lengths: NoteLengths,
    per_note: Mapping[int, float],
    *,
    most: int | None,
    work: Callable[[int], float],
    notes: int = NOTES,
) -> float:
    """Return how many seconds notes of these lengths take.

    Between measured lengths, the time of a note is interpolated; below the shortest it is in proportion to
    the length, and beyond the longest to the work.

    Parameters
    ----------
    lengths
        The distribution of lengths.
    per_note
        Seconds per note, by the measured length.
    most
        The most of a note that is read; None for all.
    work
        From a length to the work of a note, in any unit.
    notes
        The number of notes.

    """
    read = lengths.lengths if most is None else np.minimum(lengths.lengths, most)
    points = {0: 0.0, **dict(sorted(per_note.items()))}
    last, longest = max(points), int(read.max(initial=0))
    if longest > last:
        points[longest] = points[last] * work(longest) / work(last)
    seconds = np.interp(read, list(points), list(points.values()))
    return float(seconds.mean()) * notes
