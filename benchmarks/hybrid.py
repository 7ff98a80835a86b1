"""A lexicon beside a neural system: the mean of their scores, and the scores as a feature of the trees.

    python benchmarks/hybrid.py CORPUS FOLDER [SETTING …]

The neural system (recipe `clem-small`, with the given settings) is trained on all training notes, and once
for each of five folds, so that every training note has a score by a model that did not learn from it. The
weight of the mean and all thresholds are chosen on these scores; the validation split is only scored. Models
are kept in FOLDER, and found there by a later run. Gold codes that were not proposed count as missed.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from lexicon_ingredients import average_precision, best_threshold

from clem_icd.corpus import Corpus, Note, corpus_writer
from clem_icd.icd import default_codebook
from clem_icd.modeling import load_model
from clem_icd.modeling.lexicon.fitting import TrainingNote, describe_training
from clem_icd.modeling.lexicon.proposals import propose
from clem_icd.modeling.lexicon.ranking import fit_ranker, out_of_fold
from clem_icd.modeling.lexicon.read_note import read_note
from clem_icd.modeling.lexicon.titles import TitleIndex, names_of
from clem_icd.training import read_recipe, train

GROUPS = 5
WEIGHTS = np.linspace(0, 1, 21)


class Neural:
    """Scores of a neural system for the codes of a code space."""

    def __init__(self, folder: Path, settings: Sequence[str], codes: Sequence[Any]) -> None:
        self.folder = folder
        self.recipe = read_recipe(
            "clem-small", ["training.selection_metric=last", "training.patience=null", *settings]
        )
        self.place = {code: position for position, code in enumerate(codes)}

    def scores(self, corpus: Corpus, name: str, texts: Iterable[str]) -> Any:
        """Train on a corpus, unless that was done before, and score notes [notes, codes]."""
        run = self.folder / name
        train(self.recipe, corpus, run, resume=run.exists())
        system, info = load_model(run / "model")
        rows = np.stack([one.probabilities for one in system.score(texts)])
        kept = [label for label, code in enumerate(info.labels) if code in self.place]
        found = np.zeros((len(rows), len(self.place)), dtype=np.float32)
        found[:, [self.place[info.labels[label]] for label in kept]] = rows[:, kept]
        return found

    def fold(self, corpus: Corpus, notes: Sequence[Note], held_out: Any, number: int) -> Any:
        """Train without some of the notes, and score these."""
        path = self.folder / f"fold-{number}-corpus"
        if not path.exists():
            about = {"name": path.name, "source": "benchmark", "options": {}, "inputs": []}
            with corpus_writer(path, codebook=default_codebook(), synthetic=True, **about) as writer:
                writer.write("train", [note for note, out in zip(notes, held_out, strict=True) if not out])
                writer.write("validation", corpus.notes("validation"))
        texts = [note.text for note, out in zip(notes, held_out, strict=True) if out]
        return self.scores(Corpus.open(path), f"fold-{number}", texts)


def dense(found: Sequence[tuple[Any, Any]], codes: int) -> Any:
    """Return scores of proposals as an array [notes, codes]."""
    scores = np.zeros((len(found), codes), dtype=np.float32)
    for row, (places, values) in enumerate(found):
        scores[row, places] = values
    return scores


def split_up(values: Any, counts: Sequence[int]) -> list[Any]:
    """Return the values of each note."""
    return np.split(values, np.cumsum(counts)[:-1])


def f1_of(scores: Any, gold: Any, threshold: float, missed: int) -> float:
    """Return micro-F1 in percent; codes outside the code space are missed."""
    decided = scores >= threshold
    return float(200 * (decided & gold).sum() / (decided.sum() + gold.sum() + missed))


def chosen(scores: Any, gold: Any) -> float:
    """Return the threshold with the highest micro-F1."""
    return best_threshold(scores.ravel(), gold.ravel(), int(gold.sum()))


def main() -> None:
    """Print MAP and micro-F1 of the systems alone and together."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("settings", nargs="*")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    corpus = Corpus.open(arguments.corpus)
    train_notes, notes = list(corpus.notes("train")), list(corpus.notes("validation"))
    training = [TrainingNote(n.text, n.codes, n.evidence, n.subject_id) for n in train_notes]
    own = {code for note in training for code in note.codes}
    titles = TitleIndex.of(
        [name for system in sorted({code.system for code in own}) for name in names_of(system)], own
    )
    described = describe_training(training, titles, "en", seed=0, progress=lambda: None)
    if len(described.rows) < len(training):
        parser.error("the corpus has more training notes than the trees learn from")
    size, groups = len(titles.codes), described.folds % GROUPS

    neural = Neural(arguments.folder, arguments.settings, titles.codes)
    of_train = np.zeros((len(training), size), dtype=np.float32)
    for group in range(GROUPS):
        of_train[groups == group] = neural.fold(corpus, train_notes, groups == group, group)
        print(f"fold {group + 1} of {GROUPS} scored", flush=True)
    of_notes = neural.scores(corpus, "all", (note.text for note in notes))

    judged = []
    for note in notes:
        read = read_note(note.text, "en")
        ridge = described.ridge
        judged.append(propose(read, ridge.scores(read.words), ridge.learned, described.knowledge))
    place = {code: position for position, code in enumerate(titles.codes)}
    gold_train, gold = (
        dense([([place[code] for code in one.codes if code in place], 1) for one in some], size) > 0
        for some in (train_notes, notes)
    )
    outside = sum(code not in place for note in notes for code in note.codes)

    results = {"neural alone": (of_train, of_notes)}
    names = list(described.proposals[0].names)
    counts = [len(one.codes) for one in described.proposals]
    right = np.concatenate([gold_train[row, one.codes] for row, one in enumerate(described.proposals)])
    for title, extended in (("lexicon alone", False), ("neural as a feature", True)):
        features, of_judged = (
            [
                np.column_stack([one.features, scores[row, one.codes]]) if extended else one.features
                for row, one in enumerate(some)
            ]
            for some, scores in ((described.proposals, of_train), (judged, of_notes))
        )
        columns = [*names, "neural"] if extended else names
        joined = np.concatenate(features)
        held_out = out_of_fold(joined, right, np.repeat(groups, counts), columns, 0)
        ranker = fit_ranker(joined, right, columns, 0)
        probabilities = [ranker.probabilities(one) for one in of_judged]
        results[title] = (
            dense(
                list(zip([p.codes for p in described.proposals], split_up(held_out, counts), strict=True)),
                size,
            ),
            dense(list(zip([p.codes for p in judged], probabilities, strict=True)), size),
        )
    lexicon = results["lexicon alone"]
    gains = {}
    for weight in WEIGHTS:
        mixed = weight * of_train + (1 - weight) * lexicon[0]
        gains[weight] = f1_of(mixed, gold_train, chosen(mixed, gold_train), 0)
    best = max(gains, key=lambda one: gains[one])
    results[f"mean ({best:.2f} neural)"] = (
        best * of_train + (1 - best) * lexicon[0],
        best * of_notes + (1 - best) * lexicon[1],
    )
    for title, (train_scores, scores) in results.items():
        threshold = chosen(train_scores, gold_train)
        precisions = [
            average_precision(row, wanted, int(wanted.sum()) + sum(code not in place for code in note.codes))
            for row, wanted, note in zip(scores, gold, notes, strict=True)
            if note.codes
        ]
        f1 = f1_of(scores, gold, threshold, outside)
        print(f"{title:<44} MAP {100 * np.mean(precisions):5.1f}  F1 {f1:5.1f}  threshold {threshold:.3f}")


if __name__ == "__main__":
    main()
