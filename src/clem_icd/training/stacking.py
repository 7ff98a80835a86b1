"""The system that a lexicon is stacked on: trained on all notes, and without each group of them.

The trees of the lexicon judge each training note with scores of a system that did not learn from it. With any
other scores, they would trust the system far more than it deserves on new notes.
"""

from __future__ import annotations

import gc
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import compress
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from clem_icd.corpus import Corpus, Note, corpus_writer
from clem_icd.decisions.arrays import BoolArray, FloatArray, IntArray
from clem_icd.errors import CorpusError, RecipeError
from clem_icd.extras import optional
from clem_icd.files import new_file
from clem_icd.icd import Code, default_codebook
from clem_icd.modeling import ModelInfo, System
from clem_icd.modeling.lexicon.fitting import ranked_notes
from clem_icd.modeling.lexicon.stacking import places_of
from clem_icd.progress import Numbered, Observer
from clem_icd.runs.layout import RunLayout
from clem_icd.training.fit import fit_neural
from clem_icd.training.linear import train_linear
from clem_icd.training.new_info import new_info
from clem_icd.training.recipe import LinearRecipe, NeuralRecipe

__all__ = ["TrainedStacked", "train_stacked"]

Stackable = NeuralRecipe | LinearRecipe


class TrainedStacked(NamedTuple):
    """A system for a lexicon to be stacked on.

    Attributes
    ----------
    system, info
        The system, trained on all training notes; it scores the codes of these notes, and no others.
    held_out
        Probabilities for the notes that the trees learn from, each by a system that was trained without the
        note's group; NaN for codes that none of its training notes has [ranked notes, labels].

    """

    system: System
    info: ModelInfo
    held_out: FloatArray


def train_stacked(
    recipe: Stackable, corpus: Corpus, run: Path, *, seed: int, observer: Observer
) -> TrainedStacked:
    """Train the system that a lexicon is stacked on, below the folder of the lexicon's run.

    What was trained before is not trained again, and a training that was interrupted is resumed. A system has
    labels for the codes of its own training notes alone: an opinion on any other code would tell the trees
    which codes to expect.

    Parameters
    ----------
    recipe
        That of the system.
    run
        The folder of the lexicon's run.
    seed
        That of the lexicon, which decides the groups.

    Raises
    ------
    CorpusError
        If too few patients have notes with codes.
    MissingExtraError
        If LightGBM is not installed.
    RecipeError
        If the learning rate would rise until the end of a training.

    """
    optional("lightgbm", "The lexicon")
    last = _to_the_end(recipe)
    labels = corpus.label_indices("train")
    everything = np.ones(len(labels), dtype=np.bool_)
    codes = _codes_of(corpus, labels, everything)
    rows, groups = ranked_notes(corpus.subjects("train") or [None] * len(labels), seed)
    ranked = np.isin(np.arange(len(labels)), rows)
    _require_codes(corpus, labels, groups, ranked)
    _require_warmup(last, groups)
    folder = RunLayout(run).stacking
    folder.mkdir(exist_ok=True)
    if last != recipe:
        observer.say(
            "The stacked system is trained to its last epoch: notes that chose the epoch would not be scored "
            "as new notes are"
        )
    count = int(groups.max()) + 1
    held_out = np.full((len(rows), len(codes)), np.nan, dtype=np.float32)
    for group in range(count):
        own, name = groups == group, f"without-{group + 1}"
        scored = folder / f"{name}.npy"
        if not scored.exists():
            observer.say(f"Stacked system {group + 1} of {count + 1}: without a fifth of the patients")
            judged = compress(corpus.notes("train"), own & ranked)
            part = _part(corpus, folder / name, ~own, _codes_of(corpus, labels, ~own), judged)
            numbered = Numbered(observer, f"{group + 1} of {count + 1}")
            _score_held_out(_fit(last, part, numbered), part, codes, scored)
            shutil.rmtree(part.path.parent)
            # The Trainer refers to itself, and would keep its model on the device together with the next one.
            gc.collect()
        held_out[groups[rows] == group] = np.load(scored)
    observer.say(f"Stacked system {count + 1} of {count + 1}: on all training notes")
    part = _part(corpus, folder / "all", everything, codes, corpus.notes("validation"))
    system = _fit(last, part, Numbered(observer, f"{count + 1} of {count + 1}"))
    return TrainedStacked(system, new_info(last, part), held_out)


