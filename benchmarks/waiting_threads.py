"""The cost of waiting threads: one training step of clem-small, idle and next to a busy process.

A step reads 16 notes of 214 tokens, the mean length of the demo's. Each way of waiting runs in a separate
process, one after the other, several times; the table shows medians.

Example: ``python benchmarks/waiting_threads.py --repeats 3``
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

_NOTES, _TOKENS, _LABELS, _STEPS = 16, 214, 108, 5
_POLICIES = {"spinning": "ACTIVE", "OpenMP's default": None, "ours": "PASSIVE"}


def step_seconds() -> list[float]:
    """Return the wall-clock time of some training steps, after one that warms up."""
    import torch
    from transformers import AutoModelForSequenceClassification

    from clem_icd.modeling.encoders import PretrainedEncoder
    from clem_icd.modeling.machine import use_usable_cores

    use_usable_cores()
    opened = PretrainedEncoder(name="clem-small").open(positions=_TOKENS)
    model = opened.load(AutoModelForSequenceClassification, fields={"num_labels": _LABELS})
    optimizer = torch.optim.AdamW(model.parameters())
    ids = torch.randint(5, 1000, (_NOTES, _TOKENS))
    targets = torch.zeros((_NOTES, _LABELS))
    seconds = []
    for _ in range(_STEPS + 1):
        began = time.perf_counter()
        logits = model(input_ids=ids).logits
        torch.nn.functional.binary_cross_entropy_with_logits(logits, targets).backward()
        optimizer.step()
        optimizer.zero_grad()
        seconds.append(time.perf_counter() - began)
    return seconds[1:]


@contextmanager
def busy_processes(count: int) -> Iterator[None]:
    """Keep some cores busy inside the block."""
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


def measured(policy: str | None) -> float:
    """Return the median time of a step in a process with a way of waiting."""
    surroundings = {key: value for key, value in os.environ.items() if key != "OMP_WAIT_POLICY"}
    # The package leaves a variable alone that is already set, even to an empty value.
    surroundings["OMP_WAIT_POLICY"] = policy or ""
    done = subprocess.run(
        [sys.executable, __file__, "--step"], capture_output=True, text=True, check=True, env=surroundings
    )
    return statistics.median(json.loads(done.stdout))


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--repeats", type=int, default=3, help="runs of each cell (default: 3)")
    options.add_argument("--step", action="store_true", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.step:
        print(json.dumps(step_seconds()))
        return
    from clem_icd.modeling.machine import describe_environment

    found: dict[tuple[str, int], list[float]] = {}
    for _ in range(chosen.repeats):
        for others in (0, 1, 2):
            for name, policy in _POLICIES.items():
                with busy_processes(others):
                    found.setdefault((name, others), []).append(measured(policy))
    print(f"Seconds per step, median of {chosen.repeats}; {describe_environment()['cpu']}")
    print("| waiting | idle | with 1 busy process | with 2 |")
    print("|---|---|---|---|")
    for name in _POLICIES:
        cells = (f"{statistics.median(found[name, others]):.2f}" for others in (0, 1, 2))
        print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
