"""Evidence for the codes of a system: how much each token supports a code, and which spans stand out.

A method computes a weight per code for every token that was read; it is one file in ``methods``. `SpanRule`
says which words become spans of the raw text, and `tuned_rule` chooses its cut on notes with evidence.
`Explainer` joins a system, a method and a rule. `faithfulness` says how much a code depends on what a method
ranks highest, and `measure_methods` compares methods.
"""

from typing import TYPE_CHECKING

from clem_icd.lazy import lazy_names

if TYPE_CHECKING:
    from clem_icd.explanation.explaining import Explainer, Explanation
    from clem_icd.explanation.faithfulness import (
        comprehensiveness,
        normalised_aopc,
        strict_comprehensiveness,
        strict_sufficiency,
        sufficiency,
    )
    from clem_icd.explanation.measuring import measure_methods
    from clem_icd.explanation.methods.method import Method
    from clem_icd.explanation.methods.neural_method import NeuralMethod
    from clem_icd.explanation.methods.registry import METHODS
    from clem_icd.explanation.retuning import retune
    from clem_icd.explanation.spans import SpanRule
    from clem_icd.explanation.stored import with_evidence
    from clem_icd.explanation.token_weights import TokenWeights
    from clem_icd.explanation.tuning import TunedRule, tuned_rule

__all__ = [
    "METHODS",
    "Explainer",
    "Explanation",
    "Method",
    "NeuralMethod",
    "SpanRule",
    "TokenWeights",
    "TunedRule",
    "comprehensiveness",
    "measure_methods",
    "normalised_aopc",
    "retune",
    "strict_comprehensiveness",
    "strict_sufficiency",
    "sufficiency",
    "tuned_rule",
    "with_evidence",
]

__getattr__ = lazy_names(
    __name__,
    {
        "METHODS": "methods.registry",
        "Explainer": "explaining",
        "Explanation": "explaining",
        "Method": "methods.method",
        "NeuralMethod": "methods.neural_method",
        "SpanRule": "spans",
        "TokenWeights": "token_weights",
        "TunedRule": "tuning",
        "retune": "retuning",
        "tuned_rule": "tuning",
        "with_evidence": "stored",
        "comprehensiveness": "faithfulness",
        "measure_methods": "measuring",
        "normalised_aopc": "faithfulness",
        "strict_comprehensiveness": "faithfulness",
        "strict_sufficiency": "faithfulness",
        "sufficiency": "faithfulness",
    },
)
