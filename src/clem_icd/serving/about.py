"""What a service says about its model."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from clem_icd.decisions import single_threshold
from clem_icd.evaluation.definitions import DEFINITIONS
from clem_icd.serving.limits import Limits
from clem_icd.serving.schemas import (
    CorpusOut,
    LabelsOut,
    LimitsOut,
    MetricOut,
    ModelNamed,
    ModelResponse,
    RuleOut,
)
from clem_icd.serving.served import ServedModel


def named(served: ServedModel) -> ModelNamed:
    """Return which model codes the notes, and how."""
    return ModelNamed(**_named(served))


def described(served: ServedModel, limits: Limits) -> ModelResponse:
    """Return everything that is known about the model."""
    info = served.coder.info
    return ModelResponse(
        **_named(served),
        version=version("clem-icd"),
        labels=LabelsOut(
            count=len(info.labels),
            by_system={system.value: count for system, count in served.systems.items()},
            space=str(info.label_space),
        ),
        reading=None if info.architecture is None else info.architecture["reading"],
        max_tokens=info.max_tokens,
        corpus=None if served.is_search else _corpus(info.corpus),
        metrics={
            split: {name: _metric(name, value) for name, value in values.items()}
            for split, values in info.metrics.items()
        },
        limits=LimitsOut(**limits.model_dump(include=set(LimitsOut.model_fields))),
    )


def _named(served: ServedModel) -> dict[str, Any]:
    rule, info = served.coder.rule, served.coder.info
    never = served.is_search
    return {
        "name": served.name,
        "system": info.system,
        "sha256": served.sha256,
        "precision": served.precision,
        "rule": RuleOut(
            threshold=None if never else single_threshold(rule),
            description="never: these are search suggestions" if never else rule.describe(),
            policy=info.threshold_policy,
        ),
        "evidence_method": served.evidence_method,
    }


def _metric(name: str, value: float) -> MetricOut:
    found = DEFINITIONS.get(name)
    return MetricOut(
        value=value,
        title=getattr(found, "title", None),
        definition=getattr(found, "definition", None),
        labels=getattr(found, "labels", None),
        notes=getattr(found, "notes", None),
    )


def _corpus(corpus: dict[str, Any]) -> CorpusOut:
    return CorpusOut(**{name: corpus.get(name) for name in CorpusOut.model_fields})
