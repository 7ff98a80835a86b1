"""A Hugging Face classifier that scores notes: in batches of similar length, in the order given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from clem_icd.modeling.encoder import attention_for
from clem_icd.modeling.inputs import Collator, TokenizedNotes, Tokens, batches_by_length, tokenize
from clem_icd.modeling.system import NoteScores

# Texts that are sorted by length together; their order is restored afterwards.
_WINDOW = 512


def best_device() -> torch.device:
    """Return the GPU where there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


class NeuralSystem:
    """A classifier with its tokenizer, in evaluation mode.

    Parameters
    ----------
    model, tokenizer
        A classifier over the label space, and the tokenizer of its encoder.
    max_tokens
        How much of a note is read, in tokens, special ones included.
    batch_tokens
        The size of a batch in tokens, padding included. One note may exceed it, two may not.

    """

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        max_tokens: int,
        batch_tokens: int = 16_384,
    ) -> None:
        self.model = model.eval()
        self.tokenizer = tokenizer
        self.max_tokens = max_tokens
        self.batch_tokens = batch_tokens

    @classmethod
    def load(
        cls,
        folder: Path,
        max_tokens: int,
        *,
        device: torch.device | None = None,
        dtype: torch.dtype = torch.float32,
    ) -> NeuralSystem:
        """Load a checkpoint folder."""
        device = device or best_device()
        model, loading = AutoModelForSequenceClassification.from_pretrained(
            folder,
            use_safetensors=True,
            trust_remote_code=False,
            dtype=dtype,
            attn_implementation=attention_for(device, dtype),
            output_loading_info=True,
        )
        # What is missing would be random, and predict all the same.
        if loading["missing_keys"] or loading["mismatched_keys"]:
            raise ValueError("the file of weights lacks some")
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
        if tokenizer.pad_token_id is None:
            raise ValueError("the tokenizer has no padding token")
        return cls(model.to(device), tokenizer, max_tokens)

    def save(self, folder: Path) -> None:
        """Write a checkpoint folder that `transformers` loads without this package."""
        # So that `transformers` cuts a long note where this class does.
        self.tokenizer.model_max_length = self.max_tokens
        self.model.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)

    def score(self, texts: Iterable[str]) -> Iterator[NoteScores]:
        """Yield the scores of every text, in order."""
        tokens = tokenize(self.tokenizer, texts, self.max_tokens)
        while window := list(islice(tokens, _WINDOW)):
            yield from self._score_window(window)

    def _score_window(self, window: Sequence[Tokens]) -> list[NoteScores]:
        notes = TokenizedNotes(window)
        collate = Collator(self.tokenizer.pad_token_id)
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
