"""Texts and their codes: names of codes, and notes; and what a model is to learn of them."""

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
from clem_icd.modeling import context_of, pooled_texts
from clem_icd.pretraining.recipe import CodesFields
from clem_icd.pretraining.tokens import TokenFile

# Into a text, and the fewest and most tokens that it has without them.
_MOST_INSERTED = 8
_PIECE = (32, 256)


@dataclass(frozen=True, slots=True)
class CodedNotes:
    """Tokens of notes, and which codes each has."""

    tokens: TokenFile
    codes: Sequence[Sequence[Code]]


class CodedTexts:
    """Draws the texts of a step, and the titles of the codes among which those of each are to be found.

    Parameters
    ----------
    tokenizer
        Of the encoder.
    fields
        How many names of codes, texts with inserted names, and notes there are a step.
    texts
        What names are inserted into pieces of.
    notes
        Where the notes are from; None if there are none.

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
        """Return texts, titles, and which title is of which text, as lists of token ids and a 0/1 matrix.

        A note's codes without a title are not asked for. A code is asked for by its title, and named by
        another of its names where it has one.
        """
        named = _draw_codes(random, self._fields.names)
        texts = self._encode([_other_name(code, random) for code in named])
        codes: list[list[Code]] = [[code] for code in named]
        for _ in range(self._fields.inserted):
            inside = _draw_codes(random, int(random.integers(1, _MOST_INSERTED + 1)))
            texts.append(self._with_names(inside, random))
            codes.append(inside)
        if self._notes is not None and self._fields.notes:
            for number in random.integers(0, len(self._notes.tokens), self._fields.notes):
                texts.append(self._notes.tokens.text(int(number)))
                codes.append([code for code in self._notes.codes[int(number)] if _title(code)])
        asked = sorted({code for some in codes for code in some})
        column = {code: number for number, code in enumerate(asked)}
        targets = np.zeros((len(texts), len(asked)), dtype=np.bool_)
        for row, some in enumerate(codes):
            targets[row, [column[code] for code in some]] = True
        return {
            "texts": [torch.from_numpy(ids) for ids in texts],
            "titles": [torch.from_numpy(ids) for ids in self._encode([_title(code) or "" for code in asked])],
            "targets": torch.from_numpy(targets),
            "names": len(named),
        }

    def _with_names(self, codes: Sequence[Code], random: np.random.Generator) -> npt.NDArray[np.int64]:
        """Return a piece of some text, with a name of every code between two of its words."""
        length = min(int(random.integers(*_PIECE)), self._texts.size)
        begin = int(random.integers(0, self._texts.size - length + 1))
        piece = self._texts.piece(begin, begin + length)
        piece = piece[~np.isin(piece, self._special)]
        words = np.flatnonzero(self._opens_word[piece])
        places = np.sort(random.choice(words, len(codes))) if len(words) else np.zeros(len(codes), np.int64)
        # A blank before it, since a word begins with one in most vocabularies.
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
    """Return how badly texts find the titles of their codes: the mean over names, and that over all others.

    For every code of a text, the cross-entropy of its title among the titles of the batch that are not of
    this text, by the cosine of pooled vectors over a temperature (van den Oord et al. 2018, InfoNCE; with
    several positives as Khosla et al. 2020, 3.2.2, but none of them among the others).

    Parameters
    ----------
    batch
        What `CodedTexts.batch` returns.
    temperature
        Of the cosines.
    pad
        The token that shorter texts are filled up with.

    """
    if not batch["titles"]:  # all notes of the step have codes without titles only
        return 0.0 * next(model.parameters()).sum()
    titles = _vectors(model, batch["titles"], pad)
    texts = _vectors(model, batch["texts"], pad)
    similar = texts @ titles.T / temperature
    targets = batch["targets"].to(similar.device)
    others = similar.masked_fill(targets, -torch.inf).logsumexp(dim=1, keepdim=True)
    of_each = torch.nn.functional.softplus(others - similar).masked_fill(~targets, 0.0)
    counts = targets.sum(dim=1)
    losses = of_each.sum(dim=1)[counts > 0] / counts[counts > 0]
    names = int(batch["names"])
    parts = [part.mean() for part in (losses[:names], losses[names:]) if len(part)]
    return torch.stack(parts).sum()


def _vectors(model: PreTrainedModel, texts: Sequence[torch.Tensor], pad: int) -> torch.Tensor:
    context = context_of(model)
    # The closing special token stays last, as tokenizers do when they truncate.
    texts = [
        text if context is None or len(text) <= context else torch.cat([text[: context - 1], text[-1:]])
        for text in texts
    ]
    return torch.nn.functional.normalize(pooled_texts(model, texts, pad).float(), dim=-1)


@functools.cache
def _codes_by_category() -> list[list[str]]:
    groups: dict[str, list[str]] = {}
    for code in leaf_codes():
        groups.setdefault(category(code, CodeSystem.ICD10CM), []).append(code)
    return list(groups.values())


def _draw_codes(random: np.random.Generator, count: int) -> list[Code]:
    """Return different billable codes: a category at random, then one of its codes.

    Two in three billable codes are injuries and external causes, told apart by side and encounter.
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
    """Return which tokens begin a word [vocabulary]: those after a blank, or that continue nothing."""
    tokens = tokenizer.convert_ids_to_tokens(list(range(len(tokenizer))))
    blank = any(token.startswith("\N{LATIN CAPITAL LETTER G WITH DOT ABOVE}") for token in tokens)
    return np.array(
        [
            token.startswith("\N{LATIN CAPITAL LETTER G WITH DOT ABOVE}")
            if blank
            else not token.startswith("##")
            for token in tokens
        ]
    )


def _other_name(code: Code, random: np.random.Generator) -> str:
    names = _names(code)
    return names[int(random.integers(1, len(names)))] if len(names) > 1 else names[0]
