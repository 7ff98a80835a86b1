"""The description of a model that was just trained."""

from __future__ import annotations

from clem_icd.corpus import Corpus
from clem_icd.decisions import Threshold
from clem_icd.modeling import ModelInfo, seen_admissions
from clem_icd.training.recipe import LexiconRecipe, NeuralRecipe, Recipe


def new_info(recipe: Recipe, corpus: Corpus) -> ModelInfo:
    """Return the description of a model of a corpus whose decision rule is still to be chosen."""
    return ModelInfo(
        system=recipe.system,
        labels=corpus.codes,
        titles=tuple(label.title for label in corpus.labels),
        rule=Threshold(0.5),
        threshold_policy="not chosen",
        architecture=recipe.architecture.model_dump(mode="json")
        if isinstance(recipe, NeuralRecipe)
        else None,
        corpus={
            "name": corpus.name,
            "source": corpus.about["source"],
            "synthetic": corpus.synthetic,
            "fingerprint": corpus.fingerprint,
            "population": corpus.population,
        },
        recipe=recipe.model_dump(mode="json"),
        label_space=(isinstance(recipe, LexiconRecipe) and recipe.space) or "corpus",
        admissions=seen_admissions(corpus),
    )
