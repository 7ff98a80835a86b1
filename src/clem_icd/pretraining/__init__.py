"""Texts become an encoder: masked-language modelling from scratch, or on from where another encoder ended.

`sources` says what is read and what must never be; `preparation` turns it into tokens on the disk; `steps`
says what is read at every step, as a function of its number, which is why a killed training goes on exactly;
`codes` adds what can be learned from the names of codes and from notes with their codes.
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
