from __future__ import annotations

import pytest

from clem_icd.errors import RecipeError
from clem_icd.modeling import PretrainedEncoder
from clem_icd.pretraining import PretrainingRecipe, read_pretraining
from clem_icd.pretraining.recipe import READER


def test_no_settings_give_the_default_recipe() -> None:
    assert read_pretraining() == PretrainingRecipe()


def test_settings_reach_every_level() -> None:
    recipe = read_pretraining(
        [
            "seed=7",
            "encoder.layers=3",
            "training.learning_rate=1e-4",
            "training.lengths=[32,64]",
            "training.shares=[0.8, 0.2]",
            "codes.notes=4",
            "count_embeddings=false",
        ]
    )
    assert recipe.small is not None
    assert (recipe.seed, recipe.small.layers, recipe.training.learning_rate) == (7, 3, 1e-4)
    assert (recipe.training.lengths, recipe.training.shares) == ((32, 64), (0.8, 0.2))
    assert (recipe.codes.notes, recipe.count_embeddings) == (4, False)


@pytest.mark.parametrize(
    "recipe", [read_pretraining(encoder="some/folder"), read_pretraining(["encoder=some/folder"])]
)
def test_an_encoder_is_given_by_option_or_setting(recipe: PretrainingRecipe) -> None:
    assert recipe.encoder == PretrainedEncoder(name="some/folder")
    assert recipe.small is None


@pytest.mark.parametrize(
    ("setting", "meant"),
    [
        ("learning_rate=1e-5", "training.learning_rate"),
        ("training.length=[32]", "training.lengths"),
        ("code.names=3", "codes.names"),
        ("sead=3", "seed"),
        ("encoder.layer=3", "encoder.layers"),
    ],
)
def test_an_unknown_key_suggests_the_closest_one(setting: str, meant: str) -> None:
    with pytest.raises(RecipeError, match=rf"Did you mean {meant}\?"):
        read_pretraining([setting])


def test_dimensions_of_a_pretrained_encoder_are_refused() -> None:
    with pytest.raises(
        RecipeError, match=r"encoder\.layers does not apply to encoder 'pretrained'.*encoder small"
    ):
        read_pretraining(["encoder.layers=3"], encoder="some/folder")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["training.tokens=0"], "training.tokens"),
        (["training.tokens=many"], "training.tokens"),
        (["training.tokens"], "expected KEY=VALUE, got 'training.tokens'"),
        (["training.lengths=["], "not valid YAML"),
        (["training.lengths=[]", "training.shares=[]"], "lengths and shares must be equally many"),
        (["training.lengths=[128]"], "lengths and shares must be equally many"),
        (["training.lengths=[256, 128]"], "lengths must increase"),
        (["training.lengths=[128, 128]"], "lengths must increase"),
        (["training.lengths=[8, 128]"], "lengths must increase and start at 16"),
        (["training.shares=[0.9, 0.2]"], "shares must be positive and sum to 1"),
        (["training.shares=[1.1, -0.1]"], "shares must be positive and sum to 1"),
        (["training.batch_tokens=1000"], "batch_tokens must be at least the longest"),
        (["positions=1000"], "must be at most positions"),
        (["training.warmup_share=0.8"], "sum to at most 1"),
        (["masked_share=1"], "masked_share"),
        (["masked_share=0"], "masked_share"),
        (["held_out_share=0"], "held_out_share"),
        (["encoder.attention_heads=7"], "multiple of twice attention_heads"),
        (["training.precision=fp16"], "training.precision"),
        (["training=3", "training.tokens=3"], "both as a value and as a group of keys"),
        # Values that YAML parses but that no training can use.
        (["training.shares=[.nan, .nan]"], "shares"),
        (["training.learning_rate=.inf"], "learning_rate"),
        (["seed=-1"], "seed"),
    ],
)
def test_an_invalid_value_is_named_in_the_error(settings: list[str], words: str) -> None:
    with pytest.raises(RecipeError, match=words):
        read_pretraining(settings)


def test_a_stored_recipe_gets_defaults_for_new_fields() -> None:
    fields = read_pretraining(["seed=3", "training.lengths=[32,64]"]).model_dump(mode="json")
    assert READER.with_defaults(fields) == fields
    older = {key: value for key, value in fields.items() if key not in ("codes", "masked_share")}
    assert READER.with_defaults(older) == fields
    newer = {**fields, "added_in_the_next_release": 1}
    assert READER.with_defaults(newer) == newer
