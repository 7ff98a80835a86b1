"""Training a lexicon that is stacked on another system."""

from __future__ import annotations

import dataclasses
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from clem_icd.corpus import Corpus, Note
from clem_icd.errors import CorpusError, ModelError, RecipeError
from clem_icd.icd import default_codebook
from clem_icd.modeling import ModelInfo, NeuralSystem, load_model
from clem_icd.modeling.lexicon.fitting import ranked_notes
from clem_icd.modeling.lexicon.lexicon import LexiconSystem
from clem_icd.runs.layout import RunLayout
from clem_icd.runs.points import Point
from clem_icd.scores import Scores
from clem_icd.training import LexiconRecipe, NeuralRecipe, read_recipe, train
from clem_icd.training.linear import train_linear
from clem_icd.training.stacking import TrainedStacked, train_stacked
from training.conftest import Listener
from training.test_lexicon import CHOLERA, UNNAMED, few_titles, splits, with_code, write

__all__ = ["few_titles"]

pytestmark = pytest.mark.usefixtures("without_report")

TINY = """\
system: neural
encoder: {kind: small, hidden_size: 32, intermediate_size: 48, layers: 4, attention_heads: 2, vocabulary: 400}
reading: {kind: whole, max_tokens: 40}
head: {kind: label-attention, prior_bias: true}
training: {epochs: 2, batch_size: 8, learning_rate: 1e-3}
"""


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return write(tmp_path_factory.mktemp("corpus") / "corpus", splits())


@pytest.fixture
def tiny(tmp_path: Path) -> str:
    path = tmp_path / "tiny.yaml"
    path.write_text(TINY)
    return str(path)


def linear() -> Any:
    recipe = read_recipe("lexicon", ["stacking=linear", "stacking.training.min_notes=1"])
    assert isinstance(recipe, LexiconRecipe)
    return recipe.stacking


def kept_parts(patch: pytest.MonkeyPatch) -> None:
    """Keep what was trained on, to look at it."""
    patch.setattr("clem_icd.training.stacking.shutil", SimpleNamespace(rmtree=lambda path: None))


def stacked(corpus: Corpus, folder: Path, *, seed: int = 0) -> TrainedStacked:
    folder.mkdir(exist_ok=True)
    return train_stacked(linear(), corpus, folder, seed=seed, observer=Listener())


