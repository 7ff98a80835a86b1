"""Notes whose words can be masked, and the probabilities of the codes without them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from clem_icd.explanation.words import words_of
from clem_icd.modeling import ModelInfo, System

Ids = npt.NDArray[np.int64]
Probabilities = npt.NDArray[np.float32]
LogOdds = npt.NDArray[np.floating[Any]]


class MaskedNote:
    """One note, as a system scores it with some of its words masked.

    Parameters
    ----------
    ids
        The tokens of the note [tokens].
    mask_id
        What a masked token is replaced by.
    words
        The positions of the tokens of each word that was read, in text order [words].
    offsets
        The begin and end of each of these words in the raw text [words, 2].
    score
        Returns the log-odds for several variants of the ids [variants, labels].

    """

    def __init__(
        self,
        ids: Ids,
        mask_id: int,
        words: Sequence[Sequence[int]],
        offsets: npt.NDArray[np.int64],
        score: Callable[[Sequence[Ids]], LogOdds],
    ) -> None:
        self.ids = ids
        self.mask_id = mask_id
        self.words = words
        self.offsets = offsets
        self._score = score
        self._known: dict[bytes, LogOdds] = {}

    def probabilities(self, variants: Sequence[Ids]) -> Probabilities:
        """Return the probabilities for variants of the ids [variants, labels]."""
        from scipy.special import expit

        found: Probabilities = expit(self.log_odds(variants)).astype(np.float32)
        return found

    def log_odds(self, variants: Sequence[Ids]) -> LogOdds:
        """Return the log-odds for variants of the ids; each is scored once [variants, labels].

        Those of a neural system are its logits: probabilities of nearly 1 are rounded to equal numbers. Those
        of any other system are infinite where its probability is rounded to 0 or 1.
        """
        new = {variant.tobytes(): variant for variant in variants if variant.tobytes() not in self._known}
        if new:
            self._known.update(zip(new, self._score(list(new.values())), strict=True))
        return np.stack([self._known[variant.tobytes()] for variant in variants])

    def without(self, words: Sequence[int]) -> Ids:
        """Return the ids with some words masked, given by their positions."""
        variant = self.ids.copy()
        for word in words:
            variant[list(self.words[word])] = self.mask_id
        return variant

    def forget(self) -> None:
        """Free the log-odds."""
        self._known.clear()


def masked_note(system: System, info: ModelInfo, text: str, labels: Sequence[int]) -> MaskedNote:
    """Return a note whose words can be masked.

    A neural system reads the mask token of its tokenizer instead (or what stands for it), so that all other
    tokens stay in their place. A token that also covers a closing bracket or the like goes with its word. For
    any other system the characters of the word become blanks.

    Parameters
    ----------
    system, info
        The result of `load_model`.
    text
        The raw note.
    labels
        The labels to score, by their places in the label space.

    Raises
    ------
    ModelError
        If the tokenizer does not provide the positions of its tokens in the text.

    """
    if info.system == "neural":
        return _neural(system, text, list(labels))
    from scipy.special import logit

    words, chosen = words_of(text), list(labels)

    def score(variants: Sequence[Ids]) -> LogOdds:
        texts = [_blanked(text, words[variant < 0]) for variant in variants]
        found = np.stack([scores.probabilities[chosen] for scores in system.score(texts)])
        odds: LogOdds = logit(found.astype(np.float64))
        return odds

    groups = [[word] for word in range(len(words))]
    return MaskedNote(np.arange(len(words)), -1, groups, words, score)


def _blanked(text: str, words: npt.NDArray[np.int64]) -> str:
    characters = list(text)
    for begin, end in words.tolist():
        characters[begin:end] = " " * (end - begin)
    return "".join(characters)


def _neural(system: System, text: str, labels: list[int]) -> MaskedNote:
    from clem_icd.explanation.methods.masking import mask_id, variant_logits
    from clem_icd.explanation.methods.words_method import words_with_tokens
    from clem_icd.modeling import NeuralSystem

    neural = cast(NeuralSystem, system)
    note = neural.read(text)
    ids = note.ids.astype(np.int64)

    def score(variants: Sequence[Ids]) -> LogOdds:
        return variant_logits(neural, variants, len(ids), labels)

    # As `word_shares`: a word that the limit of the reading cuts has no share.
    words = words_of(text)
    words = words[words[:, 1] <= note.end_in(text)]
    words, tokens = words_with_tokens(words, cast(Any, note.offsets))
    return MaskedNote(ids, mask_id(neural.tokenizer), [own.tolist() for own in tokens], words, score)
