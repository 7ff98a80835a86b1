"""A neural system: scores notes in batches of similar length, and yields the scores in the original order."""

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
from clem_icd.modeling.readings import Reading, ReadNote
from clem_icd.modeling.system import NoteScores

# Texts sorted by length at a time; their order is restored afterwards.
_WINDOW = 512


class NeuralSystem:
    """A model in evaluation mode, with its tokenizer and its reading.

    Parameters
    ----------
    model, tokenizer
        What `build` returns.
    reading
        How a note is passed to the model.
    batch_tokens
        The largest batch in tokens, padding included; only a single longer note exceeds it.

    """

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        reading: Reading,
        batch_tokens: int = 16_384,
    ) -> None:
        self.model = model.eval()
        self.tokenizer = tokenizer
        self.reading = reading
        self.batch_tokens = batch_tokens

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

    def score(self, texts: Iterable[str]) -> Iterator[NoteScores]:
        """Yield the scores of every text, in order."""
        notes = self.reading.read(self.tokenizer, texts)
        while window := list(islice(notes, _WINDOW)):
            yield from self._score_window(window)

    def _score_window(self, window: Sequence[ReadNote]) -> list[NoteScores]:
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
