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
        Returns the probabilities for several variants of the ids [variants, labels].

    """

    def __init__(
        self,
        ids: Ids,
        mask_id: int,
        words: Sequence[Sequence[int]],
        offsets: npt.NDArray[np.int64],
        score: Callable[[Sequence[Ids]], Probabilities],
    ) -> None:
        self.ids = ids
        self.mask_id = mask_id
        self.words = words
        self.offsets = offsets
        self._score = score
        self._known: dict[bytes, Probabilities] = {}

    def probabilities(self, variants: Sequence[Ids]) -> Probabilities:
        """Return the probabilities for variants of the ids; each is scored once [variants, labels]."""
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
        """Free the probabilities."""
        self._known.clear()


def masked_note(system: System, info: ModelInfo, text: str, labels: Sequence[int]) -> MaskedNote:
    """Return a note whose words can be masked.

    A neural system reads the mask token of its tokenizer instead, so that all other tokens stay in their
    place. For any other system the characters of the word become blanks.

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
    words, chosen = words_of(text), list(labels)

    def score(variants: Sequence[Ids]) -> Probabilities:
        texts = [_blanked(text, words[variant < 0]) for variant in variants]
        return np.stack([scores.probabilities[chosen] for scores in system.score(texts)])

    groups = [[word] for word in range(len(words))]
    return MaskedNote(np.arange(len(words)), -1, groups, words, score)


def _blanked(text: str, words: npt.NDArray[np.int64]) -> str:
    characters = list(text)
    for begin, end in words.tolist():
        characters[begin:end] = " " * (end - begin)
    return "".join(characters)


def _neural(system: System, text: str, labels: list[int]) -> MaskedNote:
    import torch

    from clem_icd.modeling import NeuralSystem

    neural = cast(NeuralSystem, system)
    model: Any = neural.model
    tokenizer = neural.tokenizer
    [note] = neural.reading.read(tokenizer, [text], offsets=True)
    offsets: npt.NDArray[np.int64] = cast(Any, note.offsets)
    ids = note.ids.astype(np.int64)

    @torch.inference_mode()
    def score(variants: Sequence[Ids]) -> Probabilities:
        found = []
        at_once = max(1, neural.batch_tokens // len(ids))
        for first in range(0, len(variants), at_once):
            some = [variant.astype(np.int32) for variant in variants[first : first + at_once]]
            batch = neural.reading.arrange(some, tokenizer.pad_token_id)
            inputs = {name: tensor.to(model.device) for name, tensor in batch.items()}
            found.append(model(**inputs).logits[:, labels].float().sigmoid().cpu().numpy())
        return np.concatenate(found)

    words = words_of(text)
    groups = _tokens_of(words, offsets)
    read = [word for word, group in enumerate(groups) if group]
    mask_id = tokenizer.mask_token_id
    if mask_id is None:
        mask_id = tokenizer.pad_token_id
    return MaskedNote(ids, mask_id, [groups[word] for word in read], words[read], score)


def _tokens_of(words: npt.NDArray[np.int64], offsets: npt.NDArray[np.int64]) -> list[list[int]]:
    """Return the tokens that end in each word, as `word_shares` assigns them [words]."""
    groups: list[list[int]] = [[] for _ in words]
    if len(words):
        ends = offsets[:, 1]
        of_token = np.searchsorted(words[:, 0], ends, side="left") - 1
        for token, word in enumerate(of_token.tolist()):
            if word >= 0 and offsets[token, 0] < ends[token] <= words[word, 1]:
                groups[word].append(token)
    return groups
