"""A fitted lexicon as a system that scores notes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from clem_icd.errors import ModelError
from clem_icd.icd import Code
from clem_icd.modeling.info import ModelInfo
from clem_icd.modeling.lexicon.arrays import Floats, Ints
from clem_icd.modeling.lexicon.knowledge import Knowledge
from clem_icd.modeling.lexicon.language import Language
from clem_icd.modeling.lexicon.proposals import Proposals, propose
from clem_icd.modeling.lexicon.ranking import Ranker
from clem_icd.modeling.lexicon.read_note import ReadNote, read_note
from clem_icd.modeling.lexicon.ridge import Ridge
from clem_icd.modeling.lexicon.stacking import FOLDER, Stacked, digest_of_labels, places_of
from clem_icd.modeling.lexicon.storage import Stored, read_lexicon, write_lexicon
from clem_icd.modeling.model_files import COPY_AGAIN
from clem_icd.modeling.system import NoteScores, Span, System

__all__ = ["LexiconSystem"]


@dataclass(frozen=True, eq=False)
class LexiconSystem:
    """A fitted lexicon.

    Attributes
    ----------
    language
        The language of the notes.
    knowledge, ridge, ranker
        What was learned.
    output
        The labels, as places in the code space; -1 for one that is not in it [labels].
    stacked
        Another system whose scores the trees see; None without one.

    """

    language: Language
    knowledge: Knowledge
    ridge: Ridge
    ranker: Ranker
    output: Ints
    stacked: Stacked | None = None

    def score(self, texts: Iterable[str]) -> Iterator[NoteScores]:
        """Yield the scores of every text, in order: the probability of what is proposed, 0 for all else."""
        for text in texts:
            proposals, probabilities, _ = self._judged(text)
            yield NoteScores(self._of_labels(proposals.codes, probabilities))

    def save(self, folder: Path) -> None:
        """Write the files of the lexicon into an existing folder."""
        if self.stacked is not None:
            self.stacked.save(folder)
        labels = None if self.stacked is None else digest_of_labels(self.stacked.info.labels)
        write_lexicon(
            Stored(self.language, self.knowledge, self.ridge, self.ranker, self.output, labels), folder
        )

    @classmethod
    def load(
        cls, folder: Path, labels: Sequence[Code], stacked: tuple[System, ModelInfo] | None = None
    ) -> LexiconSystem:
        """Open the files that `save` wrote.

        Parameters
        ----------
        folder
            The model folder.
        labels
            The labels that the system scores, in label order.
        stacked
            The model in the folder's `FOLDER`, where there is one.

        Raises
        ------
        ModelError
            If a file is missing or damaged, or the files do not match.
        MissingExtraError
            If LightGBM is not installed.

        """
        stored = read_lexicon(folder)
        codes = stored.knowledge.titles.codes
        if not np.array_equal(stored.output, places_of(labels, codes)):
            raise _other_labels(folder)
        if stored.stacked_labels != (None if stacked is None else digest_of_labels(stacked[1].labels)):
            raise _other_labels(folder / FOLDER)
        other = None if stacked is None else Stacked.of(*stacked, codes)
        return cls(stored.language, stored.knowledge, stored.ridge, stored.ranker, stored.output, other)

    def spans(self, text: str, labels: Sequence[int]) -> list[tuple[Span, ...]]:
        """Return the words that each label of a note rests on [labels].

        A label that is not proposed has none, and so has one that only the vocabulary as a whole proposes.
        The weight is the probability of the code.
        """
        proposals, probabilities, note = self._judged(text)
        row_of = {int(code): row for row, code in enumerate(proposals.codes)}
        rows = [row_of.get(int(self.output[label]), -1) for label in labels]
        return [() if row < 0 else _span(note, proposals, row, float(probabilities[row])) for row in rows]

    def _judged(self, text: str) -> tuple[Proposals, Floats, ReadNote]:
        note = read_note(text, self.language)
        proposals = propose(
            note,
            self.ridge.scores(note.words),
            self.ridge.learned,
            self.knowledge,
            None if self.stacked is None else self.stacked.opinion_of(text),
        )
        return proposals, self.ranker.probabilities(proposals.features), note

    def _of_labels(self, codes: Ints, probabilities: Floats) -> Floats:
        of_codes = np.zeros(len(self.knowledge.titles.codes) + 1, dtype=np.float32)
        of_codes[codes] = probabilities
        return of_codes[self.output]


def _other_labels(folder: Path) -> ModelError:
    return ModelError(
        "clem.json lists other labels than this lexicon was made for", path=folder, remedy=COPY_AGAIN
    )


def _span(note: ReadNote, proposals: Proposals, row: int, weight: float) -> tuple[Span, ...]:
    begin, end = int(proposals.begins[row]), int(proposals.ends[row])
    if begin == end:
        return ()
    return (Span(int(note.words.begins[begin]), int(note.words.ends[end - 1]), weight),)
