"""A recipe and a corpus become a run: model, scores, metrics and report in one folder."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError

from clem_icd.corpus import Corpus
from clem_icd.errors import CorpusError, OutputError, RunError
from clem_icd.evaluation import metrics_document, write_learning_curves, write_report
from clem_icd.files import write_json
from clem_icd.modeling import ModelInfo, System, save_model, seen_admissions
from clem_icd.prediction import Scores, predict_split
from clem_icd.training.folder import RunFolder
from clem_icd.training.linear import train_linear
from clem_icd.training.neural import precision_of, train_neural
from clem_icd.training.observer import Observer, Silent
from clem_icd.training.recipe import LinearRecipe, NeuralRecipe
from clem_icd.training.thresholds import POLICY, global_threshold

# A file system with less room than this takes no checkpoint.
_NO_SPACE = 100_000

# What safetensors, ours and torch say where it is full.
_FULL = ("No space left", "the disk is full", "PytorchStreamWriter failed")


def train(
    recipe: NeuralRecipe | LinearRecipe,
    corpus: Corpus,
    out: Path,
    *,
    resume: bool = False,
    force: bool = False,
    observer: Observer | None = None,
) -> Path:
    """Train a system and judge it.

    The validation split selects the epoch and the threshold; the test split, where there is one,
    is scored once, at the end.

    Parameters
    ----------
    recipe
        What `read_recipe` returns.
    out
        The folder of the run.
    resume
        Go on with the run at ``out``, or start it if there is none. A run that ended is left as it is.
    force
        Replace what lies at ``out``.

    Returns
    -------
    Path
        ``out``, with ``model/``, ``scores/``, ``metrics.json``, ``history.json`` and ``report.html``.

    Raises
    ------
    CorpusError
        If the corpus has no train or no validation split.
    OutputError
        If ``out`` is occupied and neither ``resume`` nor ``force`` is true, or the disk is full.
    RunError
        If the run at ``out`` is of another recipe or corpus, or several processes were started.

    """
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise RunError(
            "a run is one process, and several were started for it",
            path=out,
            remedy="Start it without torchrun or accelerate launch",
        )
    for split in ("train", "validation"):
        if split not in corpus.splits:
            raise CorpusError(
                f"has no {split} split, which training needs",
                path=corpus.path,
                remedy="Prepare it with one"
                if split == "train"
                else "Prepare it with a share for validation",
            )
    observer = observer or Silent()
    run = RunFolder.start(out, recipe, corpus, resume=resume, force=force)
    if run.ended:
        run.clean()
        observer.say(f"{out} has ended: nothing to do")
        return out
    with run.locked():
        _go_to_the_end(run, recipe, corpus, observer)
    return out


def _go_to_the_end(
    run: RunFolder, recipe: NeuralRecipe | LinearRecipe, corpus: Corpus, observer: Observer
) -> None:
    began = time.monotonic()
    if isinstance(recipe, NeuralRecipe):
        run.record(precision=precision_of(recipe))
    try:
        with _full_disk_is_named(run.path):
            system = _trained(recipe, corpus, run.path, observer)
    except BaseException:
        run.withdraw()
        raise
    with _full_disk_is_named(run.path):
        _judge(system, recipe, corpus, run.path, observer)
        run.record(seconds_since_last_start=round(time.monotonic() - began, 1))
        write_learning_curves(run.path)
        write_report(run.path)
        run.end()


@contextmanager
def _full_disk_is_named(out: Path) -> Iterator[None]:
    """Turn the many errors that libraries have for a full disk into ours."""
    try:
        yield
    except (OutputError, OSError, RuntimeError, SafetensorError) as problem:
        full = shutil.disk_usage(out).free < _NO_SPACE
        if not full and not any(words in str(problem) for words in _FULL):
            raise
        raise OutputError(
            "the disk is full", path=out, remedy="Free some space, then go on with --resume"
        ) from problem


def _trained(recipe: NeuralRecipe | LinearRecipe, corpus: Corpus, out: Path, observer: Observer) -> System:
    if isinstance(recipe, NeuralRecipe):
        return train_neural(recipe, corpus, out, observer)
    write_json(out / "history.json", [])
    return train_linear(recipe, corpus, observer)


def _judge(
    system: System, recipe: NeuralRecipe | LinearRecipe, corpus: Corpus, out: Path, observer: Observer
) -> None:
    info = ModelInfo(
        system=recipe.system,
        labels=corpus.codes,
        titles=tuple(label.title for label in corpus.labels),
        threshold=0.5,
        threshold_policy="not chosen yet",
        max_tokens=recipe.max_tokens if isinstance(recipe, NeuralRecipe) else None,
        corpus={
            "name": corpus.name,
            "source": corpus.about["source"],
            "synthetic": corpus.synthetic,
            "fingerprint": corpus.fingerprint,
            "population": corpus.population,
        },
        recipe=recipe.model_dump(mode="json"),
        admissions=seen_admissions(corpus),
    )
    scores = {
        split: _scores(system, info, corpus, split, out, observer)
        for split in ("validation", "test")
        if split in corpus.splits
    }
    threshold = global_threshold(corpus.targets("validation"), scores["validation"][0])
    documents = {
        split: metrics_document(
            corpus.targets(split),
            values,
            threshold=threshold,
            threshold_source="model",
            corpus=corpus.about,
            split=split,
            system=recipe.system,
            train_counts=corpus.train_counts(),
            warnings=warnings,
        )
        for split, (values, warnings) in scores.items()
    }
    write_json(out / "metrics-validation.json", documents["validation"])
    write_json(out / "metrics.json", documents.get("test", documents["validation"]))
    metrics: dict[str, dict[str, float]] = {
        split: document["metrics"] for split, document in documents.items()
    }
    judged = replace(info, threshold=threshold, threshold_policy=POLICY, metrics=metrics)
    save_model(system, judged, out / "model", force=True)


def _scores(
    system: System, info: ModelInfo, corpus: Corpus, split: str, out: Path, observer: Observer
) -> tuple[npt.NDArray[np.float32], tuple[str, ...]]:
    """Return the scores of a split in the order of its notes [notes, labels], and what to know of them."""
    observer.begin(f"Scoring {split}", corpus.size(split))
    path = out / "scores" / f"{split}.parquet"
    warnings = predict_split(system, info, corpus, split, path, force=True, progress=observer.advance)
    return Scores.read(path).of(corpus, split), warnings
