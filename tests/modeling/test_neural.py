"""Scores do not depend on the batch, and use the whole context."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch

from clem_icd.corpus import Corpus
from clem_icd.modeling import NeuralSystem, batches_by_length
from support import TINY, make_note, new_system, tiny

TEXTS = [make_note(number).text * (1 + number % 4) for number in range(24)]


def logits(system: NeuralSystem, texts: list[str], **padding: object) -> torch.Tensor:
    encoded = system.tokenizer(texts, padding=True, return_tensors="pt", **padding)
    with torch.inference_mode():
        found: torch.Tensor = system.model(**encoded).logits
        return found


def test_logits_do_not_depend_on_padding(system: NeuralSystem) -> None:
    alone = torch.cat([logits(system, [text]) for text in TEXTS])
    padded = torch.cat([logits(system, [text], pad_to_multiple_of=512) for text in TEXTS])
    assert float(alone.std()) > 0.05
    torch.testing.assert_close(padded, alone, rtol=0, atol=1e-4)


def test_logits_do_not_depend_on_batch_or_order(system: NeuralSystem) -> None:
    alone = torch.cat([logits(system, [text]) for text in TEXTS])
    order = list(range(len(TEXTS)))
    random.Random(0).shuffle(order)
    shuffled = logits(system, [TEXTS[row] for row in order])
    torch.testing.assert_close(shuffled, alone[order], rtol=0, atol=1e-4)


@pytest.mark.parametrize("batch_tokens", [1, 300, 100_000])
def test_scores_are_in_the_order_of_the_texts(system: NeuralSystem, batch_tokens: int) -> None:
    system = NeuralSystem(system.model, system.tokenizer, system.reading, batch_tokens)
    scores = np.stack([score.probabilities for score in system.score(TEXTS)])
    expected = torch.cat([logits(system, [text]) for text in TEXTS]).sigmoid().numpy()
    np.testing.assert_allclose(scores, expected, atol=1e-5)


def test_the_whole_context_is_read_and_nothing_after_it(little_corpus: Corpus) -> None:
    # One global and one local layer are enough, and four would take long at this length.
    system = new_system(little_corpus, tiny(encoder=TINY.model_copy(update={"layers": 2})))
    filler = "the patient was seen today and had a quiet night. "
    long = filler * 800
    ids = system.tokenizer(long, verbose=False)["input_ids"]
    assert len(ids) > 8192
    offsets = system.tokenizer(long, return_offsets_mapping=True, verbose=False)["offset_mapping"]
    inside, beyond = offsets[8100][0], offsets[8195][0]
    base, changed_inside, changed_beyond = system.score(
        [long, long[:inside] + "ZZZZ" + long[inside + 4 :], long[:beyond] + "ZZZZ" + long[beyond + 4 :]]
    )
    assert (base.tokens_read, base.tokens) == (8192, len(ids))
    assert np.abs(changed_inside.probabilities - base.probabilities).max() > 1e-5
    np.testing.assert_allclose(changed_beyond.probabilities, base.probabilities, atol=5e-7)


def test_batches_contain_every_row_once_within_the_token_limit() -> None:
    lengths = [random.Random(row).randint(1, 50) for row in range(200)]
    batches = list(batches_by_length(lengths, 120))
    assert sorted(row for batch in batches for row in batch) == list(range(200))
    assert all(max(lengths[row] for row in batch) * len(batch) <= 120 for batch in batches)


def test_a_note_beyond_the_token_limit_is_a_batch_of_its_own() -> None:
    assert list(batches_by_length([500, 3, 4], 100)) == [[1, 2], [0]]
