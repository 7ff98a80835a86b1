"""The plain dictionary: phrases that training notes connect with codes, looked up word by word.

The baseline that every table on CodiEsp needs. A code scores the share of training notes with the phrase that
have the code; of several phrases, the highest share counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save_file

from clem_icd.errors import ModelError
from clem_icd.modeling.lexicon.arrays import Floats, Ints, Numbers, best_rows, members_of
from clem_icd.modeling.lexicon.language import LANGUAGES, Language
from clem_icd.modeling.lexicon.phrases import exact_matches, nested
from clem_icd.modeling.lexicon.seal import read_options, write_options
from clem_icd.modeling.lexicon.words import Words, read_words
from clem_icd.modeling.model_files import COPY_AGAIN, read_arrays
from clem_icd.modeling.system import NoteScores, Span

__all__ = ["DictionarySystem"]

_ARRAYS = "dictionary.safetensors"
_OPTIONS = "dictionary.json"


@dataclass(frozen=True, eq=False)
class DictionarySystem:
    """A dictionary.

    Attributes
    ----------
    language
        The language of the notes.
    longest_match
        Whether a phrase inside a longer one is ignored.
    labels
        The number of labels.
    numbers
        The number of each phrase, ascending [phrases].
    starts, columns, shares
        The labels of each phrase and their shares: those of a phrase begin at its start
        [phrases + 1], [pairs], [pairs].
    longest
        The words of the longest phrase.

    """

    language: Language
    longest_match: bool
    labels: int
    numbers: Numbers
    starts: Ints
    columns: Ints
    shares: Floats
    longest: int

    def score(self, texts: Iterable[str]) -> Iterator[NoteScores]:
        """Yield the scores of every text, in order; 0 for a label without any phrase."""
        for text in texts:
            matched = self.look_up(read_words(text, self.language))
            probabilities = np.zeros(self.labels, dtype=np.float32)
            probabilities[matched.columns] = matched.shares
            yield NoteScores(probabilities)

    def spans(self, text: str, labels: Sequence[int]) -> list[tuple[Span, ...]]:
        """Return the phrase that each label rests on, with its share as the weight [labels]."""
        words = read_words(text, self.language)
        matched = self.look_up(words)
        found = {
            int(column): Span(int(words.begins[begin]), int(words.ends[end - 1]), float(share))
            for column, share, begin, end in zip(*matched, strict=True)
        }
        return [(found[label],) if label in found else () for label in labels]

    def look_up(self, words: Words) -> _Entries:
        """Return the best phrase of every label that has any in a note."""
        matches = exact_matches(self.numbers, words, self.longest)
        if self.longest_match:
            matches = matches.rows(np.flatnonzero(~nested(matches)))
        of_match, pairs = members_of(self.starts, matches.phrases)
        best = best_rows(self.columns[pairs], self.shares[pairs])
        chosen = of_match[best]
        return _Entries(
            self.columns[pairs[best]], self.shares[pairs[best]], matches.begins[chosen], matches.ends[chosen]
        )

    def save(self, folder: Path) -> None:
        """Write the files of the dictionary into an existing folder."""
        arrays: dict[str, npt.NDArray[Any]] = {
            "numbers": self.numbers,
            "starts": self.starts,
            "columns": self.columns,
            "shares": self.shares,
        }
        save_file(arrays, folder / _ARRAYS)
        options = {
            "language": self.language,
            "longest_match": self.longest_match,
            "labels": self.labels,
            "longest": self.longest,
        }
        write_options(folder / _OPTIONS, options, [_ARRAYS])

    @classmethod
    def load(cls, folder: Path, labels: int) -> DictionarySystem:
        """Open the files that `save` wrote.

        Raises
        ------
        ModelError
            If a file is missing or damaged, or they do not match.

        """
        keys = ("language", "longest_match", "labels", "longest")
        options = read_options(folder / _OPTIONS, [_ARRAYS], keys)
        arrays = read_arrays(folder / _ARRAYS)
        try:
            system = cls(
                options["language"],
                bool(options["longest_match"]),
                int(options["labels"]),
                arrays["numbers"],
                arrays["starts"],
                arrays["columns"],
                arrays["shares"],
                int(options["longest"]),
            )
            system._check(labels)
        except (KeyError, TypeError, ValueError, IndexError) as problem:
            raise ModelError(
                f"{_OPTIONS} and {_ARRAYS} are damaged, or do not match clem.json ({type(problem).__name__})",
                path=folder,
                remedy=COPY_AGAIN,
            ) from problem
        return system

    def _check(self, labels: int) -> None:
        if self.language not in LANGUAGES:
            raise ValueError("unknown language")
        if self.labels != labels:
            raise ValueError("clem.json lists other labels")
        pairs = len(self.columns)
        if len(self.starts) != len(self.numbers) + 1 or int(self.starts[-1]) != pairs:
            raise ValueError("the phrases have other labels")
        if len(self.shares) != pairs:
            raise ValueError("the arrays have different lengths")
        if pairs and not 0 <= int(self.columns.min()) <= int(self.columns.max()) < self.labels:
            raise ValueError("a label is out of range")


class _Entries(NamedTuple):
    """The label, the share, and the words of phrases [entries]."""

    columns: Ints
    shares: Floats
    begins: Ints
    ends: Ints
