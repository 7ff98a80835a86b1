from __future__ import annotations

from pathlib import Path

import pytest

from clem_icd.corpus import Corpus
from clem_icd.errors import RecipeError
from clem_icd.modeling import PooledHead, PretrainedEncoder, SmallEncoder, WholeReading
from clem_icd.training import LinearRecipe, NeuralRecipe, read_recipe, shipped_recipes, train
from support import LITTLE_SETTINGS


@pytest.mark.parametrize("name", shipped_recipes())
def test_every_shipped_recipe_is_valid(name: str) -> None:
    assert read_recipe(name).system in ("neural", "linear", "lexicon", "dictionary")


def test_the_clem_icd_recipe_matches_the_paper() -> None:
    recipe = read_recipe("clem-icd")
    assert isinstance(recipe, NeuralRecipe)
    assert recipe.encoder == PretrainedEncoder(name="answerdotai/ModernBERT-base")
    assert recipe.reading == WholeReading(max_tokens=8192)
    assert recipe.head == PooledHead(prior_bias=True)
    assert recipe.training.gradient_checkpointing


@pytest.mark.parametrize(
    ("data", "batch", "epochs"), [("mimic4-icd9", 16, 20), ("mdace", 4, 10), ("mimic3-full", 16, 20)]
)
def test_the_recipes_of_the_paper_follow_its_code(data: str, batch: int, epochs: int) -> None:
    recipe = read_recipe(f"paper/clem-icd-{data}")
    assert isinstance(recipe, NeuralRecipe)
    assert recipe.head == PooledHead(pooling="mean")
    assert recipe.threshold_policy == "fixed"
    training = recipe.training
    assert (training.batch_size, training.epochs, training.learning_rate) == (batch, epochs, 5e-5)
    assert (training.warmup_share, training.patience, training.weight_decay) == (0, None, 0)
    assert training.selection_metric == "macro_f1_all_labels"
    assert training.head_learning_rate_factor == 1


def test_warm_up_has_one_length_and_ends_before_training(little_corpus: Corpus, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="exclude each other; set one of them to null"):
        read_recipe("bl-5", ["training.warmup_share=0.3"])
    recipe = read_recipe("clem-icd-small", [*LITTLE_SETTINGS, "training.warmup_steps=30"])
    assert isinstance(recipe, NeuralRecipe)
    assert (recipe.training.steps(80), recipe.training.warmup(88)) == (30, 30)
    with pytest.raises(
        RecipeError, match=r"is 30, but the 80 training notes make only 30 steps\. Set .*=null"
    ):
        train(recipe, little_corpus, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_keeping_the_last_epoch_excludes_patience() -> None:
    with pytest.raises(RecipeError, match="needs patience=null"):
        read_recipe("clem-icd-small", ["training.selection_metric=last"])


def test_settings_reach_every_level() -> None:
    recipe = read_recipe(
        "clem-icd-small",
        [
            "seed=7",
            "training.learning_rate=1e-5",
            "encoder.layers=3",
            "training.patience=null",
            "head.pooling=cls",
        ],
    )
    assert isinstance(recipe, NeuralRecipe)
    assert (recipe.seed, recipe.training.learning_rate, recipe.training.patience) == (7, 1e-5, None)
    assert recipe.encoder == SmallEncoder(layers=3)
    assert recipe.head == PooledHead(pooling="cls", prior_bias=True)


def test_a_list_setting_is_parsed_as_yaml() -> None:
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
        ("encoder.layer=3", "encoder.layers"),
        ("max_tokens=9", "reading.max_tokens"),
        ("training.seed=1", "seed"),
        ("training.alpha=1", "training.r_drop.alpha"),
        ("training.epochs.first=1", "training.epochs"),
        ("trainin.epoch=3", "training.epochs"),
        ("encodr.dropout=0.1", "encoder.dropout"),
        ("training.dropout=0.1", "encoder.dropout or head.dropout"),
    ],
)
def test_an_unknown_key_suggests_the_closest_one(setting: str, meant: str) -> None:
    with pytest.raises(RecipeError, match=rf"Did you mean {meant}\?"):
        read_recipe("clem-icd-small", [setting])


