"""Training an encoder on texts: masked-language modelling, from scratch or from another encoder.

`texts` reads the sources and excludes what must not be read; `preparation` writes them to disk as tokens;
`steps` makes the batch of every step as a function of the step's number, so a killed run resumes
exactly; `coded_texts` adds a loss on names of codes and on notes with their codes.
"""

from typing import TYPE_CHECKING

from clem_icd.lazy import lazy_names

if TYPE_CHECKING:
    from clem_icd.pretraining.plan import HOURS, Plan, plan_pretraining
    from clem_icd.pretraining.recipe import PretrainingRecipe, read_pretraining
    from clem_icd.pretraining.run import pretrain
    from clem_icd.pretraining.texts import Sources

__all__ = [
    "HOURS",
    "Plan",
    "PretrainingRecipe",
    "Sources",
    "plan_pretraining",
    "pretrain",
    "read_pretraining",
]

__getattr__ = lazy_names(
    __name__,
    {
        "HOURS": "plan",
        "Plan": "plan",
        "PretrainingRecipe": "recipe",
        "Sources": "texts",
        "plan_pretraining": "plan",
        "pretrain": "run",
        "read_pretraining": "recipe",
    },
)