def _to_the_end(recipe: Stackable) -> Stackable:
    """Return a recipe that keeps its last epoch, whatever the validation split says."""
    if isinstance(recipe, LinearRecipe):
        return recipe
    last = recipe.training.model_copy(update={"selection_metric": "last", "patience": None})
    return recipe.model_copy(update={"training": last})


def _columns_of(labels: Sequence[IntArray], notes: BoolArray) -> IntArray:
    """Return the label columns that some training notes have, ascending."""
    return np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *compress(labels, notes)]))


def _codes_of(corpus: Corpus, labels: Sequence[IntArray], notes: BoolArray) -> list[Code]:
    """Return the codes that some training notes have, in label order."""
    return [corpus.codes[column] for column in _columns_of(labels, notes)]


def _require_codes(corpus: Corpus, labels: Sequence[IntArray], groups: IntArray, ranked: BoolArray) -> None:
    """Refuse training notes of which a group, or all others together, have no codes to learn or to judge."""
    for group in np.unique(groups):
        own = groups == group
        known = _columns_of(labels, ~own)
        if not any(np.isin(columns, known).any() for columns in compress(labels, own & ranked)):
            raise CorpusError(
                "has too few patients with codes in common to stack a lexicon, whose other system is trained "
                "without each fifth of the patients in turn",
                path=corpus.path,
                remedy="Set stacking=null, or prepare a corpus with more patients",
            )


def _require_warmup(recipe: Stackable, groups: IntArray) -> None:
    """Refuse a warm-up that is too long for the smallest training."""
    if isinstance(recipe, NeuralRecipe):
        try:
            recipe.training.warmup(len(groups) - int(np.bincount(groups).max()))
        except RecipeError as problem:
            raise RecipeError(problem.found, path="stacking", remedy=problem.remedy) from None


def _part(
    corpus: Corpus, folder: Path, learned: BoolArray, codes: Sequence[Code], judged: Iterable[Note]
) -> Corpus:
    """Return a corpus of some training notes, with other notes for validation; write it where needed.

    Parameters
    ----------
    learned
        Whether it has each training note [notes].
    codes
        The codes of these notes; the notes for validation lose all others.
    judged
        The notes for validation.

    """
    path = folder / "corpus"
    if not path.exists():
        folder.mkdir(exist_ok=True)
        own_titles = {label.code: label.title for label in corpus.labels if label.title is not None}
        kept = frozenset(codes)
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
            writer.write_tables("train", _rows(corpus, learned))
            writer.write("validation", (_with_codes(note, kept) for note in judged))
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


def _with_codes(note: Note, codes: frozenset[Code]) -> Note:
    """Return a note with only those of its codes that are among some."""
    return replace(
        note,
        codes=tuple(code for code in note.codes if code in codes),
        evidence=tuple(one for one in note.evidence if one.code in codes),
    )


def _fit(recipe: Stackable, part: Corpus, observer: Observer) -> System:
    """Train in the folder of a part."""
    if isinstance(recipe, LinearRecipe):
        return train_linear(recipe, part, observer)
    return fit_neural(recipe, part, part.path.parent, observer)


def _score_held_out(system: System, part: Corpus, codes: list[Code], path: Path) -> None:
    """Score the notes for validation of a part, and write their probabilities for some codes."""
    values = np.full((part.size("validation"), len(codes)), np.nan, dtype=np.float32)
    places = places_of(part.codes, codes)
    for row, scores in enumerate(system.score(part.texts("validation"))):
        values[row, places] = scores.probabilities
    with new_file(path) as temporary, temporary.open("wb") as file:
        np.save(file, values)
