"""Synthetic twins of training notes, made of the names of their codes (GKI-ICD, Zhang et al. 2025).

A twin names each code of its note once: the chapter and the category of the code, then its title or one of
its synonyms, at random. The title takes part because GKI-ICD's lists of synonyms contain it. The codes are in
random order, so a twin teaches names, not how notes are written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field
from torch.utils.data import Dataset
from transformers import PreTrainedTokenizerBase

from clem_icd.errors import RecipeError
from clem_icd.fields import Fields
from clem_icd.icd import Code, Codebook, CodeSystem, category, chapter, default_codebook, inclusion_terms
from clem_icd.modeling.inputs import TokenizedNotes
from clem_icd.modeling.labels import LabelSpace
from clem_icd.modeling.readings import Reading
from clem_icd.tabular import count_sentences
from clem_icd.training.evidence_tokens import NotesWithEvidence
from clem_icd.training.synonyms import Synonyms, fingerprint_of, read_synonyms

_OMITTED = {
    "unnamed": (
        "code has neither a synonym nor a title: synthetic notes leave it out",
        "codes have neither a synonym nor a title: synthetic notes leave them out",
    ),
    "others": (
        "code with synonyms is not in the corpus",
        "codes with synonyms are not in the corpus",
    ),
}

# Keeps the random numbers of twins apart from those of the order of notes.
_STREAM = 1


class SyntheticNotes(Fields):
    """What twins are made of.

    Attributes
    ----------
    synonyms
        A file of synonyms (`read_synonyms`). The synonyms of a code that has none in it, and of every code
        if there is no file, are its inclusion terms in ICD-10-CM.
    hierarchy
        Whether the chapter and the category of a code precede its name.

    """

    synonyms: str | None = Field(default=None, min_length=1)
    hierarchy: bool = True

    def names(self, labels: LabelSpace) -> Names:
        """Return the names of all codes.

        Raises
        ------
        RecipeError
            If no code has a name.
        SourceError
            If the file of synonyms is missing or malformed.

        """
        read = Synonyms({}, 0) if self.synonyms is None else read_synonyms(Path(self.synonyms), labels.codes)
        synonyms = [read.of_codes.get(code) or _inclusion_terms(code) for code in labels.codes]
        names = [
            tuple(dict.fromkeys([*([title] if title else []), *own]))
            for own, title in zip(synonyms, labels.titles, strict=True)
        ]
        if not any(names):
            raise RecipeError(
                "training.synthetic_notes names codes, but none of the "
                f"{len(names):,} codes has a title or a synonym",
                remedy="Prepare the corpus again with --titles, or set training.synthetic_notes.synonyms",
            )
        above = _titles_above(labels) if self.hierarchy else [[] for _ in names]
        whole = tuple(
            tuple(", ".join([*titles, name]) for name in own)
            for titles, own in zip(above, names, strict=True)
        )
        return Names(whole, sum(map(bool, synonyms)), read.others)

    def fingerprint(self) -> str | None:
        """Return the SHA-256 of the file of synonyms; None if there is no file.

        Raises
        ------
        SourceError
            If it is missing.

        """
        return None if self.synonyms is None else fingerprint_of(Path(self.synonyms))


@dataclass(frozen=True)
class Names:
    """The names of each label, the titles above it included.

    Attributes
    ----------
    of_labels
        The names of each label; none if it has neither a synonym nor a title [labels].
    with_synonyms
        Number of labels with a synonym.
    others
        Number of codes in the file of synonyms that are not labels.

    """

    of_labels: tuple[tuple[str, ...], ...]
    with_synonyms: int
    others: int

    def sentences(self) -> list[str]:
        """Say how many labels have synonyms, what becomes of the others, and what was not used."""
        labels = len(self.of_labels)
        unnamed = sum(not names for names in self.of_labels)
        if self.with_synonyms:
            rest = "" if self.with_synonyms + unnamed == labels else "; titles alone for the others"
            found = [f"Synonyms for {self.with_synonyms:,} of {labels:,} codes{rest}"]
        else:
            found = [f"No synonyms for any of the {labels:,} codes: synthetic notes are made of titles alone"]
        return found + count_sentences({"unnamed": unnamed, "others": self.others}, _OMITTED)


class Twins:
    """Composes the twin of a note.

    Parameters
    ----------
    names
        The names of each label, tokenized once, here.
    tokenizer, reading
        How notes are tokenized and cut.
    seed
        The seed of the run.

    """

    def __init__(self, names: Names, tokenizer: PreTrainedTokenizerBase, reading: Reading, seed: int) -> None:
        # How many tokens are read beside the special ones, however long a text is.
        self._room = len(np.unique(reading.kept(10**6))) - 2
        self._reading = reading
        self._seed = seed
        # With a leading space, which begins a word in most vocabularies.
        texts = ["", *(f" {name}." for names_ in names.of_labels for name in names_)]
        encoded = tokenizer(texts, return_attention_mask=False, return_token_type_ids=False, verbose=False)
        ids = [np.asarray(one, dtype=np.int32) for one in encoded["input_ids"]]
        self._opening, self._closing = ids[0][:1], ids[0][-1:]
        pieces = iter(one[1:-1] for one in ids[1:])
        self._pieces = [[next(pieces) for _ in names_] for names_ in names.of_labels]

    def of(self, labels: npt.NDArray[np.int64], epoch: int, row: int) -> dict[str, Any]:
        """Return the token ids of a twin and its labels: those of the note that have a name, and room in it.

        The twin depends on the seed, the epoch and the note alone, and so not on what was drawn before.

        Parameters
        ----------
        labels
            The labels of the note.
        epoch, row
            The epoch, from 0, and the row of the note in training.

        """
        random = np.random.default_rng([_STREAM, self._seed, epoch, row])
        named = np.array([label for label in labels if self._pieces[label]], dtype=np.int64)
        chosen = [self._pieces[label][random.integers(len(self._pieces[label]))] for label in named]
        order = random.permutation(len(chosen))
        # A name that would be cut off would not teach its code.
        ends = np.cumsum([len(chosen[place]) for place in order])
        order = order[: np.searchsorted(ends, self._room, side="right")]
        ids = np.concatenate([self._opening, *(chosen[place] for place in order), self._closing])
        return {"input_ids": ids[self._reading.kept(len(ids))], "labels": named[np.sort(order)]}


class NotesWithTwins(Dataset[dict[str, Any]]):
    """Training notes, each with its twin of an epoch.

    An item is found by epoch and row, so a process that loads items needs to know nothing else. A row alone
    is of the first epoch.
    """

    def __init__(self, notes: TokenizedNotes | NotesWithEvidence, twins: Twins) -> None:
        self._notes = notes
        self._twins = twins
        self.lengths = notes.lengths

    def __len__(self) -> int:
        return len(self._notes)

    def __getitem__(self, place: tuple[int, int] | int) -> dict[str, Any]:
        epoch, row = (0, place) if isinstance(place, int) else place
        item = self._notes[row]
        return {**item, "twin": self._twins.of(item["labels"], epoch, row)}


def with_twins(
    collate: Callable[[Sequence[dict[str, Any]]], dict[str, torch.Tensor]],
) -> Callable[[Sequence[dict[str, Any]]], dict[str, Any]]:
    """Return a collator that adds the batch of ``twins`` to the batch of notes, if they have any."""

    def collate_both(items: Sequence[dict[str, Any]]) -> dict[str, Any]:
        batch: dict[str, Any] = dict(collate(items))
        if "twin" in items[0]:
            batch["twins"] = collate([item["twin"] for item in items])
        return batch

    return collate_both


def _inclusion_terms(code: Code) -> tuple[str, ...]:
    return tuple(inclusion_terms(code.value)) if code.system is CodeSystem.ICD10CM else ()


def _titles_above(labels: LabelSpace) -> list[list[str]]:
    """Return the titles of each label's chapter and category, where they are known [labels]."""
    titles = {code: title for code, title in zip(labels.codes, labels.titles, strict=True) if title}
    codebook = default_codebook().extended(titles)
    return [[*_of_chapter(code), *_of_category(code, codebook)] for code in labels.codes]


def _of_chapter(code: Code) -> list[str]:
    title = chapter(code.value, code.system)
    return [] if title is None else [title.rpartition(" (")[0]]  # without its range


def _of_category(code: Code, codebook: Codebook) -> list[str]:
    above = category(code.value, code.system)
    title = None if above == code.value else codebook.title(above, code.system)
    return [] if title is None else [title]
