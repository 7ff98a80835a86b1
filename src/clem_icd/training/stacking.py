"""The system that a lexicon is stacked on: trained on all notes, and without each group of them.

The trees of the lexicon judge each training note with scores of a system that did not learn from it. With any
other scores, they would trust the system far more than it deserves on new notes.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from clem_icd.corpus import Corpus, corpus_writer
from clem_icd.decisions.arrays import BoolArray, FloatArray, IntArray
from clem_icd.errors import CorpusError
from clem_icd.icd import default_codebook
from clem_icd.modeling import ModelInfo, System, load_model
from clem_icd.modeling.lexicon.fitting import ranked_notes
from clem_icd.modeling.lexicon.stacking import places_of
from clem_icd.progress import Numbered, Observer
from clem_icd.runs.layout import RunLayout
from clem_icd.scores import Scores
from clem_icd.training.commits import commit_of_runs
from clem_icd.training.recipe import LinearRecipe, NeuralRecipe, Recipe

__all__ = ["TrainedStacked", "train_stacked"]


class TrainedStacked(NamedTuple):
    """A system for a lexicon to be stacked on.

    Attributes
    ----------
    system, info
        The system, trained on all training notes.
    held_out
        Probabilities for the notes that the trees learn from, each by a system that was trained without the
        note's group [ranked notes, labels].

    """

    system: System
    info: ModelInfo
    held_out: FloatArray


class TrainRun(Protocol):
    """Trains a system with one seed, or resumes its training."""

    def __call__(
        self,
        recipe: Recipe,
        corpus: Corpus,
        out: Path,
        *,
        resume: bool,
        force: bool,
        observer: Observer,
        commit: str | None,
    ) -> None:
        """Train in the folder ``out``."""
        ...


def train_stacked(
    recipe: NeuralRecipe | LinearRecipe,
    corpus: Corpus,
    run: Path,
    *,
    seed: int,
    observer: Observer,
    train_run: TrainRun,
) -> TrainedStacked:
    """Train the system that a lexicon is stacked on, in runs below the folder of the lexicon's own run.

    A run that is there is resumed. The held-out group is the validation split of its run.

    Parameters
    ----------
    recipe
        That of the system.
    run
        The folder of the lexicon's run.
    seed
        That of the lexicon, which decides the groups.
    train_run
        Trains one of the systems.

    Raises
    ------
    CorpusError
        If a group, or all others together, have no note with a code.

    """
    last = _to_the_end(recipe)
    subjects = corpus.subjects("train") or [None] * corpus.size("train")
    rows, groups = ranked_notes(subjects, seed)
    ranked = np.isin(np.arange(len(groups)), rows)
    _require_codes_in_each(corpus, groups, ranked)
    folder = RunLayout(run).stacking
    folder.mkdir(exist_ok=True)
    count = int(groups.max()) + 1
    runs = [folder / "all", *(folder / f"without-{group + 1}" for group in range(count))]
    commit = commit_of_runs(last, runs) if isinstance(last, NeuralRecipe) else None
    if last != recipe:
        observer.say(
            "The stacked system is trained to its last epoch: notes that chose the epoch would not be scored "
            "as new notes are"
        )

    def train(corpus: Corpus, out: Path, which: str) -> RunLayout:
        numbered = Numbered(observer, which)
        train_run(last, corpus, out, resume=True, force=False, observer=numbered, commit=commit)
        # The Trainer refers to itself, and would keep its model on the device together with the next one.
        gc.collect()
        return RunLayout(out)

    held_out = np.zeros((len(rows), len(corpus.codes)), dtype=np.float32)
    for group in range(count):
        out = runs[1 + group]
        part = _without(corpus, groups == group, ranked, folder / f"{out.name}-corpus")
        observer.say(f"Stacked system {group + 1} of {count + 1}: without notes of group {group + 1}")
        layout = train(part, out, f"{group + 1} of {count + 1}")
        values = Scores.read(layout.scores("validation")).of(part, "validation")
        places = places_of(part.codes, corpus.codes)
        held_out[np.ix_(groups[rows] == group, places)] = values
    observer.say(f"Stacked system {count + 1} of {count + 1}: on all training notes")
    layout = train(corpus, runs[0], f"{count + 1} of {count + 1}")
    system, info = load_model(layout.model)
    return TrainedStacked(system, info, held_out)


def _to_the_end(recipe: NeuralRecipe | LinearRecipe) -> NeuralRecipe | LinearRecipe:
    """Return a recipe that keeps its last epoch, whatever the validation split says."""
    if isinstance(recipe, LinearRecipe):
        return recipe
    last = recipe.training.model_copy(update={"selection_metric": "last", "patience": None})
    return recipe.model_copy(update={"training": last})


def _require_codes_in_each(corpus: Corpus, groups: IntArray, ranked: BoolArray) -> None:
    coded = np.array([len(labels) > 0 for labels in corpus.label_indices("train")])
    for group in np.unique(groups):
        own = groups == group
        if not (coded & own & ranked).any() or not (coded & ~own).any():
            raise CorpusError(
                "has too few training notes with codes to stack on another system, which is trained without "
                "each fifth of the patients in turn",
                path=corpus.path,
                remedy="Set stacking=null, or prepare a corpus with more notes",
            )


def _without(corpus: Corpus, group: BoolArray, ranked: BoolArray, path: Path) -> Corpus:
    """Return a corpus in which a group of training notes is the validation split; write it where needed."""
    if not path.exists():
        own_titles = {label.code: label.title for label in corpus.labels if label.title is not None}
        with corpus_writer(
            path,
            name=corpus.name,
            source=str(corpus.about["source"]),
            options=corpus.about["options"],
            inputs=[],
            codebook=default_codebook().extended(own_titles),
            synthetic=corpus.synthetic,
            population=corpus.population,
        ) as writer:
            writer.write_tables("train", _rows(corpus, ~group))
            writer.write_tables("validation", _rows(corpus, group & ranked))
    return Corpus.open(path)


def _rows(corpus: Corpus, chosen: BoolArray) -> Iterator[pa.Table]:
    """Yield training notes as tables, a few at a time in memory."""
    begin = 0
    with pq.ParquetFile(corpus.notes_path("train")) as file:
        for batch in file.iter_batches(batch_size=256):
            own = chosen[begin : begin + len(batch)]
            begin += len(batch)
            if own.any():
                yield pa.Table.from_batches([batch]).filter(pa.array(own))
