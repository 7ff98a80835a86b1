"""What explanations cost: time as a multiple of one scoring of the note, and peak memory by its length.

    python benchmarks/explaining.py [METHOD …] [--head HEAD …] [--labels 10] [--memory 500 2000 8192]

Models are as large as ModernBERT-base, with random weights and 1,000 labels, on one core. Without METHOD, all
methods that explain a model are measured. Scoring and methods are interleaved; times are medians over the
repeats, of processor time. Memory is that of one process per measurement and includes the loaded model; that
of `score` is scoring alone.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import resource
import statistics
import sys
import time
from collections.abc import Callable, Sequence

import numpy as np
import torch

from clem_icd.decisions import Threshold
from clem_icd.errors import ClemError
from clem_icd.explanation import METHODS, Method
from clem_icd.icd import Code, CodeSystem
from clem_icd.icd.packaged import packaged_titles
from clem_icd.modeling import Architecture, LabelSpace, ModelInfo, NeuralSystem, build
from clem_icd.modeling.machine import describe_environment

LABELS = 1_000
BASE = {
    "kind": "small",
    "hidden_size": 768,
    "intermediate_size": 1152,
    "layers": 22,
    "attention_heads": 12,
}
HEADS = {
    "pooled": {"kind": "pooled", "pooling": "mean"},
    "label-attention": {"kind": "label-attention"},
    "label-cross-attention": {"kind": "label-cross-attention"},
}
SCORE = "score"


class Subject:
    """A system with random weights, and a note of exactly as many tokens as it reads."""

    def __init__(self, head: str, tokens: int) -> None:
        titles = packaged_titles(CodeSystem.ICD10CM)
        codes = tuple(Code(value, CodeSystem.ICD10CM) for value in sorted(titles)[:LABELS])
        names = tuple(titles[code.value] for code in codes)
        architecture = Architecture.model_validate(
            {"encoder": BASE, "reading": {"kind": "whole", "max_tokens": tokens}, "head": HEADS[head]}
        )
        torch.manual_seed(0)
        labels = LabelSpace(codes, names, np.ones(LABELS, dtype=np.int64), LABELS)
        model, tokenizer = build(architecture, labels, texts=names)
        self.system = NeuralSystem(model, tokenizer, architecture.reading)
        self.info = ModelInfo(
            system="neural",
            labels=codes,
            titles=names,
            rule=Threshold(0.5),
            threshold_policy="none",
            architecture=architecture.model_dump(mode="json"),
        )
        # Every word is at least one token.
        self.text = " ".join(itertools.islice(itertools.cycle(" ".join(names).split()), tokens))

    def task(self, name: str, labels: int) -> Callable[[], object]:
        """Return what is measured under a name."""
        if name == SCORE:
            return lambda: list(self.system.score([self.text]))
        method = parsed(name)
        method.require(self.system, self.info)
        return lambda: method.weigh(self.system, self.info, self.text, range(labels))


def parsed(name: str) -> Method:
    """Return a method with its default settings."""
    method = METHODS.parse(name)
    if method is None:
        raise ValueError(name)
    return method


def explaining(head: str, names: Sequence[str]) -> list[str]:
    """Return the methods that explain a model, of some or of all."""
    subject = Subject(head, 8)
    found = []
    for name in names or METHODS.kinds:
        try:
            parsed(name).require(subject.system, subject.info)
        except ClemError as problem:
            if names:
                print(f"{name}: {problem}")
            continue
        found.append(name)
    return found


def measure_time(head: str, names: Sequence[str], tokens: int, labels: int, repeats: int) -> None:
    """Print the time of each method as a multiple of the scoring."""
    subject = Subject(head, tokens)
    tasks = {name: subject.task(name, labels) for name in (SCORE, *names)}
    tasks[SCORE]()
    seconds: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(repeats):
        for name, task in tasks.items():
            began = time.process_time()
            task()
            seconds[name].append(time.process_time() - began)
    base = statistics.median(seconds[SCORE])
    for name, found in seconds.items():
        median = statistics.median(found)
        print(
            f"{head:<22} {name:<26} {tokens:>6,} tokens, {labels} labels  {median:8.2f} s  "
            f"{median / base:6.2f} x  {median / labels:7.2f} s per label",
            flush=True,
        )


def measure_memory(head: str, names: Sequence[str], lengths: Sequence[int], labels: int) -> None:
    """Print the peak memory of each method."""
    for name in (SCORE, *names):
        peaks = [_peak(head, name, tokens, labels) for tokens in lengths]
        cells = "  ".join(
            f"{tokens:>6,}: {peak:8,.0f} MB" for tokens, peak in zip(lengths, peaks, strict=True)
        )
        print(f"{head:<22} {name:<26} {cells}", flush=True)


def _peak(head: str, name: str, tokens: int, labels: int) -> float:
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_measured, args=(sender, head, name, tokens, labels))
    process.start()
    sender.close()
    try:
        peak: float = receiver.recv()
    except EOFError:
        peak = float("nan")
    process.join()
    return peak


def _measured(sender: multiprocessing.connection.Connection, *task: str | int) -> None:
    head, name, tokens, labels = task
    torch.set_num_threads(1)
    Subject(str(head), int(tokens)).task(str(name), int(labels))()
    unit = 1e6 if sys.platform == "darwin" else 1e3
    sender.send(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit)


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("methods", nargs="*", metavar="METHOD")
    parser.add_argument("--head", nargs="+", choices=HEADS, default=["pooled", "label-attention"])
    parser.add_argument("--tokens", type=int, default=2_000)
    parser.add_argument("--labels", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=3, help="0 to measure no times")
    parser.add_argument("--memory", type=int, nargs="*", default=[], metavar="TOKENS")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print(describe_environment())
    methods = {head: explaining(head, arguments.methods) for head in arguments.head}
    # First: a process starts from the peak of the one that starts it.
    for head, names in methods.items():
        if arguments.memory:
            measure_memory(head, names, arguments.memory, arguments.labels)
    for head, names in methods.items():
        if arguments.repeats:
            measure_time(head, names, arguments.tokens, arguments.labels, arguments.repeats)


if __name__ == "__main__":
    main()
