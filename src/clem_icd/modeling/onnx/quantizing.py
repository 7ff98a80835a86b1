"""Graphs whose weights take a byte each."""

from __future__ import annotations

import logging
from pathlib import Path

from clem_icd.extras import optional


def quantize(graph: Path, out: Path, *, external: bool) -> None:
    """Write a graph with integer weights, one scale for each output of a layer.

    The inputs of a layer become integers of 8 bits while it runs, with a scale for each call. Weights use 7
    of their 8 bits: without VNNI, processors add products of two bytes in 16 bits, which full weights
    overflow, silently. A folder is run on processors that are not known when it is written.

    Parameters
    ----------
    graph
        The graph in single precision.
    out
        The file to write.
    external
        Whether to write weights to a file of their own.

    """
    quantization = optional("onnxruntime.quantization", "clem export --precision int8")
    logger = logging.getLogger()
    level = logger.level
    # It recommends a preparation that only static quantization needs.
    logger.setLevel(logging.ERROR)
    try:
        quantization.quantize_dynamic(
            graph,
            out,
            weight_type=quantization.QuantType.QInt8,
            per_channel=True,
            reduce_range=True,
            use_external_data_format=external,
        )
    finally:
        logger.setLevel(level)
