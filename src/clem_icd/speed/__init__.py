"""How fast a model reads notes on this machine.

Notes of several lengths are read in turn by the model in each precision, by the stock pipeline of
transformers and by PLM-ICD, and large matrices are multiplied in between: the ceiling. The result has notes
and tokens per second, peak memory, the share of the ceiling, and what 100,000 notes would take and cost.
Everything is measured; no figure of another machine is used.
"""

from typing import TYPE_CHECKING

from clem_icd.lazy import lazy_names

if TYPE_CHECKING:
    from clem_icd.speed.measuring import measure_speed, plan_speed
    from clem_icd.speed.settings import Settings

__all__ = ["Settings", "measure_speed", "plan_speed"]

__getattr__ = lazy_names(
    __name__,
    {"Settings": "settings", "measure_speed": "measuring", "plan_speed": "measuring"},
)
