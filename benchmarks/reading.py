"""How fast a note is read and learned from, against stock transformers on the same work.

python benchmarks/reading.py --repeats 3
python benchmarks/reading.py --only reading --precisions fp32 bf16 int8 --repeats 5

Random weights of the size of ModernBERT-base with 3,681 labels for reading and training, and `clem-small`
with 108 labels for training. "Stock" is the model as transformers computes it: scaled-dot-product attention
over all pairs, notes padded to the longest, PyTorch's linear layers, in fp32. All run in one process, in
turn; figures are medians, and a ratio is that of the medians. The padded batch of eight notes takes minutes,
so it is run once, or left out with --no-padded-batch. --cpu-time counts seconds of a core instead of those on
the clock, for a machine with other work: set OMP_NUM_THREADS=1 then, as waiting threads would count as well.
"""

from __future__ import annotations

import argparse
import copy
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from importlib.resources import files
from typing import Any

import numpy as np
import torch
from transformers import (
    AutoModelForSequenceClassification,
    ModernBertConfig,
    ModernBertForSequenceClassification,
)

from clem_icd.modeling import WholeReading
from clem_icd.modeling.attention import BLOCK_LOCAL
from clem_icd.modeling.linears import use_onednn
from clem_icd.modeling.machine import describe_environment, hardware, use_usable_cores
from clem_icd.modeling.packing import packed_logits, packs
from clem_icd.modeling.precision import REDUCED, reduce_precision
from clem_icd.speed.peaks import measured_peaks
from clem_icd.speed.stock import padded_logits
from clem_icd.speed.timing import interleaved
from clem_icd.speed.workloads import MIXED

_WORKS = {"2,048": (2_048,), "8,192": (8_192,), "mixed": MIXED}

_PACK = 4_096

Run = Callable[[], torch.Tensor]
Clock = Callable[[], float]


