from __future__ import annotations

import pytest

from clem_icd.errors import RecipeError
from clem_icd.pretraining import PretrainingRecipe, read_pretraining
from clem_icd.pretraining.recipe import completed


def test_without_settings_it_is_the_default() -> None:
    assert read_pretraining() == PretrainingRecipe()


def test_settings_reach_every_depth() -> None:
    recipe = read_pretraining(
        [
            "seed=7",
            "small.layers=3",
            "training.learning_rate=1e-4",
            "training.lengths=[32,64]",
            "training.shares=[0.8, 0.2]",
            "codes.notes=4",
            "count_embeddings=false",
        ],
        encoder="some/folder",
    )
    assert (recipe.seed, recipe.small.layers, recipe.training.learning_rate) == (7, 3, 1e-4)
    assert (recipe.training.lengths, recipe.training.shares) == ((32, 64), (0.8, 0.2))
    assert (recipe.codes.notes, recipe.count_embeddings, recipe.encoder) == (4, False, "some/folder")


@pytest.mark.parametrize(
    ("setting", "meant"),
    [
        ("learning_rate=1e-5", "training.learning_rate"),
        ("training.length=[32]", "training.lengths"),
        ("code.names=3", "codes.names"),
        ("sead=3", "seed"),
        ("small.layer=3", "small.layers"),
    ],
)
def test_an_unknown_key_is_answered_with_the_one_that_was_meant(setting: str, meant: str) -> None:
    with pytest.raises(RecipeError, match=rf"Did you mean {meant}\?"):
        read_pretraining([setting])


def test_the_encoder_is_no_setting() -> None:
    with pytest.raises(RecipeError, match=r"'encoder'\. Name it with --encoder"):
        read_pretraining(["encoder=small"])


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["training.tokens=0"], "training.tokens"),
        (["training.tokens=many"], "training.tokens"),
        (["training.tokens"], "expected KEY=VALUE, got 'training.tokens'"),
        (["training.lengths=["], "not valid YAML"),
        (["training.lengths=[]", "training.shares=[]"], "lengths and shares have to be as many"),
        (["training.lengths=[128]"], "lengths and shares have to be as many"),
        (["training.lengths=[256, 128]"], "lengths have to rise"),
        (["training.lengths=[128, 128]"], "lengths have to rise"),
        (["training.lengths=[8, 128]"], "lengths have to rise, from 16"),
        (["training.shares=[0.9, 0.2]"], "shares have to be positive, and 1 together"),
        (["training.shares=[1.1, -0.1]"], "shares have to be positive, and 1 together"),
        (["training.batch_tokens=1000"], "batch_tokens has to be at least the longest"),
        (["positions=1000"], "have to be at most positions"),
        (["training.warmup_share=0.8"], "at most 1 together"),
        (["masked_share=1"], "masked_share"),
        (["masked_share=0"], "masked_share"),
        (["held_out_share=0"], "held_out_share"),
        (["small.attention_heads=7"], "multiple of twice attention_heads"),
        (["training.precision=fp16"], "training.precision"),
        (["training=3", "training.tokens=3"], "both as a value and as a group of keys"),
        # No training is of that many tokens, or moves at all.
        (["training.shares=[.nan, .nan]"], "shares"),
        (["training.learning_rate=.inf"], "learning_rate"),
        (["seed=-1"], "seed"),
    ],
)
def test_a_value_that_does_not_fit_is_named(settings: list[str], words: str) -> None:
    with pytest.raises(RecipeError, match=words):
        read_pretraining(settings)


def test_the_recipe_of_a_run_is_completed_by_what_is_new() -> None:
    fields = read_pretraining(["seed=3", "training.lengths=[32,64]"]).model_dump(mode="json")
    assert completed(fields) == fields
    older = {key: value for key, value in fields.items() if key not in ("codes", "masked_share")}
    assert completed(older) == fields
    newer = {**fields, "of_the_next_release": 1}
    assert completed(newer) == newer
