from __future__ import annotations

from pathlib import Path

import pytest

from clem_icd.errors import RecipeError
from clem_icd.training import LinearRecipe, NeuralRecipe, read_recipe, shipped_recipes


@pytest.mark.parametrize("name", shipped_recipes())
def test_every_shipped_recipe_is_valid(name: str) -> None:
    assert read_recipe(name).system in ("neural", "linear")


def test_the_papers_recipe_is_the_papers() -> None:
    recipe = read_recipe("clem-icd")
    assert isinstance(recipe, NeuralRecipe)
    assert (recipe.encoder, recipe.max_tokens) == ("answerdotai/ModernBERT-base", 8192)
    assert (recipe.reading, recipe.head, recipe.training.gradient_checkpointing) == ("whole", "pooled", True)


def test_settings_reach_every_depth() -> None:
    recipe = read_recipe(
        "clem-icd-small",
        ["seed=7", "training.learning_rate=1e-5", "small.layers=3", "training.patience=null", "pooling=cls"],
    )
    assert isinstance(recipe, NeuralRecipe)
    assert (recipe.seed, recipe.training.learning_rate, recipe.small.layers) == (7, 1e-5, 3)
    assert (recipe.training.patience, recipe.pooling) == (None, "cls")


def test_a_list_is_written_as_yaml() -> None:
    recipe = read_recipe("linear", ["training.ngrams=[1, 3]"])
    assert isinstance(recipe, LinearRecipe)
    assert recipe.training.ngrams == (1, 3)


@pytest.mark.parametrize(
    ("setting", "meant"),
    [
        ("learning_rate=1e-5", "training.learning_rate"),
        ("training.learningrate=1e-5", "training.learning_rate"),
        ("epoch=3", "training.epochs"),
        ("encodr=small", "encoder"),
        ("small.layer=3", "small.layers"),
    ],
)
def test_an_unknown_key_is_answered_with_the_one_that_was_meant(setting: str, meant: str) -> None:
    with pytest.raises(RecipeError, match=rf"Did you mean {meant}\?"):
        read_recipe("clem-icd-small", [setting])


def test_an_unknown_key_in_a_file_is_answered_too(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("system: neural\nencoder: small\ntraining:\n  leaning_rate: 1.0e-3\n")
    with pytest.raises(RecipeError, match=r"mine\.yaml.*Did you mean training\.learning_rate\?"):
        read_recipe(str(path))


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("training.epochs=none", "training.epochs"),
        ("training.epochs=0", "greater than or equal to 1"),
        ("head=attention", "head"),
        ("training.epochs", "expected KEY=VALUE, got 'training.epochs'"),
        ("seed=[", "not valid YAML"),
    ],
)
def test_a_value_that_does_not_fit_is_named(setting: str, words: str) -> None:
    with pytest.raises(RecipeError, match=words):
        read_recipe("clem-icd-small", [setting])


@pytest.mark.parametrize("text", ["- a\n", "system: other\n", "a: [\n", "", "system: [neural]\n"])
def test_what_is_no_recipe_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    with pytest.raises(RecipeError, match=r"bad\.yaml"):
        read_recipe(str(path))


def test_a_recipe_that_is_not_there_is_answered_with_the_one_that_was_meant() -> None:
    with pytest.raises(RecipeError, match="Did you mean clem-icd-small"):
        read_recipe("clem-icd-smal")


def test_yaml_makes_no_objects(tmp_path: Path) -> None:
    path = tmp_path / "evil.yaml"
    path.write_text("system: !!python/object/apply:os.getcwd []\n")
    with pytest.raises(RecipeError, match="not valid YAML"):
        read_recipe(str(path))


def test_a_group_of_keys_is_no_value() -> None:
    with pytest.raises(RecipeError, match="training is set both as a value and as a group of keys"):
        read_recipe("clem-icd-small", ["training=3", "training.epochs=3"])


def test_heads_have_to_divide_the_width() -> None:
    with pytest.raises(RecipeError, match="multiple of twice attention_heads"):
        read_recipe("clem-icd-small", ["small.attention_heads=7"])