def test_every_note_is_scored_by_a_system_that_did_not_learn_from_its_patient(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept_parts(monkeypatch)
    trained = stacked(corpus, tmp_path, seed=3)
    notes = list(corpus.notes("train"))
    _, groups = ranked_notes([note.subject_id for note in notes], 3)
    for group in range(5):
        part = Corpus.open(RunLayout(tmp_path).stacking / f"without-{group + 1}" / "corpus")
        assert list(part.notes("train")) == [n for n, own in zip(notes, groups, strict=True) if own != group]
        held_out = [note for note, own in zip(notes, groups, strict=True) if own == group]
        assert [note.text for note in part.notes("validation")] == [note.text for note in held_out]
        learned_from = {note.subject_id for note in part.notes("train")}
        assert learned_from.isdisjoint(note.subject_id for note in held_out)
        others = [note for note in notes if note.subject_id in learned_from]
        own = write(tmp_path / f"own-{group}", {"train": others, "validation": others_renamed(others)})
        alone = train_linear(linear(), own, Listener())
        expected = np.full((len(held_out), len(trained.info.labels)), np.nan)
        places = [trained.info.labels.index(code) for code in own.codes]
        for row, scores in enumerate(alone.score(note.text for note in held_out)):
            expected[row, places] = scores.probabilities
        np.testing.assert_allclose(trained.held_out[groups == group], expected, atol=1e-6)


def others_renamed(notes: list[Note]) -> list[Note]:
    return [dataclasses.replace(note, note_id=f"again {note.note_id}") for note in notes[:5]]


def test_codes_of_a_note_never_influence_opinions_on_it(corpus: Corpus, tmp_path: Path) -> None:
    """Not even by being labels: an opinion on a code that no other note has would give it away."""
    parts = splits()
    for position in (0, 7):
        parts["train"][position] = with_code(parts["train"][position], UNNAMED if position else CHOLERA)
    changed = write(tmp_path / "corpus", parts)
    one, other = stacked(corpus, tmp_path / "one"), stacked(changed, tmp_path / "other")
    added = [other.info.labels.index(code) for code in (CHOLERA, UNNAMED)]
    _, groups = ranked_notes([note.subject_id for note in parts["train"]], 0)
    for position, column in zip((0, 7), added, strict=True):
        group = groups[position]
        assert np.isnan(other.held_out[groups == group, column]).all()
        assert not np.isnan(other.held_out[groups != group, column]).any()
        rest = [place for place in range(len(other.info.labels)) if place not in added]
        assert one.held_out[position].tobytes() == other.held_out[position, rest].tobytes()


def test_codes_of_other_splits_are_no_labels(corpus: Corpus, tmp_path: Path) -> None:
    parts = splits()
    parts["validation"][0] = with_code(parts["validation"][0], CHOLERA)
    parts["test"][3] = with_code(parts["test"][3], UNNAMED)
    longer = write(tmp_path / "longer", parts)
    one, other = (stacked(found, tmp_path / found.path.name) for found in (corpus, longer))
    assert one.info.labels == other.info.labels == corpus.codes
    assert one.held_out.tobytes() == other.held_out.tobytes()
    texts = list(corpus.texts("test"))
    first, second = ([x.probabilities.tobytes() for x in s.system.score(texts)] for s in (one, other))
    assert first == second


def test_only_some_notes_of_a_large_corpus_are_judged(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = stacked(corpus, tmp_path / "all")
    monkeypatch.setattr("clem_icd.modeling.lexicon.fitting._MOST_RANKED", 15)
    trained = stacked(corpus, tmp_path / "some")
    rows, _ = ranked_notes(corpus.subjects("train") or [], 0)
    assert len(rows) == 15
    np.testing.assert_allclose(trained.held_out, everything.held_out[rows], atol=1e-6)


def test_patients_may_be_unknown(tmp_path: Path) -> None:
    parts = splits()
    parts["train"] = [
        note if number % 3 else dataclasses.replace(note, subject_id=None)
        for number, note in enumerate(parts["train"])
    ]
    trained = stacked(write(tmp_path / "corpus", parts), tmp_path / "run")
    assert not np.isnan(trained.held_out).any()


def test_titles_and_facts_of_the_corpus_reach_every_part(tmp_path: Path) -> None:
    parts = splits()
    code = parts["train"][0].codes[0]
    book = default_codebook().extended({code: "a title of their own"})
    corpus = write(tmp_path / "corpus", parts, codebook=book)
    info = stacked(corpus, tmp_path / "run").info
    assert dict(zip(info.labels, info.titles, strict=True))[code] == "a title of their own"
    assert (info.corpus["name"], info.corpus["synthetic"]) == (corpus.name, True)
    assert info.admissions == {}


@pytest.fixture(scope="module")
def neural_run(corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    (folder / "tiny.yaml").write_text(TINY)
    listener = Listener()
    recipe = read_recipe("lexicon", [f"stacking={folder / 'tiny.yaml'}"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "matplotlib", None)
        run = train(recipe, corpus, folder / "run", observer=listener)
    said = [line for line in listener.lines if line.startswith("Stacked system")]
    assert [line.split(":")[0] for line in said] == [
        f"Stacked system {number} of 6" for number in range(1, 7)
    ]
    assert any("trained to its last epoch" in line for line in listener.lines)
    return run


def test_a_model_carries_the_neural_system(neural_run: Path, corpus: Corpus, tmp_path: Path) -> None:
    assert not RunLayout(neural_run).stacking.exists()
    # Copied, to show that nothing outside of the folder is needed.
    folder = shutil.copytree(neural_run / "model", tmp_path / "copy")
    system, info = load_model(folder)
    assert isinstance(system, LexiconSystem)
    assert system.stacked is not None
    assert isinstance(system.stacked.system, NeuralSystem)
    assert info.system == "lexicon"
    assert info.recipe["stacking"]["system"] == "neural"
    texts = list(corpus.texts("test"))
    table = np.stack([one.probabilities for one in system.score(texts)])
    stored = Scores.read(RunLayout(neural_run).scores("test")).of(corpus, "test")
    assert table == pytest.approx(stored, abs=1e-5)
    assert "opinion" in system.ranker.features
    assert "the scores of the neural system in `stacked`" in (folder / "README.md").read_text()


def test_a_note_scores_the_same_to_the_bit_whatever_else_is_scored(neural_run: Path, corpus: Corpus) -> None:
    system, _ = load_model(neural_run / "model")
    texts = ["", *corpus.texts("test")]
    together = [one.probabilities.tobytes() for one in system.score(texts)]
    alone = [next(iter(system.score([text]))).probabilities.tobytes() for text in texts]
    assert together == alone


def test_a_linear_system_with_labels_in_another_order_is_refused(corpus: Corpus, tmp_path: Path) -> None:
    run = train(read_recipe("lexicon", ["stacking=linear"]), corpus, tmp_path / "run")
    own = run / "model" / "stacked"
    info = ModelInfo.read(own)
    dataclasses.replace(info, labels=info.labels[::-1], titles=info.titles[::-1]).write(own)
    with pytest.raises(ModelError, match="lists other labels than this lexicon was made for") as raised:
        load_model(run / "model")
    assert raised.value.path == own


@pytest.mark.parametrize("file", ["", "model.safetensors", "tokenizer.json"])
def test_the_neural_system_of_another_model_is_refused(file: str, neural_run: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(neural_run / "model", tmp_path / "model")
    if file:
        with (folder / "stacked" / file).open("ab") as stream:
            stream.write(b" ")
    else:
        shutil.rmtree(folder / "stacked")
    with pytest.raises(ModelError, match=r"damaged, or of several models|is truncated"):
        load_model(folder)


def test_a_description_of_other_labels_is_refused(neural_run: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(neural_run / "model", tmp_path / "model")
    info = ModelInfo.read(folder / "stacked")
    dataclasses.replace(info, labels=info.labels[::-1], titles=info.titles[::-1]).write(folder / "stacked")
    with pytest.raises(ModelError, match="disagree about the labels"):
        load_model(folder)
    dataclasses.replace(info, threshold_policy="measured later").write(folder / "stacked")
    load_model(folder)


def test_an_interrupted_run_goes_on_where_it_was(corpus: Corpus, tmp_path: Path, tiny: str) -> None:
    recipe = read_recipe("lexicon", [f"stacking={tiny}"])
    whole = train(recipe, corpus, tmp_path / "whole")
    steps = 0

    def interrupt(point: Point) -> None:
        nonlocal steps
        steps += point is Point.TRAINING_STEP
        # Within the second epoch of the third of six trainings of 8 steps.
        if steps == 22:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("clem_icd.runs.points.subscribers", [interrupt])
        with pytest.raises(KeyboardInterrupt):
            train(recipe, corpus, tmp_path / "again")
    begun = RunLayout(tmp_path / "again").stacking
    assert sorted(path.name for path in begun.iterdir()) == ["without-1.npy", "without-2.npy", "without-3"]
    listener = Listener()
    run = train(recipe, corpus, tmp_path / "again", resume=True, observer=listener)
    said = [line.partition(":")[0] for line in listener.lines if line.startswith("Stacked system")]
    assert said == [f"Stacked system {number} of 6" for number in (3, 4, 5, 6)]
    assert any(line.startswith("Resuming from step") for line in listener.lines)
    for file in ("trees.txt", "lexicon.json", "lexicon.safetensors", "stacked/model.safetensors"):
        assert (run / "model" / file).read_bytes() == (whole / "model" / file).read_bytes()


def test_a_first_failure_leaves_nothing(corpus: Corpus, tmp_path: Path) -> None:
    parts = splits()
    parts["train"] = [
        note if note.subject_id in {"s0", "s1"} else dataclasses.replace(note, codes=(), evidence=())
        for note in parts["train"]
    ]
    few = write(tmp_path / "few", parts)
    with pytest.raises(CorpusError, match=r"too few patients with codes in common to stack.*stacking=null"):
        train(read_recipe("lexicon", ["stacking=linear"]), few, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_warmup_too_long_for_a_part_is_refused_and_restores_what_was_there(
    corpus: Corpus, tmp_path: Path, tiny: str
) -> None:
    before = train(read_recipe("lexicon"), corpus, tmp_path / "run")
    metrics = (before / "metrics.json").read_bytes()
    # 40 notes make 10 steps, and the 32 of a part 8.
    recipe = read_recipe("lexicon", [f"stacking={tiny}", "stacking.training.warmup_steps=9"])
    with pytest.raises(RecipeError, match=r"^stacking: training.warmup_steps is 9, but the 32 training"):
        train(recipe, corpus, tmp_path / "run", force=True)
    assert (tmp_path / "run" / "metrics.json").read_bytes() == metrics
    assert not RunLayout(tmp_path / "run").stacking.exists()


def test_a_stored_recipe_says_everything(neural_run: Path, tiny: str) -> None:
    stored = read_recipe(str(neural_run / "recipe.yaml"))
    assert isinstance(stored, LexiconRecipe)
    assert isinstance(stored.stacking, NeuralRecipe)
    assert stored.stacking.training.epochs == 2
    assert stored == read_recipe("lexicon", [f"stacking={tiny}"])
    changed = read_recipe(str(neural_run / "recipe.yaml"), ["stacking.training.epochs=7", "labels=icd10cm"])
    assert isinstance(changed, LexiconRecipe)
    assert isinstance(changed.stacking, NeuralRecipe)
    assert (changed.stacking.training.epochs, changed.labels) == (7, "icd10cm")
    for none in ("null", "~", ""):
        assert read_recipe("lexicon-stacked", [f"stacking={none}"]) == read_recipe("lexicon")
    given = read_recipe("lexicon", ["stacking={system: linear, training: {features: 20}}"])
    assert isinstance(given, LexiconRecipe)
    assert given.stacking == read_recipe("linear", ["training.features=20"])


def test_settings_may_come_before_the_name() -> None:
    one = read_recipe("lexicon", ["stacking.training.epochs=2", "stacking=clem-small"])
    assert one == read_recipe("lexicon", ["stacking=clem-small", "stacking.training.epochs=2"])
    assert isinstance(one, LexiconRecipe)
    assert isinstance(one.stacking, NeuralRecipe)
    assert one.stacking.training.epochs == 2


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["stacking=lexicon"], "it is a lexicon, expected the name or the fields of a neural or linear"),
        (["stacking=dictionary"], "it is a dictionary, expected"),
        (["stacking=nothing"], "no shipped recipe and no file 'nothing'"),
        (["stacking=linera"], r"Did you mean linear\?"),
        (["stacking={"], "the value of stacking is not valid YAML"),
        (["stacking=2024"], "it is 2024, expected the name or the fields"),
        (["stacking"], "expected KEY=VALUE, got 'stacking'"),
        (["stacking=clem-small", "stacking.seeds"], "expected KEY=VALUE, got 'stacking.seeds'"),
        (["training.epochs=3"], r"for a stacked one, put `stacking\.` before the key"),
        (["stacking.training.epochs=1"], "stacking.training.epochs is set, but stacking names no recipe"),
        (["stacking=clem-small", "stacking.seeds=3"], "stacking: seeds is 3, expected 1"),
        (["stacking=clem-small", "stacking.training.start_from=x"], "set stacking.training.start_from=null"),
        (["stacking=clem-small", "stacking.training.epoch=1"], "stacking: there is no key 'training.epoch'"),
        (["stacking=clem-small", "stacking.training.epochs=x"], "stacking: training.epochs"),
    ],
)
def test_what_cannot_be_stacked_is_refused(settings: list[str], words: str) -> None:
    with pytest.raises(RecipeError, match=words) as raised:
        read_recipe("lexicon", settings)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("yaml", "words"),
    [
        ("stacking: 3", "it is 3, expected the name or the fields"),
        ("stacking: {system: lexicon}", "it is a lexicon"),
        ("stacking: {training: {epochs: 2}}", "expected the name or the fields"),
        (
            "stacking: {system: linear, training: {feature: 20}}",
            "stacking: there is no key 'training.feature'",
        ),
    ],
)
def test_fields_that_cannot_be_stacked_are_refused(yaml: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text(f"system: lexicon\n{yaml}\n")
    with pytest.raises(RecipeError, match=words):
        read_recipe(str(tmp_path / "recipe.yaml"))
