"""A neural system: scores notes without padding where the encoder allows it, and in the original order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from clem_icd.icd import Code
from clem_icd.modeling.architecture import Architecture
from clem_icd.modeling.assembly import rebuild
from clem_icd.modeling.inputs import TokenizedNotes, batches_by_length
from clem_icd.modeling.machine import attention_for, best_device
from clem_icd.modeling.packing import can_pack, packed_logits, packs
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

    @classmethod
    def load(
        cls,
        folder: Path,
        architecture: Architecture,
        codes: Sequence[Code],
        *,
        device: torch.device | None = None,
        dtype: torch.dtype = torch.float32,
        merged: bool = True,
    ) -> NeuralSystem:
        """Load a checkpoint folder.

        Raises
        ------
        ModelError
            As `rebuild` raises it.

        """
        device = device or best_device()
        model, tokenizer = rebuild(
            architecture,
            codes,
            folder,
            attention=attention_for(device, dtype),
            dtype=dtype,
            merged=merged,
        )
        if architecture.adapter is not None and not merged:
            model = architecture.adapter.merge(model)
        on_device: Any = model
        return cls(on_device.to(device), tokenizer, architecture.reading)

    def save(self, folder: Path) -> None:
        """Write a checkpoint folder; with the pooled head, `transformers` loads it without this package."""
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
