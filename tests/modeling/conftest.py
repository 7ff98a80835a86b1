from __future__ import annotations

import pytest

from clem_icd.corpus import Corpus
from clem_icd.modeling import NeuralSystem
from support import new_system


@pytest.fixture(scope="module")
def system(little_corpus: Corpus) -> NeuralSystem:
    """A small ModernBERT with the full context and random weights."""
    return new_system(little_corpus)
