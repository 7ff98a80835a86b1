"""Training a lexicon that is stacked on another system."""

from __future__ import annotations

import dataclasses
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clem_icd.corpus import Corpus
from clem_icd.errors import CorpusError, ModelError, RecipeError
from clem_icd.icd import default_codebook
from clem_icd.modeling import NeuralSystem, load_model
from clem_icd.modeling.lexicon.fitting import ranked_notes
from clem_icd.modeling.lexicon.lexicon import LexiconSystem
from clem_icd.runs.layout import RunLayout
from clem_icd.runs.points import Point
from clem_icd.scores import Scores
from clem_icd.training import LexiconRecipe, NeuralRecipe, read_recipe, train
from clem_icd.training.linear import train_linear
from clem_icd.training.run import train_run
from clem_icd.training.stacking import train_stacked
from support import make_note
from training.conftest import Listener
from training.test_lexicon import few_titles, splits, write

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


def test_every_note_is_scored_by_a_system_that_did_not_learn_from_its_patient(
    corpus: Corpus, tmp_path: Path
) -> None:
    trained = train_stacked(linear(), corpus, tmp_path, seed=3, observer=Listener(), train_run=train_run)
    notes = list(corpus.notes("train"))
    _, groups = ranked_notes([note.subject_id for note in notes], 3)
    for group in range(5):
        part = Corpus.open(RunLayout(tmp_path).stacking / f"without-{group + 1}-corpus")
        assert list(part.notes("train")) == [n for n, own in zip(notes, groups, strict=True) if own != group]
        held_out = [note for note, own in zip(notes, groups, strict=True) if own == group]
        assert list(part.notes("validation")) == held_out
        learned_from = {note.subject_id for note in part.notes("train")}
        assert learned_from.isdisjoint(note.subject_id for note in held_out)
        others = [note for note in notes if note.subject_id in learned_from]
        own = write(tmp_path / f"own-{group}", {"train": others, "validation": held_out})
        alone = train_linear(linear(), own, Listener())
        expected = np.stack([one.probabilities for one in alone.score(note.text for note in held_out)])
        places = [corpus.codes.index(code) for code in own.codes]
        assert trained.held_out[groups == group][:, places] == pytest.approx(expected, abs=1e-6)
    everything = [one.probabilities for one in trained.system.score(corpus.texts("validation"))]
    assert trained.info.labels == corpus.codes
    assert np.shape(everything) == (corpus.size("validation"), len(corpus.codes))


def test_titles_and_facts_of_the_corpus_reach_every_part(tmp_path: Path) -> None:
    parts = splits()
    code = parts["train"][0].codes[0]
    corpus = write(
        tmp_path / "c", parts, codebook=default_codebook().extended({code: "a title of their own"})
    )
    train_stacked(linear(), corpus, tmp_path, seed=0, observer=Listener(), train_run=train_run)
    part = Corpus.open(RunLayout(tmp_path).stacking / "without-2-corpus")
    assert {label.code: label.title for label in part.labels}[code] == "a title of their own"
    assert (part.name, part.synthetic, part.population) == (corpus.name, True, corpus.population)


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


def test_a_long_note_is_reported_as_cut_by_the_neural_system(neural_run: Path) -> None:
    system, _ = load_model(neural_run / "model")
    [scores] = system.score([make_note(1).text * 30])
    assert scores.tokens is not None
    assert scores.tokens_read is not None
    assert scores.tokens_read <= 40 < scores.tokens


@pytest.mark.parametrize("damage", ["removed", "weights of another", "description of another"])
def test_the_neural_system_of_another_model_is_refused(
    damage: str, neural_run: Path, corpus: Corpus, tmp_path: Path, tiny: str
) -> None:
    folder = shutil.copytree(neural_run / "model", tmp_path / "model")
    if damage == "removed":
        shutil.rmtree(folder / "stacked")
    else:
        other = train(read_recipe(tiny, ["seed=1", "training.epochs=1"]), corpus, tmp_path / "other")
        name = "model.safetensors" if damage == "weights of another" else "clem.json"
        shutil.copy(other / "model" / name, folder / "stacked" / name)
    with pytest.raises(ModelError):
        load_model(folder)


def test_an_interrupted_run_goes_on_where_it_was(corpus: Corpus, tmp_path: Path) -> None:
    recipe = read_recipe("lexicon", ["stacking=linear"])
    whole = train(recipe, corpus, tmp_path / "whole")
    passed = 0

    def interrupt(point: Point) -> None:
        nonlocal passed
        passed += point is Point.TRAINING_START
        if passed == 4:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("clem_icd.runs.points.subscribers", [interrupt])
        with pytest.raises(KeyboardInterrupt):
            train(recipe, corpus, tmp_path / "again")
    # The first one is that of the lexicon itself.
    begun = RunLayout(tmp_path / "again").stacking
    before = {path: path.stat().st_mtime_ns for path in begun.glob("without-[12]/model/**/*")}
    assert before
    listener = Listener()
    passed = -100
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("clem_icd.runs.points.subscribers", [_unchanged(before)])
        run = train(recipe, corpus, tmp_path / "again", resume=True, observer=listener)
    assert sum("is already finished" in line for line in listener.lines) == 2
    for file in ("trees.txt", "lexicon.json", "lexicon.safetensors", "stacked/linear.safetensors"):
        assert (run / "model" / file).read_bytes() == (whole / "model" / file).read_bytes()


def _unchanged(before: dict[Path, int]) -> Any:
    """A subscriber that sees that runs which were finished are not trained again."""

    def check(point: Point) -> None:
        if point is Point.SCORES_WRITING:
            assert {path: path.stat().st_mtime_ns for path in before} == before

    return check


def test_a_first_failure_leaves_nothing(corpus: Corpus, tmp_path: Path) -> None:
    parts = splits()
    parts["train"] = [
        note if note.subject_id in {"s0", "s1"} else dataclasses.replace(note, codes=(), evidence=())
        for note in parts["train"]
    ]
    few = write(tmp_path / "few", parts)
    with pytest.raises(CorpusError, match=r"too few training notes with codes to stack.*stacking=null"):
        train(read_recipe("lexicon", ["stacking=linear"]), few, tmp_path / "run")
    assert not (tmp_path / "run").exists()


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
    off = read_recipe("lexicon-stacked", ["stacking=null"])
    assert off == read_recipe("lexicon")


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
        (["stacking.training.epochs=1"], "stacking.training.epochs is set, and there is no recipe"),
        (["stacking=clem-small", "stacking.seeds=3"], "the trees see one system; set stacking.seeds=1"),
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
