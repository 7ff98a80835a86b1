"""Occlusion in two stages, for any neural system."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from clem_icd.explanation.methods.masking import Tokens, masked_logits
from clem_icd.explanation.methods.words_method import WordsMethod
from clem_icd.explanation.words import sentences_at
from clem_icd.modeling.neural import NeuralSystem
from clem_icd.modeling.readings import ReadNote


class Occlusion(WordsMethod):
    """The drop of the logit if a word is masked, for the words of the sentences that matter most.

    First every sentence is masked as a whole. Then, for each label, the words of the sentences whose masking
    lowers the logit most are masked one by one. The weight of a word is the logit of the note minus that of
    the note without the word (Zeiler and Fergus 2014; Occl@1 in Edin et al. 2024, there without the sign, and
    for every token). It is less than zero if the word speaks against the label, and 0 in other sentences: the
    drop of a sentence only selects its words.

    Words are replaced by the mask token, so positions stay the same; a tokenizer without one has its unknown
    token or, failing that, padding put in its place.

    It takes a forward pass per sentence and per word of the selected sentences, for all labels at once; a
    word that is selected for several labels is masked once. No gradients are needed, and memory is that of
    scoring.

    Attributes
    ----------
    sentences
        The sentences of which words are masked, for each label. More of them find weaker evidence.
    longest
        The most words of a sentence. A longer one, as in a note without full stops, is cut.
    most_sentences
        The most sentences that are masked. In a note with more of them, neighbours are masked together.

    """

    kind: Literal["occlusion"] = "occlusion"
    sentences: int = Field(default=4, ge=1, le=64)
    longest: int = Field(default=32, ge=1, le=512)
    most_sentences: int = Field(default=128, ge=1, le=4096)

    def word_weights(
        self,
        system: NeuralSystem,
        note: ReadNote,
        text: str,
        words: npt.NDArray[np.int64],
        tokens: Sequence[Tokens],
        labels: Sequence[int],
    ) -> npt.NDArray[np.float32]:
        """Return the weights [labels, words]."""
        weights = np.zeros((len(labels), len(words)), dtype=np.float32)
        if not len(words) or not len(labels):
            return weights
        sentences = self._sentences(text, words)
        [complete] = masked_logits(system, note.ids, [np.empty(0, dtype=np.int64)], labels)
        of_sentences = (np.concatenate([tokens[word] for word in sentence]) for sentence in sentences)
        # [labels, sentences]
        drops = (complete - masked_logits(system, note.ids, of_sentences, labels)).T
        best = np.argsort(-drops, axis=1, kind="stable")[:, : self.sentences]
        selected = np.unique(np.concatenate([sentences[sentence] for sentence in np.unique(best)]))
        drops = (complete - masked_logits(system, note.ids, (tokens[word] for word in selected), labels)).T
        for row, own in enumerate(best):
            among = np.isin(selected, np.concatenate([sentences[sentence] for sentence in own]))
            weights[row, selected[among]] = drops[row, among]
        return weights

    def _sentences(self, text: str, words: npt.NDArray[np.int64]) -> list[npt.NDArray[np.int64]]:
        """Return the words of each sentence; every word is in one of them [sentences]."""
        of_word = sentences_at(text, words[:, 0])
        whole = np.split(np.arange(len(words)), np.flatnonzero(np.diff(of_word)) + 1)
        pieces = [
            sentence[first : first + self.longest]
            for sentence in whole
            for first in range(0, len(sentence), self.longest)
        ]
        together = -(-len(pieces) // self.most_sentences)
        return [np.concatenate(pieces[first : first + together]) for first in range(0, len(pieces), together)]
