"""Texts with codes (names of codes, and notes), and the loss that matches them with code titles."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from clem_icd.icd import Code, CodeSystem, category, clinical_forms, default_codebook, leaf_codes
from clem_icd.modeling import pooled_texts
from clem_icd.pretraining.recipe import CodesFields
from clem_icd.pretraining.tokens import TokenFile

_MAX_INSERTED = 8  # names per text
_PIECE_TOKENS = (32, 256)  # length of the text around inserted names: minimum, and maximum plus one

_BPE_SPACE = "\N{LATIN CAPITAL LETTER G WITH DOT ABOVE}"
_WORDPIECE_CONTINUATION = "##"


@dataclass(frozen=True, slots=True)
class CodedNotes:
    """Tokens of notes, and the codes of each note."""

    tokens: TokenFile
    codes: Sequence[Sequence[Code]]


class CodedTexts:
    """Draws the texts of a step, and the titles of their codes.

    Parameters
    ----------
    tokenizer
        The encoder's tokenizer.
    fields
        The number of names, of texts with inserted names, and of notes per step.
    texts
        Texts; names are inserted into pieces of them.
    notes
        Notes with their codes; None if there are none.

    """

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerBase,
        fields: CodesFields,
        texts: TokenFile,
        notes: CodedNotes | None,
    ) -> None:
        self._tokenizer = tokenizer
        self._fields = fields
        self._texts = texts
        self._notes = notes
        self._opens_word = _word_openers(tokenizer)
        self._special = np.array(sorted(tokenizer.all_special_ids))

    def batch(self, random: np.random.Generator) -> dict[str, Any]:
        """Return texts, titles, and a 0/1 matrix of which title belongs to which text.

        Texts and titles are lists of token ids. Codes of notes that have no title are left out. The name of a
        code is one other than its title, if it has one.
        """
        named_codes = _draw_codes(random, self._fields.names)
        texts = self._encode([_other_name(code, random) for code in named_codes])
        codes: list[list[Code]] = [[code] for code in named_codes]
        for _ in range(self._fields.inserted):
            inserted = _draw_codes(random, int(random.integers(1, _MAX_INSERTED + 1)))
            texts.append(self._with_names(inserted, random))
            codes.append(inserted)
        if self._notes is not None and self._fields.notes:
            for number in random.integers(0, len(self._notes.tokens), self._fields.notes):
                texts.append(self._notes.tokens.text(int(number)))
                codes.append([code for code in self._notes.codes[int(number)] if _title(code)])
        titled = sorted({code for of_text in codes for code in of_text})
        column = {code: number for number, code in enumerate(titled)}
        targets = np.zeros((len(texts), len(titled)), dtype=np.bool_)
        for row, of_text in enumerate(codes):
            targets[row, [column[code] for code in of_text]] = True
        return {
            "texts": [torch.from_numpy(ids) for ids in texts],
            "titles": [
                torch.from_numpy(ids) for ids in self._encode([_title(code) or "" for code in titled])
            ],
            "targets": torch.from_numpy(targets),
            "names": len(named_codes),
        }

    def _with_names(self, codes: Sequence[Code], random: np.random.Generator) -> npt.NDArray[np.int64]:
        """Return a piece of text with a name of every code inserted between words."""
        length = min(int(random.integers(*_PIECE_TOKENS)), self._texts.size)
        begin = int(random.integers(0, self._texts.size - length + 1))
        piece = self._texts.piece(begin, begin + length)
        piece = piece[~np.isin(piece, self._special)]
        words = np.flatnonzero(self._opens_word[piece])
        places = np.sort(random.choice(words, len(codes))) if len(words) else np.zeros(len(codes), np.int64)
        # With a leading space, which begins a word in most vocabularies.
        names = self._encode([f" {_any_name(code, random)}" for code in codes])
        parts: list[npt.NDArray[np.int64]] = [names[0][:1]]
        before = 0
        for place, name in zip(places, names, strict=True):
            parts += [piece[before:place], name[1:-1]]
            before = int(place)
        return np.concatenate([*parts, piece[before:], names[0][-1:]])

    def _encode(self, texts: Sequence[str]) -> list[npt.NDArray[np.int64]]:
        if not texts:
            return []
        encoded = self._tokenizer(list(texts), return_attention_mask=False, verbose=False)
        return [np.array(ids, dtype=np.int64) for ids in encoded["input_ids"]]


def codes_loss(model: PreTrainedModel, batch: dict[str, Any], temperature: float, pad: int) -> torch.Tensor:
    """Return the contrastive loss of texts and titles: its mean over names plus its mean over other texts.

    For every code of a text, it is the cross-entropy of the code's title against the titles of the batch that
    do not belong to the text. Scores are cosines of pooled vectors, divided by a temperature (InfoNCE, van
    den Oord et al. 2018; with several positives as in Khosla et al. 2020, 3.2.2, except that they are not
    among each other's negatives).

    Parameters
    ----------
    model
        The encoder, with any head.
    batch
        A batch from `CodedTexts.batch`.
    temperature
        Divisor of the cosines.
    pad
        The id of the padding token.

    """
    if not batch["titles"]:  # no text of the batch has a code with a title
        return 0.0 * next(model.parameters()).sum()
    titles = _directions(model, batch["titles"], pad)
    texts = _directions(model, batch["texts"], pad)
    scores = texts @ titles.T / temperature
    targets = batch["targets"].to(scores.device)
    negatives = scores.masked_fill(targets, -torch.inf).logsumexp(dim=1, keepdim=True)
    pairs = torch.nn.functional.softplus(negatives - scores).masked_fill(~targets, 0.0)
    counts = targets.sum(dim=1)
    losses = pairs.sum(dim=1)[counts > 0] / counts[counts > 0]
    names = int(batch["names"])
    parts = [part.mean() for part in (losses[:names], losses[names:]) if len(part)]
    return torch.stack(parts).sum()


def _directions(model: PreTrainedModel, texts: Sequence[torch.Tensor], pad: int) -> torch.Tensor:
    return torch.nn.functional.normalize(pooled_texts(model, texts, pad).float(), dim=-1)


@functools.cache
def _codes_by_category() -> list[list[str]]:
    groups: dict[str, list[str]] = {}
    for code in leaf_codes():
        groups.setdefault(category(code, CodeSystem.ICD10CM), []).append(code)
    return list(groups.values())


def _draw_codes(random: np.random.Generator, count: int) -> list[Code]:
    """Draw at most ``count`` distinct billable codes: a random category each, then one of its codes.

    Two thirds of the billable codes are injuries and external causes, which differ only in side and
    encounter; drawing from all codes alike would mostly yield those.
    """
    groups = _codes_by_category()
    drawn: dict[Code, None] = {}
    for number in random.integers(0, len(groups), count):
        group = groups[int(number)]
        drawn[Code(group[int(random.integers(0, len(group)))], CodeSystem.ICD10CM)] = None
    return list(drawn)


def _title(code: Code) -> str | None:
    return default_codebook().title(code.value, code.system)


@functools.lru_cache(maxsize=100_000)
def _names(code: Code) -> tuple[str, ...]:
    return tuple(clinical_forms(code.value))


def _any_name(code: Code, random: np.random.Generator) -> str:
    names = _names(code)
    return names[int(random.integers(0, len(names)))]


def _word_openers(tokenizer: PreTrainedTokenizerBase) -> npt.NDArray[np.bool_]:
    """Return which tokens begin a word, by the conventions of BPE or else WordPiece [vocabulary]."""
    tokens = tokenizer.convert_ids_to_tokens(list(range(len(tokenizer))))
    if any(token.startswith(_BPE_SPACE) for token in tokens):
        return np.array([token.startswith(_BPE_SPACE) for token in tokens])
    return np.array([not token.startswith(_WORDPIECE_CONTINUATION) for token in tokens])


def _other_name(code: Code, random: np.random.Generator) -> str:
    names = _names(code)
    return names[int(random.integers(1, len(names)))] if len(names) > 1 else names[0]
