"""Texts become an encoder: masked-language modelling from scratch, or on from where another encoder ended.

`sources` says what is read and what must never be; `preparation` turns it into tokens on the disk; `steps`
says what is read at every step, as a function of its number, which is why a killed training goes on exactly;
`codes` adds what can be learned from the names of codes and from notes with their codes.
"""

from clem_icd.pretraining.plan import HOURS, Plan, plan
from clem_icd.pretraining.recipe import PretrainingRecipe, read_pretraining
from clem_icd.pretraining.run import pretrain
from clem_icd.pretraining.texts import Sources

__all__ = ["HOURS", "Plan", "PretrainingRecipe", "Sources", "plan", "pretrain", "read_pretraining"]
