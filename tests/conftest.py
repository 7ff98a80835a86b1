"""Fixtures for the little corpus, its recipe, and the real data."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest
from hypothesis import settings

from clem_icd.corpus import Corpus
from clem_icd.training import NeuralRecipe, read_recipe
from support import LITTLE_SETTINGS, SHARED, write_little_corpus

pytest_plugins = [
    "fixtures.made_runs",
    "fixtures.matrices",
    "fixtures.killing",
    "fixtures.raw_files",
    "fixtures.hospital_trees",
    "fixtures.ranking",
]


# A busy machine is no failure.
settings.register_profile("clem", deadline=None)
settings.load_profile("clem")


def pytest_collection_finish() -> None:
    """Exclude the objects of imported modules from the garbage collections of every training run."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def little_corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """A corpus of 124 notes and six labels."""
    return write_little_corpus(tmp_path_factory.mktemp("corpus") / "little")


@pytest.fixture(scope="session")
def little_recipe() -> NeuralRecipe:
    """A recipe that trains in a few seconds."""
    recipe = read_recipe("clem-icd-small", LITTLE_SETTINGS)
    assert isinstance(recipe, NeuralRecipe)
    return recipe


@pytest.fixture
def shared_data() -> Path:
    """The real data next to the checkout; tests that use it are marked ``shared_data``."""
    folder = SHARED / "data"
    if not folder.is_dir():
        pytest.skip("the real data is not next to the checkout")
    return folder
