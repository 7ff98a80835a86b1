"""Evidence of models that have learned something: without it, the logit falls."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch

from clem_icd.corpus import Corpus, Note
from clem_icd.explanation import METHODS, NeuralMethod
from clem_icd.explanation.methods.neural_method import batch_of
from clem_icd.modeling import NeuralSystem
from clem_icd.modeling.readings import ReadNote
from clem_icd.progress import Silent
from clem_icd.training import NeuralRecipe, read_recipe
from clem_icd.training.fit import fit_neural
from support import LITTLE_SETTINGS

# Not input times gradient under the pooled head: it has no sign, and often shows what speaks against a code.
EXPLAINED = {
    "pooled": ("head-decomposition", "decomposition-x-gradient"),
    "label-attention": ("attention", "contributions", "att-grad", "att-in-grad", "input-x-gradient"),
}
each_pair = pytest.mark.parametrize(
    ("head", "kind"), [(head, kind) for head, kinds in EXPLAINED.items() for kind in kinds]
)


@pytest.fixture(scope="module")
def trained(little_corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> dict[str, NeuralSystem]:
    found = {}
    for head in EXPLAINED:
        settings = [*LITTLE_SETTINGS, f"head={head}", "encoder.layers=1", "training.epochs=6"]
        recipe = read_recipe("clem-icd-small", settings)
        assert isinstance(recipe, NeuralRecipe)
        found[head] = fit_neural(recipe, little_corpus, tmp_path_factory.mktemp(head), Silent())
    return found


def logit(system: NeuralSystem, note: ReadNote, label: int, without: int | None = None) -> float:
    """Return a logit of a note, of which a token may be masked."""
    ids = note.ids.copy()
    if without is not None:
        ids[without] = system.tokenizer.mask_token_id
    with torch.inference_mode():
        return float(system.model(**batch_of(system, note._replace(ids=ids))).logits[0, label])


def drops(
    system: NeuralSystem, method: NeuralMethod, note: Note, label: int, rng: random.Random
) -> tuple[float, float]:
    """Return by how much the logit falls without the first token by weight, and without a random one."""
    [read] = system.reading.read(system.tokenizer, [note.text], offsets=True)
    assert read.offsets is not None
    words = np.flatnonzero(read.offsets[:, 1] > read.offsets[:, 0])
    best = words[method.weights(system, read, [label])[0, words].argmax()]
    whole = logit(system, read, label)
    others = np.mean([logit(system, read, label, int(place)) for place in rng.sample(words.tolist(), 3)])
    return whole - logit(system, read, label, int(best)), whole - float(others)


@each_pair
def test_the_first_token_counts_more_than_a_random_one(
    trained: dict[str, NeuralSystem], little_corpus: Corpus, head: str, kind: str
) -> None:
    method = METHODS.parse(kind)
    assert isinstance(method, NeuralMethod)
    rng = random.Random(0)
    place = {code: label for label, code in enumerate(little_corpus.codes)}
    found = np.array(
        [
            drops(trained[head], method, note, place[code], rng)
            for note in list(little_corpus.notes("test"))[:12]
            for code in note.codes
        ]
    )
    best, others = found.mean(axis=0)
    assert best > 3 * max(others, 0)
    assert (found[:, 0] > found[:, 1]).mean() > 0.7
