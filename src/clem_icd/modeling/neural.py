"""A neural system: scores notes without padding where the encoder allows it, and in the original order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from clem_icd.errors import ModelError
from clem_icd.icd import Code
from clem_icd.modeling.architecture import Architecture
from clem_icd.modeling.assembly import rebuild
from clem_icd.modeling.inputs import TokenizedNotes, batches_by_length
from clem_icd.modeling.machine import attention_for, best_device
from clem_icd.modeling.packing import can_pack, packed_logits, packs
from clem_icd.modeling.precision import Precision, choose_precision, reduce_precision, require_precision
from clem_icd.modeling.precision_record import PrecisionRecord
from clem_icd.modeling.readings import Reading, ReadNote
from clem_icd.modeling.system import NoteScores

# Texts sorted by length at a time; their order is restored afterwards.
_WINDOW = 512

_CPU_TOKENS = 4_096
_GPU_TOKENS = 16_384


class NeuralSystem:
    """A model in evaluation mode, with its tokenizer and its reading.

    Parameters
    ----------
    model, tokenizer
        What `build` returns.
    reading
        How a note is passed to the model.
    batch_tokens
        The largest batch in tokens, padding included; only a single longer note exceeds it. Memory grows
        with it, and with the longest note, but not with the number of notes.

    Attributes
    ----------
    precision
        In which precision it scores notes, and why.

    """

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        reading: Reading,
        batch_tokens: int | None = None,
    ) -> None:
        self.model = model.eval()
        self.tokenizer = tokenizer
        self.reading = reading
        # A CPU gains nothing from larger batches, whose intermediate results no longer fit into its caches.
        self.batch_tokens = batch_tokens or (_CPU_TOKENS if model.device.type == "cpu" else _GPU_TOKENS)
        self.precision = Precision("fp32")
        self._load_exact: Callable[[], NeuralSystem] | None = None

    @classmethod
    def load(
        cls,
        folder: Path,
        architecture: Architecture,
        codes: Sequence[Code],
        *,
        device: torch.device | None = None,
        precision: str = "fp32",
        records: Sequence[PrecisionRecord] = (),
        rule: object = None,
        merged: bool = True,
    ) -> NeuralSystem:
        """Load a checkpoint folder.

        Parameters
        ----------
        precision
            One of `PRECISIONS`.
        records, rule
            What ``auto`` chooses by, as in `choose_precision`.
        merged
            As in `rebuild`.

        Raises
        ------
        ModelError
            As `rebuild` raises it, or if the device cannot score in the precision.

        """
        device = device or best_device()
        require_precision(precision, device)
        half = precision not in ("fp32", "auto")
        attention = attention_for(device, torch.bfloat16 if half else torch.float32)
        model, tokenizer = rebuild(architecture, codes, folder, attention=attention, merged=merged)
        if architecture.adapter is not None and not merged:
            model = architecture.adapter.merge(model)
        on_device: Any = model
        system = cls(on_device.to(device), tokenizer, architecture.reading)
        if precision == "auto":
            system.precision = choose_precision(model, records, rule)
        else:
            system.precision = Precision(precision)
        if system.precision.name != "fp32":
            reduce_precision(model, system.precision.name)
            system._load_exact = partial(cls.load, folder, architecture, codes, device=device, merged=merged)
        return system

    def exact(self) -> NeuralSystem:
        """Return the same system in single precision, which has gradients: itself, or loaded again."""
        return self if self._load_exact is None else self._load_exact()

    def save(self, folder: Path) -> None:
        """Write a checkpoint folder; with the pooled head, `transformers` loads it without this package.

        Raises
        ------
        ModelError
            If the system was loaded in reduced precision, which would lose the weights.

        """
        if self.precision.name != "fp32":
            raise ModelError(
                f"a system in {self.precision.name} cannot be saved, expected one in fp32",
                remedy="Load it in fp32, or copy its folder",
            )
        # Makes `transformers` truncate a long note where this class does.
        self.tokenizer.model_max_length = self.reading.max_tokens
        self.model.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)

    def read(self, text: str) -> ReadNote:
        """Return the part of a note that is read, with the positions of its tokens in the text.

        Raises
        ------
        ModelError
            If the tokenizer does not provide them.

        """
        [note] = self.reading.read(self.tokenizer, [text], offsets=True)
        return note

    def score(self, texts: Iterable[str]) -> Iterator[NoteScores]:
        """Yield the scores of every text, in order."""
        notes = self.reading.read(self.tokenizer, texts)
        while window := list(islice(notes, _WINDOW)):
            if can_pack(self.model, self.reading):
                yield from self._score_packed(window)
            else:
                yield from self._score_padded(window)

    @torch.inference_mode()
    def _score_packed(self, window: Sequence[ReadNote]) -> Iterator[NoteScores]:
        for rows in packs([len(note.ids) for note in window], self.batch_tokens):
            logits = packed_logits(self.model, [window[row].ids for row in rows])
            for row, values in zip(rows, logits.float().sigmoid().cpu().numpy(), strict=True):
                yield NoteScores(values, window[row].total, len(window[row].ids))

    def _score_padded(self, window: Sequence[ReadNote]) -> list[NoteScores]:
        notes = TokenizedNotes(window)
        collate = self.reading.collator(self.tokenizer.pad_token_id)
        scores: dict[int, NoteScores] = {}
        for batch in batches_by_length([len(note.ids) for note in window], self.batch_tokens):
            probabilities = self._probabilities(collate([notes[row] for row in batch]))
            for row, values in zip(batch, probabilities, strict=True):
                scores[row] = NoteScores(values, window[row].total, len(window[row].ids))
        return [scores[row] for row in range(len(window))]

    @torch.inference_mode()
    def _probabilities(
        self, batch: dict[str, torch.Tensor]
    ) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
        inputs = {name: tensor.to(self.model.device) for name, tensor in batch.items()}
        return self.model(**inputs).logits.float().sigmoid().cpu().numpy()  # type: ignore[no-any-return]
