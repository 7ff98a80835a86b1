"""Check that a model's probabilities depend on nothing but the note.

Scores notes of the test split one by one, with padding, in batches, in shuffled order, and through
`transformers.pipeline`, and prints the largest differences. In reduced precision, only that of notes that are
scored together from the same notes alone.

    python benchmarks/same_answers.py runs/demo/model runs/demo-corpus
    python benchmarks/same_answers.py runs/demo/model runs/demo-corpus --precision int8
"""

from __future__ import annotations

import argparse
import random
import sys
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from transformers import pipeline
from transformers.utils import logging

from clem_icd import Coder, Corpus
from clem_icd.modeling import NeuralSystem
from clem_icd.modeling.precision import REDUCED


def logits(system: NeuralSystem, texts: list[str], **padding: Any) -> torch.Tensor:
    """Return the logits of a batch of texts [texts, labels]."""
    encoded = system.tokenizer(
        texts,
        padding=True,
        truncation=True,
        max_length=system.reading.max_tokens,
        return_tensors="pt",
        **padding,
    )
    with torch.inference_mode():
        found: torch.Tensor = system.model(**encoded).logits
    return found


def logit_differences(system: NeuralSystem, texts: list[str]) -> dict[str, float]:
    """Return the largest difference of a logit from that of the note scored alone, by condition."""
    alone = torch.cat([logits(system, [text]) for text in texts])
    padded = torch.cat([logits(system, [text], pad_to_multiple_of=512) for text in texts])
    order = list(range(len(texts)))
    random.Random(0).shuffle(order)
    together = torch.cat([logits(system, texts[at : at + 16]) for at in range(0, len(texts), 16)])
    mixed = torch.cat(
        [logits(system, [texts[row] for row in order[at : at + 16]]) for at in range(0, len(texts), 16)]
    )
    return {
        "padding": float((padded - alone).abs().max()),
        "batch composition": float((together - alone).abs().max()),
        "batch order": float((mixed - alone[order]).abs().max()),
    }


def probability_difference(system: NeuralSystem, texts: list[str]) -> float:
    """Return the largest difference of a probability between notes scored together and alone."""
    together = [scores.probabilities for scores in system.score(texts)]
    alone = [next(system.score([text])).probabilities for text in texts]
    return max(float(abs(one - other).max()) for one, other in zip(together, alone, strict=True))


def pipeline_difference(coder: Coder, folder: Path, texts: list[str]) -> float:
    """Return the largest difference of a probability between `Coder` and a stock pipeline."""
    options: dict[str, Any] = {"top_k": None, "function_to_apply": "sigmoid", "truncation": True}
    stock: Any = pipeline("text-classification", model=str(folder), **options)
    largest = 0.0
    for text in texts:
        ours = {row.code: row.probability for row in coder.code(text, top=len(coder.info.labels))}
        theirs = {row["label"]: row["score"] for row in stock([text])[0]}
        largest = max(largest, *(abs(ours[code] - theirs[code]) for code in ours))
    return largest


def main() -> None:
    """Print the differences."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("model", type=Path)
    arguments.add_argument("corpus", type=Path)
    arguments.add_argument("--notes", type=int, default=64, help="notes to score; default: 64")
    arguments.add_argument("--precision", default="fp32", choices=("fp32", *REDUCED))
    given = arguments.parse_args()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    coder = Coder.load(given.model, precision=given.precision)
    if not isinstance(coder.system, NeuralSystem):
        sys.exit("same_answers.py needs a neural model; this one is linear")
    texts = list(islice(Corpus.open(given.corpus).texts("test"), given.notes))
    print(f"largest probability difference, together: {probability_difference(coder.system, texts):.1e}")
    if given.precision != "fp32":
        return
    for name, value in logit_differences(coder.system, texts).items():
        print(f"largest logit difference, {name}: {value:.1e}")
    difference = pipeline_difference(coder, given.model, texts)
    print(f"largest probability difference, pipeline: {difference:.1e}")


if __name__ == "__main__":
    main()
