"""From a recipe to a run: training, the choice of epoch and threshold, scores, metrics and a report.

A recipe names a system and its settings in YAML. The Hugging Face Trainer trains neural systems;
this room gives it batches of similar length in an order that resumes exactly, and checkpoints that
are known to be whole.
"""

from typing import TYPE_CHECKING

from clem_icd.lazy import lazy_names

if TYPE_CHECKING:
    from clem_icd.training.folder import RunFolder, SeedsFolder
    from clem_icd.training.judging import judge
    from clem_icd.training.plan import TrainingPlan, plan_training, require_steps
    from clem_icd.training.recipe import (
        DictionaryRecipe,
        LexiconRecipe,
        LinearRecipe,
        NeuralRecipe,
        Recipe,
        read_recipe,
        shipped_recipes,
    )
    from clem_icd.training.seeds import train
    from clem_icd.training.stored_rule import store_rule

__all__ = [
    "DictionaryRecipe",
    "LexiconRecipe",
    "LinearRecipe",
    "NeuralRecipe",
    "Recipe",
    "RunFolder",
    "SeedsFolder",
    "TrainingPlan",
    "judge",
    "plan_training",
    "read_recipe",
    "require_steps",
    "shipped_recipes",
    "store_rule",
    "train",
]

__getattr__ = lazy_names(
    __name__,
    {
        "DictionaryRecipe": "recipe",
        "LexiconRecipe": "recipe",
        "LinearRecipe": "recipe",
        "Recipe": "recipe",
        "NeuralRecipe": "recipe",
        "RunFolder": "folder",
        "SeedsFolder": "folder",
        "TrainingPlan": "plan",
        "judge": "judging",
        "plan_training": "plan",
        "read_recipe": "recipe",
        "require_steps": "plan",
        "shipped_recipes": "recipe",
        "store_rule": "stored_rule",
        "train": "seeds",
    },
)
