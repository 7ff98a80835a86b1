"""Writing the graph of a neural system, its tokenizer and its description."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer

from clem_icd.errors import ModelError
from clem_icd.extras import optional
from clem_icd.files import write_text
from clem_icd.modeling.neural import NeuralSystem
from clem_icd.modeling.onnx.description import GRAPH, TOKENIZER, Precision
from clem_icd.modeling.onnx.module import ProbabilitiesOfNotes
from clem_icd.modeling.onnx.quantizing import quantize

_OPSET = 20

# A protobuf message, which a graph is, holds 2 GB.
_MOST_BYTES_IN_GRAPH = 1_800_000_000

# Shapes of the notes that are traced. Both axes are dynamic, so any would do but 1, which is a constant.
_NOTES, _TOKENS = 2, 200

# The shortest note has an opening token, one of its own, and a closing token.
_FEWEST_TOKENS = 3

PURPOSE = "clem export --onnx"
"""The feature that needs the packages, in the error of `optional`."""


def export(system: NeuralSystem, folder: Path, *, precision: Precision = "fp32") -> None:
    """Write the graph and the tokenizer of a system into an existing, empty folder.

    Parameters
    ----------
    system
        The system, on the CPU and in single precision. It cannot be used afterwards: its model is changed
        in place, since a copy would take its size in memory.
    folder
        The folder to write into.
    precision
        ``fp32``, or ``int8`` for weights of 7 bits.

    Raises
    ------
    ModelError
        If the tokenizer, the reading or the encoder cannot be exported.
    MissingExtraError
        If a package is not installed.

    """
    write_tokenizer(system, folder / TOKENIZER)
    if precision == "fp32":
        write_graph(system, folder / GRAPH)
        return
    whole = folder / f"whole-{GRAPH}"
    write_graph(system, whole)
    quantize(whole, folder / GRAPH, external=_is_large(system))
    for left in folder.glob(f"{whole.name}*"):
        left.unlink()


def write_tokenizer(system: NeuralSystem, path: Path) -> None:
    """Write the tokenizer, which cuts a note after as many tokens as the system reads."""
    if not system.tokenizer.is_fast:
        raise ModelError(
            f"a {type(system.tokenizer).__name__} cannot be exported: it has no fast form",
            remedy="Use an encoder with a tokenizer.json",
        )
    tokenizer = Tokenizer.from_str(system.tokenizer.backend_tokenizer.to_str())
    tokenizer.no_padding()
    tokenizer.enable_truncation(system.reading.note_tokens)
    # Not by its own method, which calls a full disk an Exception.
    write_text(path, tokenizer.to_str())


def write_graph(system: NeuralSystem, path: Path) -> None:
    """Write the graph in single precision, with its weights in files of their own if they are large."""
    optional("onnxscript", PURPOSE)
    optional("onnx", PURPOSE)
    large = _is_large(system)
    notes, tokens = torch.export.Dim("notes"), torch.export.Dim("tokens", min=_FEWEST_TOKENS)
    ids = torch.full((_NOTES, _TOKENS), int(system.tokenizer.pad_token_id))
    axes = {0: notes, 1: tokens}
    # Traced by PyTorch and transformers, whose errors have no common class.
    try:
        with _silent(), torch.no_grad():
            program: Any = torch.onnx.export(
                ProbabilitiesOfNotes(system),
                (ids, torch.ones_like(ids)),
                dynamo=True,
                dynamic_shapes={"input_ids": axes, "attention_mask": axes},
                input_names=["input_ids", "attention_mask"],
                output_names=["probabilities"],
                opset_version=_OPSET,
                verbose=False,
            )
    except ModelError:
        raise
    except Exception as problem:
        encoder = system.model.base_model.config.model_type
        raise ModelError(
            f"a model with a {encoder} encoder cannot be exported: tracing it raised a "
            f"{type(problem).__name__}",
            remedy="Code notes with `clem code`, or export a model with another encoder",
        ) from problem
    if any(isinstance(size, int) for given in program.model.graph.inputs for size in given.shape):
        raise ModelError(
            "the graph takes notes of one length only: a part of the model depends on it",
            remedy="Code notes with `clem code`",
        )
    program.save(path, external_data=large)


def _is_large(system: NeuralSystem) -> bool:
    held: int = sum(one.numel() * one.element_size() for one in system.model.parameters())
    return held > _MOST_BYTES_IN_GRAPH


@contextmanager
def _silent() -> Iterator[None]:
    """Hold back what the exporter says about itself: deprecations, axis names, packages that it can use."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
