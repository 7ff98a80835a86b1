"""Published systems from raw files to a comparison, by one command that can be stopped and run again.

A target (``targets.yaml``) names the runs of a publication: corpora, recipes and evaluations.
`plan_reproduction` says what they take. `reproduce` prepares the corpora as `clem prepare` does, trains and
resumes as `clem train` does, evaluates as the publication does, and sets the results beside the published
ones.
"""

from typing import TYPE_CHECKING

from clem_icd.lazy import lazy_names

if TYPE_CHECKING:
    from clem_icd.reproducing.planning import ReproductionPlan, plan_reproduction
    from clem_icd.reproducing.request import Request
    from clem_icd.reproducing.running import Reproduction, reproduce
    from clem_icd.reproducing.targets import Target, known_targets

__all__ = [
    "Reproduction",
    "ReproductionPlan",
    "Request",
    "Target",
    "known_targets",
    "plan_reproduction",
    "reproduce",
]

__getattr__ = lazy_names(
    __name__,
    {
        "Reproduction": "running",
        "ReproductionPlan": "planning",
        "Request": "request",
        "Target": "targets",
        "plan_reproduction": "planning",
        "reproduce": "running",
        "known_targets": "targets",
    },
)