def main() -> None:
    """Print one table of all figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", choices=["reading", "training", "memory"])
    parser.add_argument("--precisions", nargs="+", choices=["fp32", *REDUCED], default=["fp32"])
    parser.add_argument("--works", nargs="+", choices=_WORKS, default=list(_WORKS))
    parser.add_argument("--no-padded-batch", action="store_true")
    parser.add_argument("--cpu-time", action="store_true")
    arguments = parser.parse_args()
    use_usable_cores()
    clock = time.process_time if arguments.cpu_time else time.perf_counter
    here = describe_environment()
    print(
        f"{here['cpu']} ({hardware(torch.device('cpu'))}), {torch.backends.cpu.get_cpu_capability()}, "
        f"{torch.get_num_threads()} threads, torch {here['torch']}, transformers {here['transformers']}, "
        f"{datetime.now(UTC).date()}"
    )
    print("\n| work | here | stock s | here s | ratio | largest difference |\n|---|---|---|---|---|---|")
    if arguments.only in (None, "reading"):
        works = {work: _WORKS[work] for work in arguments.works}
        reading(works, arguments.repeats, arguments.precisions, not arguments.no_padded_batch, clock)
    if arguments.only in (None, "training"):
        training(arguments.repeats, clock)
    if arguments.only in (None, "memory"):
        memory()


def reading(
    works: Mapping[str, Sequence[int]],
    repeats: int,
    precisions: Sequence[str],
    padded_batch: bool,
    clock: Clock,
) -> None:
    """Score notes of some lengths with ModernBERT-base."""
    stock = base_model()
    ours = {precision: accelerated(stock, precision=precision) for precision in precisions}
    padded(stock, notes([512]))
    for model in ours.values():
        packed(model, notes([512]))
    for work, lengths in works.items():
        some, is_batch = notes(lengths), len(lengths) > 1
        runs = {precision: partial(packed, model, some) for precision, model in ours.items()}
        reference = partial(padded, stock, some) if padded_batch or not is_batch else None
        title = (
            f"eight notes of {MIXED[0]} to {MIXED[-1]:,} tokens" if is_batch else f"one note of {work} tokens"
        )
        show(title, reference, runs, 1 if is_batch and padded_batch else repeats, clock, warm=True)


def training(repeats: int, clock: Clock) -> None:
    """Make training steps, the optimizer included."""
    for shape, work in (((16, 214), "16 notes of up to 214 tokens"), ((4, 2_048), "4 notes of up to 2,048")):
        stock, ours = small_model("sdpa"), small_model(BLOCK_LOCAL)
        use_onednn(ours)
        show(
            f"training step of clem-small, {work}",
            training_step(stock, shape, 108),
            {"fp32": training_step(ours, shape, 108)},
            repeats,
            clock,
        )
    stock = base_model().train()
    ours = accelerated(stock)
    reference, step = (training_step(model, (1, 2_048), 3_681) for model in (stock, ours))
    title = "training step of ModernBERT-base, one note of 2,048 tokens"
    show(title, reference, {"fp32": step}, repeats, clock)


def memory() -> None:
    """Measure the peak of a process that reads one long note, above the weights."""
    for kind in ("stock", "here"):
        found = measured_peaks(partial(opened, kind), notes([64]), [notes([8_192])])
        peak = "?" if found is None else f"{found[0].above / 1e9:.2f} GB"
        print(f"| peak memory above the weights, one note of 8,192 tokens, {kind} | | {peak} | | | |")


def opened(kind: str) -> Callable[[Any], torch.Tensor]:
    """Return what scores notes, in the process whose memory is measured."""
    model = base_model()
    return partial(packed, accelerated(model, own=False)) if kind == "here" else partial(padded, model)


def base_model() -> ModernBertForSequenceClassification:
    """Return ModernBERT-base with random weights."""
    torch.manual_seed(0)
    return ModernBertForSequenceClassification(ModernBertConfig(num_labels=3_681)).eval()


def small_model(attention: str) -> Any:
    """Return `clem-small` with 108 labels, in training mode."""
    torch.manual_seed(0)
    folder = files("clem_icd") / "encoders" / "clem-small"
    return AutoModelForSequenceClassification.from_pretrained(
        str(folder), dtype=torch.float32, num_labels=108, attn_implementation=attention
    ).train()


def accelerated(model: Any, *, own: bool = True, precision: str = "fp32") -> Any:
    """Return a model as this package runs it: a copy, unless ``own`` is false."""
    ours = copy.deepcopy(model) if own else model
    ours.set_attn_implementation(BLOCK_LOCAL)
    use_onednn(ours)
    reduce_precision(ours, precision)
    return ours


def notes(lengths: Sequence[int]) -> list[np.ndarray[Any, np.dtype[np.int32]]]:
    """Return random token ids of some lengths."""
    random = np.random.default_rng(0)
    return [random.integers(5, 8_000, length, dtype=np.int32) for length in lengths]


@torch.inference_mode()
def padded(model: Any, some: Sequence[np.ndarray[Any, np.dtype[np.int32]]]) -> torch.Tensor:
    """Score notes in one batch, padded to the longest."""
    return padded_logits(model, some, WholeReading(), model.config.pad_token_id)


@torch.inference_mode()
def packed(model: Any, some: Sequence[np.ndarray[Any, np.dtype[np.int32]]]) -> torch.Tensor:
    """Score notes as `NeuralSystem` does."""
    rows = packs([len(one) for one in some], _PACK)
    return torch.cat([packed_logits(model, [some[row] for row in pack]) for pack in rows])


def training_step(model: Any, shape: tuple[int, int], labels: int) -> Run:
    """Return a function that makes a step, always with the same batch, and returns the loss."""
    random = torch.Generator().manual_seed(0)
    ids = torch.randint(5, 8_000, shape, generator=random)
    mask = torch.ones_like(ids)
    for row in range(shape[0]):
        mask[row, shape[1] - row * shape[1] // (8 * shape[0]) :] = 0
    targets = (torch.rand((shape[0], labels), generator=random) < 0.05).float()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)

    def step() -> torch.Tensor:
        optimizer.zero_grad()
        logits = model(input_ids=ids, attention_mask=mask).logits
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, targets)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        return loss.detach()

    return step


def show(
    work: str,
    stock: Run | None,
    ours: Mapping[str, Run],
    repeats: int,
    clock: Clock,
    *,
    warm: bool = False,
) -> None:
    """Time transformers and this package in turn, and print a row for each run of this package.

    Runs that are not warm are repeated once more, and the first time is not counted. The last results are
    compared with those of transformers or, without it, with those of the first run of this package.
    """
    runs = {**({} if stock is None else {"stock": stock}), **ours}
    if not warm:
        for run in runs.values():
            run()
    timed = interleaved(runs, repeats, clock=clock)
    expected, *_ = (one.result for one in timed.values())
    differences = {name: float((expected - one.result).abs().max()) for name, one in timed.items()}
    medians = {name: one.median for name, one in timed.items()}
    for name in ours:
        before = medians.get("stock")
        ratio = "" if before is None else f"**{before / medians[name]:.1f}**"
        shown = "" if before is None else f"{before:.2f}"
        print(
            f"| {work} | {name} | {shown} | {medians[name]:.2f} | {ratio} | {differences[name]:.0e} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
