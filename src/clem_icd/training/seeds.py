"""One recipe trained with one seed or with several, and judged."""

from __future__ import annotations

import gc
import os
from pathlib import Path

from clem_icd.corpus import Corpus
from clem_icd.errors import CorpusError, RunError
from clem_icd.progress import Observer, Silent
from clem_icd.reporting.report import write_report
from clem_icd.training.folder import RunFolder, SeedsFolder
from clem_icd.training.judging import judge_run
from clem_icd.training.recipe import LinearRecipe, NeuralRecipe
from clem_icd.training.run import train_run


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
    is scored once, at the end. A recipe with ``seeds: 5`` makes five runs below ``out``, each with a
    seed of its own and complete in itself, and the mean and standard deviation of their metrics.

    Parameters
    ----------
    recipe
        What `read_recipe` returns.
    out
        The folder of the run, or of the runs.
    resume
        Go on with what is at ``out``, or start it if there is nothing. What ended is left as it is.
        The recipe may ask for more seeds than before.
    force
        Replace what lies at ``out``.

    Returns
    -------
    Path
        ``out``, with ``model/``, ``scores/``, ``metrics.json``, ``history.json`` and ``report.html``;
        with several seeds ``seed-0/`` and so on, ``seeds.json``, ``metrics.json`` and ``report.html``.

    Raises
    ------
    CorpusError
        If the corpus has no train or no validation split.
    OutputError
        If ``out`` is occupied and neither ``resume`` nor ``force`` is true, or the disk is full.
    RunError
        If the run at ``out`` is of another recipe or corpus, or several processes were started.

    """
    _require_trainable(corpus, out)
    observer = observer or Silent()
    if isinstance(recipe, NeuralRecipe) and recipe.seeds > 1:
        _train_seeds(recipe, corpus, out, resume=resume, force=force, observer=observer)
    else:
        train_run(recipe, corpus, out, resume=resume, force=force, observer=observer)
    return out


def judge(run: Path, corpus: Corpus) -> Path:
    """Write the metrics and the report of a run again from its scores, without training or scoring.

    What decides (threshold or rule) stays as the model has it.

    Parameters
    ----------
    run
        What `train` made, with one seed or several.
    corpus
        The corpus that it was trained on.

    Raises
    ------
    ModelError, ScoresError
        If the model or the scores are missing, or are not those of the corpus.
    RunError
        If there is no run, it is of another corpus, or it has not ended.

    """
    several = (run / SeedsFolder.STATE).is_file()
    folder = SeedsFolder(run) if several else RunFolder(run)
    folder.require_corpus(corpus)
    if not folder.ended:
        raise RunError("has not ended", path=run, remedy="Go on with it by `clem train --resume` first")
    with folder.locked():
        if isinstance(folder, SeedsFolder):
            for place in folder.places.values():
                judge(place, corpus)
            folder.end(best_on_validation=folder.summarize())
        else:
            judge_run(run, corpus)
            write_report(run)
    return run


def _train_seeds(
    recipe: NeuralRecipe, corpus: Corpus, out: Path, *, resume: bool, force: bool, observer: Observer
) -> None:
    folder = SeedsFolder.start(out, recipe, corpus, resume=resume, force=force)
    with folder.locked():
        folder.extend(recipe)
        if folder.ended:
            folder.clean()
            observer.say(f"{out} has ended: nothing to do")
            return
        try:
            _train_each(recipe, corpus, folder.places, observer)
        except BaseException:
            folder.withdraw()
            raise
        folder.end(seeds=list(folder.places), best_on_validation=folder.summarize())


def _train_each(recipe: NeuralRecipe, corpus: Corpus, places: dict[int, Path], observer: Observer) -> None:
    for number, (seed, place) in enumerate(places.items(), start=1):
        observer.say(f"Seed {number} of {len(places)}, in {place.name}")
        one = recipe.model_copy(update={"seed": seed, "seeds": 1})
        numbered = _Numbered(observer, f"seed {number} of {len(places)}")
        train_run(one, corpus, place, resume=True, force=False, observer=numbered)
        # The Trainer refers to itself, and would keep its model on the device beside the next one.
        gc.collect()


class _Numbered:
    """Adds to every task which seed it is for."""

    def __init__(self, observer: Observer, which: str) -> None:
        self._observer = observer
        self._which = which

    def begin(self, task: str, total: int | None) -> None:
        self._observer.begin(f"{task} ({self._which})", total)

    def advance(self, steps: int = 1) -> None:
        self._observer.advance(steps)

    def say(self, line: str) -> None:
        self._observer.say(line)


def _require_trainable(corpus: Corpus, out: Path) -> None:
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
    if not any(label.counts["validation"] for label in corpus.labels):
        raise CorpusError(
            "has no note with a code in validation, and epoch and threshold are chosen there",
            path=corpus.path,
            remedy="Prepare it with a larger share for validation",
        )
