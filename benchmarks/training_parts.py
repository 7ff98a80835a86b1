"""What the time of a training goes to: forward, backward, optimizer, evaluation, checkpoints, and the rest.

    python benchmarks/training_parts.py CORPUS [RECIPE] [KEY=VALUE …]

RECIPE is `demo` by default. Parts are timed inside a real run, and include what is below them. The model is
not kept.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import torch
from transformers.utils import logging

from clem_icd.corpus import Corpus
from clem_icd.modeling.machine import describe_environment
from clem_icd.progress import Silent
from clem_icd.training import NeuralRecipe, read_recipe
from clem_icd.training.fit import fit_neural
from clem_icd.training.notes_trainer import NotesTrainer

PARTS = {
    "steps, without the optimizer": (NotesTrainer, "training_step"),
    "of these, backward": (torch.Tensor, "backward"),
    "optimizer": (torch.optim.AdamW, "step"),
    "evaluation": (NotesTrainer, "evaluate"),
    "checkpoints": (NotesTrainer, "_save_checkpoint"),
}


def time_calls(owner: Any, name: str, part: str, seconds: dict[str, float]) -> None:
    """Add the time of every call of a method to a part."""
    method = getattr(owner, name)

    def timed(*arguments: Any, **keywords: Any) -> Any:
        began = time.perf_counter()
        try:
            return method(*arguments, **keywords)
        finally:
            seconds[part] += time.perf_counter() - began

    setattr(owner, name, timed)


def main() -> None:
    """Train, and print the time of each part."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("recipe", nargs="?", default="demo")
    parser.add_argument("settings", nargs="*", metavar="KEY=VALUE")
    arguments = parser.parse_args()
    recipe = read_recipe(arguments.recipe, arguments.settings)
    if not isinstance(recipe, NeuralRecipe):
        parser.error("the linear baseline is not trained in steps")
    logging.set_verbosity_error()
    seconds: dict[str, float] = defaultdict(float)
    for part, (owner, name) in PARTS.items():
        time_calls(owner, name, part, seconds)
    corpus = Corpus.open(arguments.corpus)
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        fit_neural(recipe, corpus, Path(folder), Silent())
        total = time.perf_counter() - began
    print(describe_environment())
    print(f"| part | seconds | share |\n|---|---|---|\n| all | {total:.1f} | |")
    for part in PARTS:
        print(f"| {part} | {seconds[part]:.1f} | {seconds[part] / total:.1%} |")


if __name__ == "__main__":
    main()
