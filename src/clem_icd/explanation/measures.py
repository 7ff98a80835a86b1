"""The definition of every value that `measure_methods` returns."""

from __future__ import annotations

from clem_icd.cues import CUE_KINDS
from clem_icd.evidence import RATIO_DEFINITIONS
from clem_icd.evidence.plausibility import CUTOFFS

__all__ = ["DEFINITIONS"]

_PAIRS = "pairs of note and code with gold evidence that was read"
_CODES = "codes that the model assigns"
_EDIN = "Edin et al. 2024"

DEFINITIONS: dict[str, str] = {
    "precision": f"Precision of predicted tokens over {_PAIRS}; counts are pooled ({_EDIN}).",
    "recall": f"Recall of predicted tokens, likewise ({_EDIN}).",
    "f1": f"F1 of predicted tokens, likewise ({_EDIN}).",
    "auprc": f"Area under pooled precision over recall between the thresholds 0, 0.01 ... 1 ({_EDIN}).",
    "empty": f"Share of {_PAIRS} whose highest weight is below the threshold ({_EDIN}).",
    "span_recall": f"Mean share of gold token runs that contain a predicted token ({_EDIN}).",
    "cover": f"Mean share of predicted tokens in the gold runs that contain one; 0 without any ({_EDIN}).",
    "iou": f"Mean intersection over union of the gold tokens and as many best tokens ({_EDIN}).",
    "kl": f"Mean divergence of the weights from a uniform distribution over gold tokens, in nats ({_EDIN}).",
    "mean_predicted_tokens": f"Mean number of predicted tokens ({_EDIN}).",
    **{
        f"{name}_at_{k}": f"{name.capitalize()} of the {k} best tokens; counts are pooled ({_EDIN})."
        for name in ("precision", "recall")
        for k in CUTOFFS
    },
    "strict_empty": f"Share of {_PAIRS} without a predicted token.",
    "zero": f"Share of {_PAIRS} without any weight.",
    "average_precision": "Area under pooled precision over recall, in steps at every weight.",
    "r_precision": "Mean share of gold tokens among as many best tokens.",
    **{f"strict_precision_at_{k}": f"Precision at {k} over min({k}, tokens)." for k in CUTOFFS},
    "entropy": f"Mean entropy of the weights over that of equal weights ({_EDIN}).",
    **{
        name.removeprefix("evidence_"): definition.definition
        for name, definition in RATIO_DEFINITIONS.items()
        if "gold" not in name and "cue" not in name
    },
    **{
        f"cue_{kind}": f"Share of the spans of {_CODES} that a cue of this kind governs."
        for kind in CUE_KINDS
    },
    "spans_per_code": "Mean number of spans of assigned codes with at least one.",
    "label_overlap": f"Mean Jaccard overlap of the words of two {_CODES}, over all pairs of a note.",
    "without_span": f"Share of {_CODES} without a span.",
    "comprehensiveness": f"Mean relative fall of the probability without the best 0 ... 98 words ({_EDIN}).",
    "sufficiency": f"Mean relative fall with the best 100, 98 ... 2 words alone; a rise is 0 ({_EDIN}).",
    "strict_comprehensiveness": "Comprehensiveness over the steps that mask some words, but not all.",
    "strict_sufficiency": "Sufficiency over the steps that keep some words, but not all; a rise counts.",
    "normalised_aopc": "Area over the perturbation curve of six stretches of the note, between the worst (0) "
    "and the best (1) order (Edin et al. 2025).",
    "top_span_beats_random": "Share of cases in which the logit is lower without the top span than without a "
    "random stretch of as many words; equal logits are not lower, and cases in which both probabilities are "
    "0, or both 1, are left out.",
    "shuffled_correlation": "Mean rank correlation of the weights with those of the same model with shuffled "
    "parameters; near 0 if the method depends on what the model learned.",
    "seconds_per_note": "Seconds to explain a note: its assigned codes and those with gold evidence.",
    "seconds_per_code": "Seconds per explained code.",
}
