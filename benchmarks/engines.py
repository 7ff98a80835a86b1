"""How fast other engines read a note than this package: onnxruntime and torch.compile, on the same work.

OMP_NUM_THREADS=1 python benchmarks/engines.py --repeats 3
python benchmarks/engines.py --only parts

ModernBERT-base with random weights and 3,681 labels, and `clem-small` with 108 labels. "Here" is the model as
`NeuralSystem` runs it in single precision. All engines take turns in one process, with as many threads as
PyTorch uses; figures are medians. Seconds of the clock and of the processor are shown: on a machine that does
other work, the second are the fairer ones, with a single thread, which never waits for another. ``parts``
shows which part of the time is attention and which part is products with weights, and what share of the
fastest product of two matrices they reach; ``attention`` compares two ways of attending to all pairs.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnxruntime
import torch
from torch.nn import functional
from transformers import (
    AutoModelForSequenceClassification,
    ModernBertConfig,
    ModernBertForSequenceClassification,
)

from clem_icd.cli.terminal import silence_transformers
from clem_icd.modeling import WholeReading
from clem_icd.modeling.attention import BLOCK_LOCAL
from clem_icd.modeling.linears import use_onednn
from clem_icd.modeling.machine import describe_environment, use_usable_cores
from clem_icd.modeling.onnx.graph import write_graph
from clem_icd.modeling.onnx.module import traceable
from clem_icd.modeling.onnx.quantizing import quantize
from clem_icd.modeling.onnx.running import open_session
from clem_icd.modeling.packing import packed_logits, packs

MIXED = (412, 640, 903, 1_377, 2_048, 2_951, 4_606, 7_990)
"""Lengths of eight notes, in tokens, as in `reading.py`."""

_PACK = 4_096

# Of a layer of ModernBERT-base that is measured alone: two of its twelve heads.
_HEADS, _HEAD_WIDTH = 2, 64

# Scores of a block of this many queries stay in memory that malloc keeps, for up to 8,192 tokens.
_QUERIES = 64

# Works with longer notes run once; those before them have warmed the engines up.
_LONG = 5_000

Notes = Sequence[np.ndarray[Any, np.dtype[np.int64]]]
Engine = Callable[[Notes], np.ndarray[Any, np.dtype[np.float32]]]


def main() -> None:
    """Print one table of all figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", choices=["base", "small", "parts", "attention"])
    parser.add_argument("--without", nargs="*", default=[], help="Engines to leave out.")
    arguments = parser.parse_args()
    silence_transformers()
    use_usable_cores()
    here = describe_environment()
    print(
        f"{here['cpu']}, {torch.backends.cpu.get_cpu_capability()}, {torch.get_num_threads()} threads, "
        f"torch {here['torch']}, transformers {here['transformers']}, onnxruntime {onnxruntime.__version__}, "
        f"{datetime.now(UTC).date()}"
    )
    if arguments.only == "parts":
        for dtype in (torch.float32, torch.bfloat16):
            parts(arguments.repeats, dtype)
        return
    if arguments.only == "attention":
        attention(arguments.repeats)
        return
    works = {
        "one note of 2,048 tokens": notes([2_048]),
        "one note of 8,192 tokens": notes([8_192]),
        f"eight notes of {MIXED[0]} to {MIXED[-1]:,} tokens": notes(MIXED),
    }
    if arguments.only in (None, "small"):
        small = {f"clem-small, 32 notes of 100 to {most:,} tokens": spread(most) for most in (400, 1_024)}
        compare(small_model, small, arguments)
    if arguments.only in (None, "base"):
        compare(base_model, {f"ModernBERT-base, {work}": some for work, some in works.items()}, arguments)


def compare(make: Callable[[], Any], works: dict[str, Notes], arguments: argparse.Namespace) -> None:
    """Let all engines do some works in turn, and print a row for each engine and work."""
    with tempfile.TemporaryDirectory() as folder:
        engines = {
            name: engine
            for name, engine in engines_of(make, Path(folder), arguments.without).items()
            if name not in arguments.without
        }
        print("\n| work | engine | clock s | processor s | to here | largest difference |")
        print("|---|---|---|---|---|---|", flush=True)
        for work, some in works.items():
            long = max(len(one) for one in some) > _LONG
            measure(work, engines, some, 1 if long else arguments.repeats, warm=long)


def engines_of(make: Callable[[], Any], folder: Path, without: Sequence[str]) -> dict[str, Engine]:
    """Return every engine with the same weights."""
    ours = make()
    ours.set_attn_implementation(BLOCK_LOCAL)
    use_onednn(ours)
    engines: dict[str, Engine] = {"here": partial(packed, ours)}
    graph, small = folder / "model.onnx", folder / "int8.onnx"
    tokenizer = SimpleNamespace(pad_token_id=ours.config.pad_token_id)
    begin = time.process_time()
    write_graph(SimpleNamespace(model=make(), tokenizer=tokenizer, reading=WholeReading()), graph)
    exported = time.process_time()
    quantize(graph, small, external=False)
    print(f"\nExport {exported - begin:.0f} s, int8 {time.process_time() - exported:.0f} s of the processor")
    for name, path in (("onnxruntime fp32", graph), ("onnxruntime int8", small)):
        if name not in without:
            session = open_session(path, threads=torch.get_num_threads())
            engines[name] = partial(by_onnxruntime, session)
    if "torch.compile" not in without:
        engines["torch.compile"] = compiled(traceable(make()))
    return engines


