"""How far graphs with integer weights are from the graph in single precision, and how long they take.

clem export runs/demo/model --onnx exported
OMP_NUM_THREADS=1 python benchmarks/integer_weights.py exported runs/demo-corpus

Dynamic quantization with 7 and with 8 bits, with one scale for all inputs of a layer, as
`clem export --precision int8` does it with 7; and onnxruntime's ``MatMulNBits`` with 8 bits and one scale for
every 32 inputs.
"""

from __future__ import annotations

import argparse
import logging
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

from clem_icd.modeling.onnx import ExportedModel
from clem_icd.modeling.onnx.description import GRAPH
from clem_icd.modeling.onnx.running import open_session
from clem_icd.prediction import notes_to_check

_BLOCK = 32


def main() -> None:
    """Print one row for each kind of weights."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("exported", type=Path)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--notes", type=int, default=60)
    arguments = parser.parse_args()
    logging.getLogger().setLevel(logging.ERROR)
    model = ExportedModel.open(arguments.exported, threads=1)
    info: Any = model.description
    texts = notes_to_check(info, arguments.corpus, split="validation", notes=arguments.notes)
    expected, taken = timed(model, texts)
    decided = info.rule.decide(expected)
    print("| weights | MB | processor s | largest difference | standard deviation | decisions changed |")
    print("|---|---|---|---|---|---|")
    whole = arguments.exported / GRAPH
    print(f"| fp32 | {whole.stat().st_size / 1e6:.1f} | {taken:.2f} | 0 | 0 | 0 of {decided.size:,} |")
    with tempfile.TemporaryDirectory() as folder:
        for name, graph in graphs(whole, Path(folder)).items():
            model.session = open_session(graph, threads=1)
            found, taken = timed(model, texts)
            changed = int((info.rule.decide(found) != decided).sum())
            print(
                f"| {name} | {graph.stat().st_size / 1e6:.1f} | {taken:.2f} "
                f"| {np.abs(found - expected).max():.3f} | {(found - expected).std():.4f} | {changed} |"
            )


def graphs(whole: Path, folder: Path) -> dict[str, Path]:
    """Write the graphs, and return the file of each."""
    found = {}
    for bits in (7, 8):
        out = folder / f"{bits}.onnx"
        quantize_dynamic(whole, out, per_channel=True, reduce_range=bits == 7, weight_type=QuantType.QInt8)
        found[f"int8, {bits} bits"] = out
    quantizer = MatMulNBitsQuantizer(onnx.load(whole), bits=8, block_size=_BLOCK, accuracy_level=4)
    quantizer.process()
    out = folder / "blocks.onnx"
    quantizer.model.save_model_to_file(str(out))
    return {**found, f"8 bits, blocks of {_BLOCK}": out}


def timed(model: ExportedModel, texts: Sequence[str]) -> tuple[np.ndarray[Any, np.dtype[np.float32]], float]:
    """Return the probabilities of notes, and the seconds of the processor after a first pass."""
    list(model.score(texts))
    begin = time.process_time()
    found = np.array([scores.probabilities for scores in model.score(texts)])
    return found, time.process_time() - begin


if __name__ == "__main__":
    main()