def test_an_unknown_key_in_a_file_suggests_the_closest_one(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("system: neural\nencoder: small\ntraining:\n  leaning_rate: 1.0e-3\n")
    with pytest.raises(RecipeError, match=r"mine\.yaml.*Did you mean training\.learning_rate\?"):
        read_recipe(str(path))


@pytest.mark.parametrize(
    ("setting", "keys"),
    [
        ("training.lr=1", r"The keys of training are epochs, learning_rate, .*, regularizer\."),
        ("trainin.lr=1", "The keys of training are epochs,"),
        ("training.foo.bar=1", "The keys of training are epochs,"),
        ("training.r_drop.foo=1", r"The keys of training\.r_drop are alpha, after_epochs\."),
        ("loss.gama=2", r"The keys of loss 'bce' are kind, reduction\."),
        ("loss={kind: focal, foo: 1}", r"The keys of loss 'focal' are .*gamma"),
        ("adapter.rnk=2", r"Set adapter\.kind before it: lora"),
        ("training.regularizer.wieght=2", r"Set training\.regularizer\.kind before it: .* or token-masking"),
        ("foo=1", "The keys are system, seed, seeds, threshold_policy, training, encoder, [a-z, ]*adapter"),
        ("foo.bar=1", "The keys are system, seed,"),
    ],
)
def test_an_unknown_key_without_a_close_one_names_those_of_its_group(setting: str, keys: str) -> None:
    with pytest.raises(RecipeError, match=rf"there is no key '.*'\. {keys}"):
        read_recipe("clem-icd-small", [setting])


@pytest.mark.parametrize(
    ("yaml", "words"),
    [
        ("training: {lr: 1}", r"key 'training\.lr'\. The keys of training are epochs, learning_rate,"),
        ("loss: {kind: bce, gama: 2}", r"key 'loss\.gama'\. The keys of loss 'bce' are kind, reduction\."),
        ("loss: {gama: 2}", r"key 'loss\.gama'\. The keys of loss 'bce' are kind, reduction\."),
        ("loss: {kind: focal, gama: 2}", r"key 'loss\.gama'\. Did you mean loss\.gamma\?"),
        ("foo: 1", "key 'foo'. The keys are system, seed, [a-z_, ]*adapter"),
    ],
)
def test_an_unknown_key_in_a_file_names_those_of_its_group(yaml: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(f"system: neural\nencoder: small\n{yaml}\n")
    with pytest.raises(RecipeError, match=rf"mine\.yaml: there is no {words}"):
        read_recipe(str(path))


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("training.epochs=none", "training.epochs"),
        ("training.epochs=0", "greater than or equal to 1"),
        ("head=attention", "head"),
        ("training.epochs", "expected KEY=VALUE, got 'training.epochs'"),
        ("seed=[", "not valid YAML"),
        ("loss=focl", "there is no loss 'focl'; did you mean focal"),
        ("loss.gamma=2", "loss.gamma does not apply to loss 'bce'"),
        ("loss.reduction=none", "loss.reduction: Input should be 'mean' or 'sum'"),
        ("loss={kind: focal, gamma: -1}", "loss.gamma: .* greater than or equal to 0"),
        ("loss={kind: focal, alpha: 1}", "loss.alpha: .* less than 1"),
        ("loss={kind: focal, alpha: 0}", "loss.alpha: .* greater than 0"),
        ("loss={kind: asymmetric, gamma_positive: -1}", "loss.gamma_positive: .* equal to 0"),
        ("loss={kind: asymmetric, gamma_negative: .nan}", "loss.gamma_negative: .* finite"),
        ("loss={kind: asymmetric, margin: 1}", "loss.margin: .* less than 1"),
        ("loss={kind: asymmetric, margin: -0.1}", "loss.margin: .* equal to 0"),
        ("loss={kind: class-balanced, beta: 1}", "loss.beta: .* less than 1"),
        ("loss={kind: class-balanced, beta: -0.1}", "loss.beta: .* equal to 0"),
    ],
)
def test_an_invalid_value_is_named_in_the_error(setting: str, words: str) -> None:
    with pytest.raises(RecipeError, match=words):
        read_recipe("clem-icd-small", [setting])


@pytest.mark.parametrize("text", ["- a\n", "system: other\n", "a: [\n", "", "system: [neural]\n"])
def test_a_file_that_is_not_a_recipe_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    with pytest.raises(RecipeError, match=r"bad\.yaml"):
        read_recipe(str(path))


def test_an_unknown_recipe_suggests_the_closest_one() -> None:
    with pytest.raises(RecipeError, match="Did you mean clem-icd-small"):
        read_recipe("clem-icd-smal")


def test_yaml_cannot_construct_objects(tmp_path: Path) -> None:
    path = tmp_path / "evil.yaml"
    path.write_text("system: !!python/object/apply:os.getcwd []\n")
    with pytest.raises(RecipeError, match="not valid YAML"):
        read_recipe(str(path))


def test_setting_a_group_and_one_of_its_keys_is_refused() -> None:
    with pytest.raises(RecipeError, match="training is set both as a value and as a group of keys"):
        read_recipe("clem-icd-small", ["training=3", "training.epochs=3"])


def test_attention_heads_must_divide_the_hidden_size() -> None:
    with pytest.raises(RecipeError, match="multiple of twice attention_heads"):
        read_recipe("clem-icd-small", ["encoder.attention_heads=7"])