def measure(work: str, engines: dict[str, Engine], some: Notes, repeats: int, *, warm: bool) -> None:
    """Run all engines in turn, once more than asked to warm up unless they are warm, and print their rows."""
    clock: dict[str, list[float]] = {name: [] for name in engines}
    processor: dict[str, list[float]] = {name: [] for name in engines}
    differences = dict.fromkeys(engines, 0.0)
    for repeat in range(1 if warm else 0, repeats + 1):
        expected = None
        for name, engine in engines.items():
            begin, used = time.perf_counter(), time.process_time()
            found = engine(some)
            if repeat:
                clock[name].append(time.perf_counter() - begin)
                processor[name].append(time.process_time() - used)
            expected = found if expected is None else expected
            differences[name] = max(differences[name], float(np.abs(found - expected).max()))
    least = statistics.median(processor["here"])
    for name in engines:
        taken = statistics.median(processor[name])
        print(
            f"| {work} | {name} | {statistics.median(clock[name]):.2f} | {taken:.2f} "
            f"| **{least / taken:.2f}** | {differences[name]:.0e} |",
            flush=True,
        )


def base_model() -> Any:
    """Return ModernBERT-base with random weights."""
    torch.manual_seed(0)
    return ModernBertForSequenceClassification(ModernBertConfig(num_labels=3_681)).eval()


def small_model() -> Any:
    """Return `clem-small` with 108 labels."""
    torch.manual_seed(0)
    folder = files("clem_icd") / "encoders" / "clem-small"
    return AutoModelForSequenceClassification.from_pretrained(
        str(folder), dtype=torch.float32, num_labels=108
    ).eval()


def notes(lengths: Sequence[int]) -> Notes:
    """Return random token ids of some lengths."""
    random = np.random.default_rng(0)
    return [random.integers(5, 8_000, length) for length in lengths]


def spread(longest: int) -> Notes:
    """Return 32 notes of 100 tokens and more."""
    return notes(np.linspace(100, longest, 32).astype(int).tolist())


@torch.inference_mode()
def packed(model: Any, some: Notes) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Score notes as `NeuralSystem` does."""
    rows = packs([len(one) for one in some], _PACK)
    logits = [packed_logits(model, [some[row].astype(np.int32) for row in pack]) for pack in rows]
    return torch.cat(logits).float().sigmoid().numpy()


def by_onnxruntime(session: Any, some: Notes) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Score notes one at a time, as `ExportedModel` does."""
    found = [
        session.run(None, {"input_ids": one[np.newaxis], "attention_mask": np.ones((1, len(one)), np.int64)})
        for one in some
    ]
    return np.concatenate([scores for [scores] in found])


def compiled(model: Any) -> Engine:
    """Return an engine that scores notes one at a time with one compiled graph for all lengths."""
    graph = torch.compile(model, dynamic=True)

    @torch.inference_mode()
    def engine(some: Notes) -> np.ndarray[Any, np.dtype[np.float32]]:
        found = []
        for one in some:
            ids = torch.from_numpy(one)[None]
            found.append(graph(input_ids=ids, attention_mask=torch.ones_like(ids)).logits.sigmoid())
        return torch.cat(found).numpy()

    begin, used = time.perf_counter(), time.process_time()
    engine(notes([1_000, 300]))
    print(
        f"torch.compile {time.perf_counter() - begin:.0f} s of the clock, "
        f"{time.process_time() - used:.0f} s of this process, compilers of C++ not counted"
    )
    return engine


def parts(repeats: int, dtype: torch.dtype) -> None:
    """Print which part of the time the parts of ModernBERT-base take, and the share of the ceiling."""
    model = base_model().to(dtype)
    model.set_attn_implementation(BLOCK_LOCAL)
    use_onednn(model)
    ceiling = fastest_product(repeats, dtype)
    print(f"\nFastest product of two matrices in {dtype}: {ceiling:.0f} GFLOP/s of processor time")
    columns = "tokens | all s | global attention s | local attention s | products s | rest s"
    print(f"\n| {columns} | GFLOP/s of products | of global attention |\n" + "|---" * 8 + "|")
    for length in (512, 2_048, 8_192):
        show_parts(model, notes([length]), repeats)


