"""Exporting a model folder for programs without PyTorch, with a check of what was exported."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from clem_icd.errors import ModelError
from clem_icd.extras import require_installed
from clem_icd.files import check_free, new_folder
from clem_icd.modeling import ModelInfo, NeuralSystem, NoteScores, load_model
from clem_icd.modeling.model_files import fingerprint_of_folder
from clem_icd.modeling.onnx import Description, ExportedModel, export
from clem_icd.modeling.onnx.description import Precision
from clem_icd.prediction.parity import Parity, compare, own_scores

MOST_DIFFERENCE = 1e-4
"""The largest difference of a probability with which an export in single precision succeeds."""

_PACKAGES = ("clem-icd", "torch", "transformers", "onnx", "onnxruntime", "onnxscript")
_PURPOSE = "clem export --onnx"


@dataclass(frozen=True)
class Exported:
    """What `export_model` wrote.

    Attributes
    ----------
    files
        The size of each file in bytes, by name.
    labels
        The number of labels.
    parity
        How far its probabilities are from those of the model.

    """

    files: dict[str, int]
    labels: int
    parity: Parity


def require_exportable(model: Path, out: Path, *, force: bool = False) -> ModelInfo:
    """Refuse what cannot be exported, before anything is loaded.

    Raises
    ------
    ModelError
        If the model is not neural, or not a model.
    OutputError
        If ``out`` is occupied and ``force`` is false.
    MissingExtraError
        If a package is not installed.

    """
    info = ModelInfo.read(model)
    if info.system != "neural":
        raise ModelError(
            f"is a {info.system} system, expected a neural one: only encoders become graphs",
            path=model,
            remedy="Code notes with `clem code`, which needs PyTorch for none but neural systems",
        )
    check_free(out, force=force)
    for package in ("onnx", "onnxruntime", "onnxscript"):
        require_installed(package, _PURPOSE)
    return info


def export_model(
    model: Path,
    out: Path,
    texts: Sequence[str],
    *,
    precision: Precision = "fp32",
    force: bool = False,
    progress: Callable[[str, int | None], Callable[[int], Any]] | None = None,
) -> Exported:
    """Write a folder that codes notes with onnxruntime, and compare its probabilities with the model's.

    Parameters
    ----------
    model
        A model folder with a neural system.
    out
        The folder to write: it appears whole or not at all.
    texts
        Notes to compare the probabilities on, at least one.
    precision
        ``fp32``, or ``int8`` for integer weights.
    force
        Replace ``out``.
    progress
        Called with the name of each task and the number of its steps; returns what counts them.

    Raises
    ------
    ModelError
        If the model cannot be exported, the graph in single precision disagrees with it, or a graph gives
        probabilities that are not finite.
    OutputError
        If ``out`` is occupied and ``force`` is false, or the disk is full.
    MissingExtraError
        If a package is not installed.

    """
    require_exportable(model, out, force=force)
    begin = progress or (lambda _task, _total: lambda _steps: None)
    system, info = load_model(model)
    if not isinstance(system, NeuralSystem):
        raise TypeError(f"{type(system).__name__} is not a neural system")
    system.model.to("cpu")
    # Scored first: the export changes the model.
    expected = own_scores(system, texts, begin("Scoring the notes to check", len(texts)))
    with new_folder(out, force=force) as folder:
        begin("Writing the graph", None)
        export(system, folder, precision=precision)
        description = _describe(system, info, model, precision)
        description.write(folder)
        step = begin("Checking the graph", len(texts))
        found = _counted(ExportedModel.open(folder).score(texts), step)
        parity = compare(expected, map(_require_finite, found), info.rule)
        if precision == "fp32" and parity.largest_difference > MOST_DIFFERENCE:
            raise ModelError(
                "the graph disagrees with the model: a probability differs by "
                f"{parity.largest_difference:.2g}, expected at most {MOST_DIFFERENCE:g}. Nothing was written",
                path=model,
                remedy="Report it with the versions of torch, transformers and onnxruntime",
            )
        replace(description, check=parity.as_json()).write(folder)
    return Exported(
        files={path.name: path.stat().st_size for path in sorted(out.iterdir())},
        labels=len(info.labels),
        parity=parity,
    )


def _require_finite(scores: NoteScores) -> NoteScores:
    if not np.isfinite(scores.probabilities).all():
        raise ModelError(
            "the graph gives probabilities that are not finite. Nothing was written",
            remedy="Export in fp32, or report it with the versions of torch, transformers and onnxruntime",
        )
    return scores


def _describe(system: NeuralSystem, info: ModelInfo, model: Path, precision: Precision) -> Description:
    versions = {}
    for package in _PACKAGES:
        # The package itself may be used without being installed.
        with suppress(metadata.PackageNotFoundError):
            versions[package] = metadata.version(package)
    return Description(
        precision=precision,
        max_tokens=system.reading.note_tokens,
        pad_id=int(system.tokenizer.pad_token_id),
        padding_changes_scores=bool(getattr(system.model, "attends_to_padding", False)),
        reading=system.reading.model_dump(mode="json"),
        rule=info.rule,
        threshold_policy=info.threshold_policy,
        labels=info.labels,
        titles=info.titles,
        model={"sha256": fingerprint_of_folder(model)},
        versions=versions,
    )


def _counted(scored: Iterator[NoteScores], step: Callable[[int], Any]) -> Iterator[NoteScores]:
    for scores in scored:
        yield scores
        step(1)
