"""What a neural model is compared with: the stock pipeline of transformers, and PLM-ICD's reading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from transformers import PreTrainedConfig

from clem_icd.modeling import PooledHead, Reading, SegmentsReading, WholeReading, context_of
from clem_icd.modeling.precision import check_precision
from clem_icd.speed.contender import Contender, Here, Scorer, scorer_of
from clem_icd.speed.flops import Products
from clem_icd.speed.model import Model
from clem_icd.speed.plm_icd import (
    PLM_ICD_TOKENS,
    ROBERTA_VOCABULARY,
    SEGMENT_TOKENS,
    plm_icd_config,
    plm_icd_system,
    same_size_encoder,
)
from clem_icd.speed.settings import PRECISIONS
from clem_icd.speed.stock import stock_config, stock_scorer


@dataclass(frozen=True)
class Rival(Contender):
    """What a neural model is compared with."""

    name: ClassVar[str]

    @property
    def key(self) -> str:
        """Its name in results."""
        return self.name

    @property
    def reading(self) -> Reading:
        """How it reads a note."""
        raise NotImplementedError

    @property
    def most(self) -> int | None:
        """The most tokens of a note that it reads."""
        return self.reading.max_tokens

    @property
    def config(self) -> PreTrainedConfig:
        """The config of its model."""
        raise NotImplementedError

    @cached_property
    def products(self) -> Products | None:
        """The products of its model."""
        return Products(self.config, self.reading)

    @property
    def labels(self) -> int:
        """The number of labels."""
        return len(self.model.info.labels)


@dataclass(frozen=True)
class Stock(Rival):
    """Transformers alone: SDPA over all pairs, notes padded to the longest, PyTorch's linear layers."""

    name: ClassVar[str] = "stock"

    @property
    def has_same_weights(self) -> bool:
        """Whether it is the same model: with a pooled head, the checkpoint loads without this package."""
        return self.model.architecture is not None and isinstance(self.model.architecture.head, PooledHead)

    @property
    def about(self) -> str:
        """What it is, as a phrase."""
        which = "the same weights" if self.has_same_weights else "its encoder under the stock head"
        return f"transformers alone with {which}: fp32, SDPA, padded to the longest note"

    @property
    def reading(self) -> Reading:
        """The whole note."""
        return WholeReading(max_tokens=self.model.info.max_tokens or 0)

    @cached_property
    def config(self) -> PreTrainedConfig:
        """The config of the stock classifier."""
        return stock_config(self.model.config, self.labels)

    def refused(self, longest: int) -> str | None:
        """Say so if the encoder reads notes of a length in pieces alone."""
        context = context_of(self.products.model) if self.products is not None else None
        if context is None or longest <= context:
            return None
        return f"its encoder reads {context:,} tokens at once"

    def open(self) -> Scorer:
        """Load the stock classifier, or make its head for an encoder that is under another one."""
        folder = self.model.folder if self.has_same_weights else None
        return stock_scorer(self.config, self.model.tokenizer, self.reading, folder)

    def computed(self, lengths: Sequence[int]) -> int:
        """Return the operations with padding, and with all pairs of tokens."""
        return 0 if self.products is None else self.products.padded(lengths)


@dataclass(frozen=True)
class PlmIcd(Rival):
    """PLM-ICD as its own code reads: RoBERTa-base in size, under label attention, by PyTorch's layers."""

    name: ClassVar[str] = "plm-icd"
    accelerated: ClassVar[bool] = False

    @property
    def about(self) -> str:
        """What it is, as a phrase."""
        return (
            f"PLM-ICD's reading: RoBERTa-base in size, random weights, segments of {SEGMENT_TOKENS} tokens, "
            f"the first {PLM_ICD_TOKENS:,} of a note, label attention, PyTorch's layers in fp32"
        )

    @property
    def reading(self) -> Reading:
        """Segments, up to as many tokens as PLM-ICD reads."""
        return SegmentsReading(max_tokens=PLM_ICD_TOKENS, segment_tokens=SEGMENT_TOKENS)

    @cached_property
    def config(self) -> PreTrainedConfig:
        """The config of PLM-ICD for as many labels."""
        return plm_icd_config(self.labels, vocab_size=max(ROBERTA_VOCABULARY, len(self.model.tokenizer)))

    def open(self) -> Scorer:
        """Make it, with random weights."""
        return scorer_of(
            plm_icd_system(self.config, self.model.tokenizer, self.reading, accelerated=self.accelerated)
        )


@dataclass(frozen=True)
class PlmIcdSameSize(PlmIcd):
    """PLM-ICD's reading with an encoder of the model's size, run as this package runs models."""

    name: ClassVar[str] = "plm-icd-same-size"
    accelerated: ClassVar[bool] = True

    @property
    def about(self) -> str:
        """What it is, as a phrase."""
        return (
            f"PLM-ICD's reading with an encoder as wide, as deep and with as many weights per layer as this "
            f"model's, run by this package in fp32, the first {PLM_ICD_TOKENS:,} tokens of a note"
        )

    @cached_property
    def config(self) -> PreTrainedConfig:
        """The config of PLM-ICD around an encoder of the model's size."""
        return plm_icd_config(self.labels, **same_size_encoder(self.model.config))

    def refused(self, longest: int) -> str | None:
        """Say so if the model reads in segments itself."""
        reads_in_pieces = self.model.architecture is not None and self.model.architecture.reading.in_pieces
        return "the model reads in segments itself" if reads_in_pieces else None


_KINDS: tuple[type[Rival], ...] = (Stock, PlmIcd, PlmIcdSameSize)

RIVALS = tuple(kind.name for kind in _KINDS)
"""The keys of all rivals."""


def contenders_of(model: Model, precisions: Sequence[str] | None, *, rivals: bool = True) -> list[Contender]:
    """Return what is measured for a model: itself in each precision, and its rivals if it is neural.

    Raises
    ------
    InputError
        If a reduced precision is named for a system that is not neural.

    """
    if model.architecture is None:
        for precision in precisions or ():
            check_precision(precision, model.info.system)
        return [Here(model)]
    own: list[Contender] = [Here(model, precision) for precision in precisions or PRECISIONS]
    return [*own, *(kind(model) for kind in _KINDS)] if rivals else own


def reopened(kind: type[Contender], folder: Path, precision: str) -> Scorer:
    """Return what a contender opens, made anew from what a process can be given."""
    return kind(Model.read(folder), precision).open()