def fastest_product(repeats: int, dtype: torch.dtype) -> float:
    """Return the most floating-point operations per second of processor time and thread, in billions."""
    best = 0.0
    for size in (1_024, 2_048):
        one, other = torch.randn(2, size, size).to(dtype)
        layer = torch.nn.Linear(size, size, bias=False, dtype=dtype)
        holder = torch.nn.Sequential(layer)
        use_onednn(holder)
        for multiply in (partial(torch.mm, one, other), partial(holder, one)):
            for _ in range(3 * repeats):
                used = time.process_time()
                with torch.inference_mode():
                    for _ in range(3):
                        multiply()
                best = max(best, 3 * 2 * size**3 / (time.process_time() - used) / 1e9)
    return best


def show_parts(model: Any, some: Notes, repeats: int) -> None:
    """Print a row for one length."""
    seconds: dict[str, float] = {}
    operations = 0.0

    def timed(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any, **named: Any) -> Any:
            used = time.process_time()
            result = function(*arguments, **named)
            seconds[name] = seconds.get(name, 0.0) + time.process_time() - used
            return result

        return run

    rows: list[dict[str, float]] = []
    originals = []
    for module in model.model.layers.modules():
        if isinstance(module, torch.nn.Linear):
            operations += 2 * len(some[0]) * module.in_features * module.out_features
            originals.append((module, module.forward))
            module.forward = timed("products", module.forward)
    for layer in model.model.layers:
        attention = layer.attn
        kind = "global" if attention.sliding_window is None else "local"
        originals.append((attention, attention.forward))
        attention.forward = timed(kind, attention.forward)
    packed(model, some)
    for _ in range(repeats):
        seconds.clear()
        used = time.process_time()
        packed(model, some)
        rows.append({"all": time.process_time() - used, **seconds})
    for module, forward in originals:
        module.forward = forward
    found = {name: statistics.median(row[name] for row in rows) for name in rows[0]}
    print(row_of_parts(model, len(some[0]), found, operations), flush=True)


def attention(repeats: int) -> None:
    """Print how fast attention over all pairs is: PyTorch's, and blocks of queries with oneDNN's products."""
    print("\n| tokens | precision | PyTorch GFLOP/s | blocks GFLOP/s | largest difference |")
    print("|---|---|---|---|---|")
    for tokens in (2_048, 8_192):
        for dtype in (torch.float32, torch.bfloat16):
            states = torch.randn(3, 1, _HEADS, tokens, _HEAD_WIDTH).to(dtype)
            stock, expected = fastest(partial(functional.scaled_dot_product_attention, *states), repeats)
            own, found = fastest(partial(in_blocks, *states[:, 0]), repeats)
            pairs = 4 * tokens**2 * _HEADS * _HEAD_WIDTH / 1e9
            print(
                f"| {tokens:,} | {dtype} | {pairs / stock:.0f} | {pairs / own:.0f} "
                f"| {float((found - expected[0]).abs().max()):.0e} |",
                flush=True,
            )


def fastest(run: Callable[[], torch.Tensor], repeats: int) -> tuple[float, torch.Tensor]:
    """Return the least seconds of the processor, and the result."""
    taken = []
    with torch.inference_mode():
        for _ in range(repeats + 1):
            used = time.process_time()
            result = run()
            taken.append(time.process_time() - used)
    return min(taken), result


def in_blocks(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """Return what each query gathers [heads, tokens, width], a head and a block of queries at a time."""
    multiply = torch.ops.mkldnn._linear_pointwise
    gathered = torch.empty_like(query)
    for head, own in enumerate(query * query.shape[-1] ** -0.5):
        values = value[head].t().contiguous()
        for begin in range(0, len(own), _QUERIES):
            rows = slice(begin, begin + _QUERIES)
            scores = multiply(own[rows], key[head], None, "none", [], "")
            weights = functional.softmax(scores, dim=-1, dtype=torch.float32).to(query.dtype)
            gathered[head, rows] = multiply(weights, values, None, "none", [], "")
    return gathered


def row_of_parts(model: Any, tokens: int, found: dict[str, float], operations: float) -> str:
    """Return a row: attention is without the products that its layers contain."""
    width, layers = model.config.hidden_size, model.config.layer_types
    linear = (one for one in model.model.layers.modules() if isinstance(one, torch.nn.Linear))
    whole = sum(one.weight.numel() for one in linear)
    own = 4 * width**2 / whole * found["products"]
    local = layers.count("sliding_attention")
    over_all = len(layers) - local
    near, far = found["local"] - local * own, found["global"] - over_all * own
    rest = found["all"] - near - far - found["products"]
    seconds = (found["all"], far, near, found["products"], rest)
    # The scores of all pairs, and what they gather.
    pairs = 4 * tokens**2 * width * over_all
    return (
        f"| {tokens:,} | {' | '.join(f'{one:.2f}' for one in seconds)} "
        f"| {operations / found['products'] / 1e9:.0f} | {pairs / far / 1e9:.0f} |"
    )


if __name__ == "__main__":
    main()
