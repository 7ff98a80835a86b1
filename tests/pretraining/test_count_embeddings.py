from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from clem_icd.pretraining.count_embeddings import count_embeddings
from clem_icd.pretraining.tokens import TokenFile
from pretraining_support import token_file

VOCABULARY = 40
# Tokens of a group occur only among their own context tokens, and never with each other.
GROUPS = {(10, 11, 12): (20, 21, 22, 23), (13, 14, 15): (30, 31, 32, 33)}


def sentences(count: int = 400) -> list[list[int]]:
    random_ = random.Random(0)
    made = []
    for _ in range(count):
        group, context = random_.choice(list(GROUPS.items()))
        made.append([*random_.choices(context, k=3), random_.choice(group), *random_.choices(context, k=3)])
    return made


@pytest.fixture
def tokens(tmp_path: Path) -> TokenFile:
    return token_file(tmp_path / "texts.bin", sentences())


def cosine(vectors: npt.NDArray[np.float32], one: int, other: int) -> float:
    lengths = np.linalg.norm(vectors[[one, other]], axis=1)
    return float(vectors[one] @ vectors[other] / lengths.prod())


@pytest.mark.parametrize("width", [8, 32, 64])
def test_embeddings_have_the_requested_width_mean_0_and_variance_1(tokens: TokenFile, width: int) -> None:
    vectors = count_embeddings(tokens, VOCABULARY, width, seed=0)
    assert vectors.shape == (VOCABULARY, width)
    assert vectors.dtype == np.float32
    assert np.isfinite(vectors).all()
    assert abs(float(vectors.mean())) < 1e-5
    assert float(vectors.std()) == pytest.approx(1, abs=1e-4)


def test_the_same_seed_gives_the_same_embeddings(tokens: TokenFile) -> None:
    one, other = (count_embeddings(tokens, VOCABULARY, 16, seed=3) for _ in range(2))
    np.testing.assert_array_equal(one, other)


def test_tokens_with_similar_contexts_are_close(tokens: TokenFile) -> None:
    vectors = count_embeddings(tokens, VOCABULARY, 16, seed=0)
    one, other = GROUPS
    within = [cosine(vectors, a, b) for group in (one, other) for a in group for b in group if a < b]
    between = [cosine(vectors, a, b) for a in one for b in other]
    assert min(within) > max(between) + 0.5


def test_tokens_of_different_texts_do_not_cooccur(tmp_path: Path) -> None:
    given = sentences()
    backwards = [text[::-1] for text in reversed(given)]
    one = count_embeddings(token_file(tmp_path / "one.bin", given), VOCABULARY, 16, seed=0)
    other = count_embeddings(token_file(tmp_path / "other.bin", backwards), VOCABULARY, 16, seed=0)
    np.testing.assert_allclose(one, other, atol=1e-4)


@pytest.mark.parametrize("texts", [[], [[7]], [[5], [6], [5]]])
def test_texts_without_cooccurrences_give_zero_embeddings(tmp_path: Path, texts: list[list[int]]) -> None:
    vectors = count_embeddings(token_file(tmp_path / "texts.bin", texts), VOCABULARY, 8, seed=0)
    np.testing.assert_array_equal(vectors, np.zeros((VOCABULARY, 8)))


def test_reading_in_chunks_gives_the_same_embeddings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = count_embeddings(token_file(tmp_path / "texts.bin", sentences()), VOCABULARY, 16, seed=0)
    # A text has seven tokens.
    monkeypatch.setattr("clem_icd.pretraining.count_embeddings._TOKENS_AT_ONCE", 7 * 50)
    pieces = count_embeddings(token_file(tmp_path / "again.bin", sentences()), VOCABULARY, 16, seed=0)
    np.testing.assert_allclose(whole, pieces, atol=1e-4)
