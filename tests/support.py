"""Shared by tests: a little corpus that a little model learns in seconds."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from clem_icd.corpus import Corpus, Evidence, Note, corpus_writer
from clem_icd.decisions import Threshold
from clem_icd.icd import Code, CodeSystem, default_codebook
from clem_icd.modeling import (
    Architecture,
    LabelSpace,
    ModelInfo,
    NeuralSystem,
    SmallEncoder,
    build,
    seen_admissions,
)

ROOT = Path(__file__).parents[1]
"""The checkout."""

SHARED = ROOT.parent / "shared"
"""Real data next to the checkout; absent on most machines."""

LITTLE_SETTINGS = [
    "encoder.hidden_size=32",
    "encoder.intermediate_size=48",
    "encoder.layers=2",
    "encoder.attention_heads=2",
    "encoder.vocabulary=400",
    "reading.max_tokens=128",
    "training.epochs=3",
    "training.learning_rate=0.01",
    "training.batch_size=8",
    "training.precision=fp32",
]

FINDINGS = {
    "I10": "hypertension",
    "E11.9": "type 2 diabetes",
    "N17.9": "acute kidney injury",
    "J18.9": "pneumonia",
    "I48.91": "atrial fibrillation",
    "E87.6": "hypokalemia",
}
FILLER = tuple("the patient was seen today and had a quiet night with stable vital signs on the ward".split())  # noqa: SIM905


def make_note(number: int) -> Note:
    """Return note ``number``, a few findings among filler; the same for every call."""
    random_ = random.Random(number)
    chosen = [code for code in FINDINGS if random_.random() < 0.4] or ["I10"]
    text, evidence = "", []
    for value in chosen:
        text += " ".join(random_.choices(FILLER, k=random_.randint(2, 12))) + " "
        code = Code(value, CodeSystem.ICD10CM)
        evidence.append(Evidence(code, len(text), len(text) + len(FINDINGS[value])))
        text += FINDINGS[value] + ". "
    return Note(
        note_id=f"n{number}",
        text=text,
        codes=tuple(Code(value, CodeSystem.ICD10CM) for value in chosen),
        evidence=tuple(evidence),
        subject_id=f"s{number // 2}",
        admission_id=f"a{number}",
    )


def write_little_corpus(
    path: Path,
    *,
    sizes: dict[str, int] | None = None,
    name: str = "little",
    population: str | None = None,
    first: int = 0,
) -> Corpus:
    """Write a corpus of notes made by `make_note`, numbered from ``first``."""
    with corpus_writer(
        path,
        name=name,
        source="test",
        options={},
        inputs=[],
        codebook=default_codebook(),
        synthetic=True,
        population=population,
    ) as writer:
        for split, size in (sizes or {"train": 80, "validation": 20, "test": 24}).items():
            writer.write(split, [make_note(number) for number in range(first, first + size)])
            first += size
    return Corpus.open(path)


TINY = SmallEncoder(hidden_size=32, intermediate_size=48, layers=4, attention_heads=2, vocabulary=400)


def tiny(max_tokens: int = 8192, **choices: Any) -> Architecture:
    """Return the architecture of a tiny ModernBERT with random weights; keywords replace choices."""
    return Architecture.model_validate(
        {"encoder": TINY, "reading": {"kind": "whole", "max_tokens": max_tokens}, **choices}
    )


def new_system(corpus: Corpus, architecture: Architecture | None = None) -> NeuralSystem:
    """Return a system with random weights, the same for every call."""
    architecture = architecture or tiny()
    torch.manual_seed(0)
    model, tokenizer = build(architecture, LabelSpace.of(corpus), texts=corpus.texts("train"))
    # Larger than initial weights, so that mistakes show in the logits.
    with torch.no_grad():
        model.get_parameter("classifier.weight").mul_(8)
    return NeuralSystem(model, tokenizer, architecture.reading)


def info_of(corpus: Corpus, architecture: Architecture | None = None, *, system: str = "neural") -> ModelInfo:
    """Return the contents of ``clem.json`` for a model of a corpus."""
    architecture = architecture or tiny()
    return ModelInfo(
        system=system,
        labels=corpus.codes,
        titles=tuple(label.title for label in corpus.labels),
        rule=Threshold(0.25),
        threshold_policy="given by a test",
        architecture=architecture.model_dump(mode="json") if system == "neural" else None,
        corpus={
            "name": corpus.name,
            "source": "test",
            "synthetic": True,
            "fingerprint": corpus.fingerprint,
            "population": corpus.population,
        },
        admissions=seen_admissions(corpus),
    )


class LargestTensor(TorchDispatchMode):
    """Records the most elements that any operation inside the block returned, in `elements`.

    Views with strides of zero count what they hold, not what they show.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.elements = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        found = func(*args, **(kwargs or {}))
        for tensor in found if isinstance(found, tuple | list) else (found,):
            if isinstance(tensor, torch.Tensor):
                held = tensor.untyped_storage().nbytes() // tensor.element_size()
                self.elements = max(self.elements, held)
        return found
